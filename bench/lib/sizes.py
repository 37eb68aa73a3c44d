"""What things take on the disk, in MB of 1,000,000 bytes."""

import importlib.metadata
import pathlib
import subprocess
import tempfile


def installed_mb(distributions):
    """Of the distributions and everything they require, in the environment that runs this."""
    from packaging.requirements import Requirement  # only where the competitors are installed

    seen, waiting = set(), list(distributions)
    total = 0
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # asked for only on other systems
        total += sum(path.stat().st_size for path in map(pathlib.Path, map(found.locate_file, found.files or []))
                     if path.is_file())
        for line in found.requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return total / 1e6


def stripped_mb(program):
    with tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["strip", "-o", copy.name, program], check=True)
        return pathlib.Path(copy.name).stat().st_size / 1e6
