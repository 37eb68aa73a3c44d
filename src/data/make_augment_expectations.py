#!/usr/bin/env python3
"""Writes augment_expectations.h: what Keras' generator and Pillow make of a small picture that comes from a formula.

    python3 make_augment_expectations.py > augment_expectations.h
    (needs Keras-Preprocessing 1.1.2 with scipy < 2, Pillow and numpy; the tests need none of them)
"""
import keras_preprocessing.image as keras
import numpy as np
import PIL
import scipy
from keras_preprocessing.image import affine_transformations
from PIL import Image, ImageEnhance, ImageOps

HEIGHT, WIDTH = 5, 7
FILLS = {"kNearest": "nearest", "kConstant": "constant", "kReflect": "reflect", "kWrap": "wrap"}
# rotation, row shift, column shift (pixels), shear (degrees), row zoom, column zoom
WARPS = [
    (30, 0, 0, 0, 1, 1), (-75, 0, 0, 0, 1, 1), (0, 1.25, 0, 0, 1, 1), (0, 0, -2.5, 0, 1, 1), (0, -9.5, 20.25, 0, 1, 1),
    (0, 0, 0, 20, 1, 1), (0, 0, 0, -40, 1, 1), (0, 0, 0, 0, 0.7, 1), (0, 0, 0, 0, 1.3, 1.6),
    (15, 0.75, -1.5, 25, 0.85, 1.2), (-140, 3.1, 2.2, -10, 1.9, 0.6),
]
FLIPS = [(False, False), (True, False), (False, True), (True, True)]


def picture(height, width):
    """Byte i is the top byte of splitmix64's output for the state i (see FormulaUniform in base/testing.h)."""
    z = np.arange(height * width * 3, dtype=np.uint64) + np.uint64(2 * 0x9E3779B97F4A7C15 % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(56)).astype(np.uint8).reshape(height, width, 3)


def numbers(values, form):
    lines, line = [], ""
    for value in values.reshape(-1):
        text = (form % value) + ", "
        if len(line) + len(text) > 100:
            lines.append(line.rstrip())
            line = ""
        line += text
    return "\n      ".join(lines + [line.rstrip(", ")])


def about_the_centre(matrix, height, width):
    """As Keras 3 has it; Keras-Preprocessing 1.1.2 adds the half instead and turns about a point beside the centre."""
    row, column = height / 2 - 0.5, width / 2 - 0.5
    to_centre = np.array([[1, 0, row], [0, 1, column], [0, 0, 1]])
    from_centre = np.array([[1, 0, -row], [0, 1, -column], [0, 0, 1]])
    return to_centre @ matrix @ from_centre


def warps():
    affine_transformations.transform_matrix_offset_center = about_the_centre
    x = picture(HEIGHT, WIDTH).astype(np.float32)
    for index, (theta, tx, ty, shear, zx, zy) in enumerate(WARPS):
        for fill_index, (name, mode) in enumerate(FILLS.items()):
            y = keras.apply_affine_transform(x, theta, tx, ty, shear, zx, zy, 0, 1, 2, mode, 0.0, order=1)
            horizontal, vertical = FLIPS[(index + fill_index) % 4]  # in the order of ImageDataGenerator.apply_transform
            y = keras.image_data_generator.flip_axis(y, 1) if horizontal else y
            y = keras.image_data_generator.flip_axis(y, 0) if vertical else y
            print("    {%s, %s, %s, %s, %s, %s, %s, %s, FillMode::%s,\n     {%s}}," %
                  (theta, tx, ty, shear, zx, zy, str(horizontal).lower(), str(vertical).lower(), name,
                   numbers(y, "%.6g")))


def colours():
    height, width = 16, 24  # enough pixels for a step of equalize
    x = picture(height, width)
    x = (x // 2 + np.linspace(20, 90, width).astype(np.uint8)[None, :, None])  # not the full range
    image = Image.fromarray(x)
    as_float = x.astype(np.float32)
    cases = [("kShiftChannels", s, keras.apply_channel_shift(as_float, s, 2)) for s in (-60.5, 33.25)]
    # apply_brightness_shift of 1.1.2 stretches the contrast by the way, which was mended later: Pillow's part of it only.
    for name, enhance in (("kBrightness", ImageEnhance.Brightness), ("kContrast", ImageEnhance.Contrast),
                          ("kSaturation", ImageEnhance.Color), ("kSharpness", ImageEnhance.Sharpness)):
        cases += [(name, f, np.asarray(enhance(image).enhance(f))) for f in (0.3, 1.8)]
    cases += [("kAutoContrast", 0, np.asarray(ImageOps.autocontrast(image))),
              ("kEqualize", 0, np.asarray(ImageOps.equalize(image)))]
    cases += [("kSolarize", t, np.asarray(ImageOps.solarize(image, t))) for t in (0, 100)]
    cases += [("kPosterize", b, np.asarray(ImageOps.posterize(image, b))) for b in (4, 7)]
    for name, amount, result in cases:  # every 23rd value shows each channel in many places
        values = np.asarray(result, np.float32).reshape(-1)[::23]
        print("    {ColourOp::%s, %s,\n     {%s}}," % (name, amount, numbers(values, "%g")))
    return len(values)


def main():
    print("// Written by make_augment_expectations.py with Keras-Preprocessing 1.1.2, scipy %s and Pillow %s;\n"
          "// do not edit.\n// clang-format off" % (scipy.__version__, PIL.__version__))
    print("#pragma once\n\n#include \"data/augment.h\"\n\nnamespace siskin {\n")
    print("// On a picture of 5 x 7 pixels.\nstruct WarpExpectation {\n  double rotation, row_shift, column_shift, shear, "
          "row_zoom, column_zoom;\n  bool horizontal_flip, vertical_flip;\n  FillMode fill;\n  float rgb[105];\n};\n")
    print("inline constexpr WarpExpectation kWarpExpectations[] = {")
    warps()
    print("};\n\n// On a picture of 16 x 24 pixels; every 23rd value of the result.\nstruct ColourExpectation {\n"
          "  ColourOp op;\n  float amount;\n  float values[51];\n};\n")
    print("inline constexpr ColourExpectation kColourExpectations[] = {")
    assert colours() == 51
    print("};\n\n}  // namespace siskin")


if __name__ == "__main__":
    main()
