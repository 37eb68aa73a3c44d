"""Where things are: the project, the programs that are measured, the store's weights, the photos.

SISKIN_BENCH_BUILD names a folder with ready programs; without it they are built (preset `bench`).
SISKIN_WEIGHTS is the store's folder, as for `siskin` itself.
"""

import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "bench-work"  # exported models, features, reports: may be deleted at any time


class NotThere(Exception):
    """Something the measurement needs is missing; the text says what to do."""


def build(*targets):
    """The folder with the programs, freshly built from this source."""
    if given := os.environ.get("SISKIN_BENCH_BUILD"):
        return pathlib.Path(given).resolve()
    for command in (["cmake", "--preset", "bench"], ["cmake", "--build", "--preset", "bench", "--target", *targets]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise NotThere(f"`{' '.join(command)}` failed in {ROOT}:\n{done.stdout}{done.stderr}")
    return ROOT / "build" / "bench"


def siskin():
    return build("siskin-cli", "siskin-import") / "siskin"


def engine_bench():
    return build("siskin-engine-bench") / "siskin-engine-bench"


def training_bench():
    return build("siskin-training-bench") / "siskin-training-bench"


def weights(network):
    """The store's file of the network's published weights, fetched if it is not there yet."""
    program = siskin()
    for command in (["weights", "path", network], ["weights", "pull", network], ["weights", "path", network]):
        done = subprocess.run([program, *command], capture_output=True, text=True)
        path = pathlib.Path(done.stdout.strip() or "/nonexistent")
        if done.returncode == 0 and command[1] == "path" and path.is_file():
            return path
    raise NotThere(f"no weights of {network}: `siskin weights pull {network}` said: {done.stderr.strip()}")


def photos(*splits, limit=None):
    """A folder split/class/photo of links into dogs-vs-cats: only these splits, at most `limit` photos a class."""
    source = pathlib.Path(os.environ.get("SISKIN_BENCH_PHOTOS", ROOT / ".." / "shared" / "data" / "dogs-vs-cats"))
    if not source.is_dir():
        raise NotThere(f"no photos at {source}: SISKIN_BENCH_PHOTOS names a folder with {'/, '.join(splits)}/")
    folder = WORK / f"photos-{'-'.join(splits)}-{limit or 'all'}"
    shutil.rmtree(folder, ignore_errors=True)
    for split in splits:
        for kind in sorted(p for p in (source / split).iterdir() if p.is_dir()):
            (folder / split / kind.name).mkdir(parents=True)
            for photo in sorted(kind.iterdir())[:limit]:
                (folder / split / kind.name / photo.name).symlink_to(photo.resolve())
    return folder


def one_photo():
    return next(photos("test", limit=1).rglob("*.jpg")).resolve()
