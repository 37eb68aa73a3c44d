// Mixing pairs of photos of a batch, and their classes with them. mixup: Zhang et al. 2018, "mixup: Beyond empirical
// risk minimization"; cutmix: Yun et al. 2019, "CutMix".
#pragma once

#include <cstdint>
#include <span>

namespace siskin {

// Photo i of the batch is mixed with photo n - 1 - i. Both return the share of a photo that is left of itself.
//
// pixels: [n, height, width, 3], changed. The share is drawn from Beta(alpha, alpha), a function of (seed, epoch,
// step).
double Mixup(double alpha, uint64_t seed, uint32_t epoch, uint32_t step, std::span<float> pixels, int n);
// The same with a rectangle of the other photo; the share is that of the pixels that stay.
double Cutmix(double alpha, uint64_t seed, uint32_t epoch, uint32_t step, std::span<float> pixels, int n, int height,
              int width);

}  // namespace siskin
