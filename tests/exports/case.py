"""What the drivers of this folder share: a case is a folder with pixels.bin (uint8 [photos, height, width, 3]), its
shape in case.json, and exported files. A driver prints one line of JSON a case: what each runtime answered."""
import json
import pathlib
import sys

import numpy as np


def pixels(folder):
    case = json.loads((folder / "case.json").read_text())
    raw = np.fromfile(folder / "pixels.bin", np.uint8)
    return raw.reshape(case["photos"], case["height"], case["width"], 3)


def main(run):
    """run(folder, pixels) -> {runtime: {"scores": [[...]], ...}}"""
    for name in sys.argv[1:]:
        folder = pathlib.Path(name)
        print(json.dumps({"case": name, **run(folder, pixels(folder))}), flush=True)
