"""The networks as every engine wants them, made once by keras_models.py and kept until weights or exporters change."""

import hashlib
import json
import pathlib
import subprocess
import sys

import environment
import machine


def weights_file(network, args):
    given = getattr(args, f"{network}_weights")
    return pathlib.Path(given) if given else environment.weights(network)


def exported(network, size, args):
    """The folder with model.{keras,onnx,xml,tflite}, inputs and model.json."""
    weights = weights_file(network, args)
    exporter = pathlib.Path(__file__).with_name("keras_models.py")
    key = hashlib.sha256(exporter.read_bytes() + weights.read_bytes() + repr(machine.versions()).encode()).hexdigest()
    folder = environment.WORK / f"{network}-{size}-{key[:12]}"
    if not folder.is_dir():
        print(f"exporting {network} at {size} px to every engine ...", file=sys.stderr)
        command = [sys.executable, exporter, network, str(size), weights, folder]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise environment.NotThere(f"the export of {network} failed: {done.stderr.strip()[-1000:]}")
        for engine, reason in about(folder)["failed"].items():
            print(f"no export for {engine}: {reason}", file=sys.stderr)
    return folder


def about(folder):
    return json.loads((folder / "model.json").read_text())
