#!/usr/bin/env python3
"""Writes pillow_expectations.h: what Pillow makes of images that come from a formula, as digests.

    python3 make_pillow_expectations.py > pillow_expectations.h     (needs Pillow >= 13 and numpy; tests need neither)

Pillow before 13 always resized horizontally first and gives other digests where the height shrinks most.
"""
import hashlib

import numpy as np
import PIL
from PIL import Image

FILTERS = {"kNearest": Image.NEAREST, "kBilinear": Image.BILINEAR, "kArea": Image.BOX}
MODES = {1: "L", 3: "RGB", 4: "CMYK"}  # four channels that Pillow does not premultiply
# source width, height, result width, height
SIZES = [
    (200, 200, 299, 299), (500, 375, 299, 299), (375, 500, 299, 299), (500, 375, 150, 150), (224, 224, 224, 224),
    (313, 209, 224, 224), (99, 149, 71, 71), (1, 1, 5, 3), (2, 3, 1, 1), (3, 5, 17, 11), (17, 11, 3, 5),
    (1, 64, 9, 9), (64, 1, 9, 9), (640, 6, 31, 30), (6, 640, 30, 31), (100, 90, 99, 100), (33, 47, 66, 94),
    (66, 94, 33, 47), (257, 255, 256, 256), (15, 16, 16, 15),
    (70, 111, 60, 91),  # twice as many rows go as columns: still horizontally first
    (70, 112, 60, 91),  # one more: vertically first
    (50, 40, 200, 39), (181, 72, 172, 51), (40, 300, 80, 20),
]


def image(width, height, channels):
    """Byte i is the top byte of splitmix64's output for the state i (see FormulaUniform in base/testing.h)."""
    z = np.arange(width * height * channels, dtype=np.uint64) + np.uint64(2 * 0x9E3779B97F4A7C15 % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(56)).astype(np.uint8).tobytes()


def main():
    print("// Written by make_pillow_expectations.py with Pillow %s; do not edit." % PIL.__version__)
    print("#pragma once\n\n#include \"kernels/resize/resize.h\"\n\nnamespace siskin {\n")
    print("struct PillowExpectation {\n  Interpolation interpolation;\n  int channels, src_w, src_h, dst_w, dst_h;")
    print("  const char* sha256;  // of the result's bytes\n};\n")
    print("inline constexpr PillowExpectation kPillowExpectations[] = {")
    for name, resample in FILTERS.items():
        for channels, mode in MODES.items():
            for src_w, src_h, dst_w, dst_h in SIZES:
                source = Image.frombytes(mode, (src_w, src_h), image(src_w, src_h, channels))
                digest = hashlib.sha256(source.resize((dst_w, dst_h), resample).tobytes()).hexdigest()
                print("    {Interpolation::%s, %d, %d, %d, %d, %d,\n     \"%s\"}," %
                      (name, channels, src_w, src_h, dst_w, dst_h, digest))
    print("};\n\n}  // namespace siskin")


if __name__ == "__main__":
    main()
