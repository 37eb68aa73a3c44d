"""Running a program to its end and knowing what it cost."""

import dataclasses
import os
import subprocess
import tempfile
import time


@dataclasses.dataclass
class Cost:
    wall_s: float
    cpu_s: float    # of all threads and of the processes it started
    peak_mb: float  # the largest of them; never less than what the caller itself uses, some 15 MB
    exit_code: int
    stdout: str
    stderr: str


class Failed(Exception):
    """The program did not end well; the text holds the end of what it said."""


def run(command, ok=(0,), env=None):
    command = [str(part) for part in command]
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=env)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)

        def said(stream):
            stream.seek(0)
            return stream.read().decode(errors="replace")

        cost = Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode, said(stdout),
                    said(stderr))
    if cost.exit_code not in ok:
        end = (cost.stderr or cost.stdout).strip()[-2000:]
        raise Failed(f"`{' '.join(command)}` ended with {cost.exit_code}: {end}")
    return cost
