"""Runs what `siskin export` printed:  run_usage.py pixels|scores CASE...
A case is a folder with usage.txt, which asks the model in this folder about "photo.jpg", and the names of photos, one a
line, in photos.txt. Prints a line of JSON a case, with an answer for each photo. `scores`: those of the runtime.
`pixels`: what the runtime would get, as hexadecimal digits; a stand-in for the runtime takes it, none is needed."""
import contextlib
import json
import pathlib
import sys
import types

import numpy


class Session:
    def __init__(self, file):
        pass

    def run(self, outputs, inputs):
        Session.seen = inputs["image"]
        return None, None


def run(usage, photo):
    assert usage.count('"photo.jpg"') == 1, usage
    names = {}
    with contextlib.redirect_stdout(sys.stderr):  # Keras shows its progress
        exec(compile(usage.replace('"photo.jpg"', repr(photo)), "usage.txt", "exec"), names)
    return names


what, *folders = sys.argv[1:]
if what == "pixels":
    sys.modules["onnxruntime"] = types.SimpleNamespace(InferenceSession=Session)
for folder in map(pathlib.Path, folders):
    usage = (folder / "usage.txt").read_text()
    answers = []
    for photo in (folder / "photos.txt").read_text().splitlines():
        names = run(usage, photo)
        if what == "pixels":
            assert Session.seen.dtype == numpy.uint8
            answers.append(Session.seen.tobytes().hex())
        else:
            answers.append(numpy.asarray(names["scores"]).reshape(-1).tolist())
    print(json.dumps({"answers": answers}), flush=True)
