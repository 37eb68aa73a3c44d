"""An engine as a worker process that waits, stopped, until it is told to run. See worker.py for what is said."""

import ctypes
import json
import os
import select
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1  # linux/prctl.h


class EngineFailed(Exception):
    """The worker ended or answered nonsense; the text is the last thing it said."""


def die_with_parent():
    """A stopped worker must not stay behind when the driver is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Engine:
    """Between two commands the process is stopped (SIGSTOP): a spinning idle thread would slow down the others."""

    def __init__(self, name, command, log, start_seconds=300):
        self.name = name
        self._log = log
        with open(log, "wb") as errors:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                                             bufsize=0, preexec_fn=die_with_parent)
        self._unread = b""
        self.about = self._reply(start_seconds)
        self._stop()

    def run(self, seconds):
        """The times of single runs, about `seconds` together, in seconds."""
        return self.ask(f"run {seconds}", seconds * 5 + 120)["seconds"]

    def write_output(self, path):
        self.ask(f"output {path}", 120)

    def close(self):
        self._process.send_signal(signal.SIGCONT)
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _stop(self):
        self._process.send_signal(signal.SIGSTOP)

    def ask(self, command, seconds):
        """The answer to one command, waited for so long."""
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.stdin.write(command.encode() + b"\n")
        except BrokenPipeError:
            raise self._failure() from None
        reply = self._reply(seconds)
        self._stop()
        return reply

    def _reply(self, seconds):
        deadline = time.monotonic() + seconds
        while b"\n" not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                self._process.kill()
                raise self._failure(f"no answer in {seconds:.0f} s")
            data = os.read(self._process.stdout.fileno(), 1 << 16)
            if not data:
                raise self._failure()
            self._unread += data
        line, self._unread = self._unread.split(b"\n", 1)
        return json.loads(line)

    def _failure(self, reason=None):
        self._process.kill()
        self._process.wait()
        with open(self._log, "rb") as errors:
            said = errors.read().decode(errors="replace").strip().splitlines()
        return EngineFailed(reason or (said[-1] if said else f"ended with {self._process.returncode}"))
