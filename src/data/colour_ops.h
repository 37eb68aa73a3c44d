// Changes of brightness and colour, in place, on pixels as floats: rgb is [pixels][3] or [height][width][3] with values
// 0 .. 255, and stays within. The arithmetic is that of Keras' generator (ShiftChannels, Brightness) and of Pillow's
// ImageEnhance and ImageOps, without their rounding to bytes.
#pragma once

#include <span>

namespace siskin {

// Adds to all channels; clipped to the smallest and largest value that the picture had, as Keras does.
void ShiftChannels(std::span<float> rgb, float amount);

// Mixtures of the picture with black, with its mean grey, with its own greys, with a smoothed copy of itself (3 x 3,
// not at the edges). Factor 0: only that, 1: unchanged, above 1: beyond.
void Brightness(std::span<float> rgb, float factor);
void Contrast(std::span<float> rgb, float factor);
void Saturation(std::span<float> rgb, float factor);
void Sharpness(std::span<float> rgb, int height, int width, float factor);

// Every channel stretched to 0 .. 255.
void AutoContrast(std::span<float> rgb);
// Every channel so that all values are about equally frequent.
void Equalize(std::span<float> rgb);
// Values of at least `threshold` inverted.
void Solarize(std::span<float> rgb, float threshold);
// Only the highest `bits` of the eight are kept.
void Posterize(std::span<float> rgb, int bits);

}  // namespace siskin
