"""What a measurement must say about where and when it was made."""

import datetime
import importlib.metadata
import os
import pathlib
import subprocess

import environment

PEERS = ("tensorflow-cpu", "keras", "onnxruntime", "openvino", "ai-edge-litert")


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return os.uname().machine


def commit():
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=environment.ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def versions(distributions=PEERS):
    found = {}
    for name in distributions:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def describe():
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "processor": processor(), "processors": len(os.sched_getaffinity(0)), "siskin": commit()}


def headline(about):
    return f"{about['processor']}, {about['processors']} processors; {about['date']}; siskin {about['siskin']}"
