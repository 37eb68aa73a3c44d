"""Running a program to its end and knowing what it cost.

The kernel counts the memory of whoever starts a program as the program's own until it is loaded. So the one that starts
it here is this file as a program of its own, which uses 14 MB: `process.py RESULT COMMAND...`.
"""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time


@dataclasses.dataclass
class Cost:
    wall_s: float
    cpu_s: float    # of all threads and of the processes it started
    peak_mb: float  # the largest of them, in MB of 1,000,000 bytes; never below the 14 MB of the starter
    exit_code: int
    stdout: str = ""
    stderr: str = ""


class Failed(Exception):
    """The program did not end well; the text holds the end of what it said."""


def run(command, env=None):
    command = [str(part) for part in command]
    with tempfile.NamedTemporaryFile("r") as result:
        done = subprocess.run([sys.executable, "-S", "-E", __file__, result.name, *command], stdin=subprocess.DEVNULL,
                              capture_output=True, env=env)
        said = result.read()
    if not said:
        raise Failed(f"`{' '.join(command)}` could not be started: {done.stderr.decode(errors='replace').strip()}")
    cost = Cost(**json.loads(said), stdout=done.stdout.decode(errors="replace"),
                stderr=done.stderr.decode(errors="replace"))
    if cost.exit_code:
        end = (cost.stderr or cost.stdout).strip()[-2000:]
        raise Failed(f"`{' '.join(command)}` ended with {cost.exit_code}: {end}")
    return cost


def main():
    start = time.perf_counter()
    process = subprocess.Popen(sys.argv[2:])
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    cost = {"wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss * 1024 / 1e6,
            "exit_code": os.waitstatus_to_exitcode(status)}
    with open(sys.argv[1], "w") as result:
        json.dump(cost, result)


if __name__ == "__main__":
    main()
