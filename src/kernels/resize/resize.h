// Resizing 8-bit images exactly as Pillow 13 does (its Resample.c is the reference: antialiased, two passes, 22-bit
// fixed point, rounded to bytes between the passes), so that features agree with what Keras computes from the same
// photo. Every channel is on its own: no premultiplication by alpha, no gamma.
#pragma once

#include <cstdint>

#include "kernels/resize/interpolation.h"

namespace siskin {

// src: [src_h, src_w, channels] bytes   dst: [dst_h, dst_w, channels] bytes, overwritten. All sizes > 0; channels 1..4.
// Not parallel: photos are resized one per thread. Allocates the image between the passes, unlike the other kernels.
void Resize(const uint8_t* src, int src_w, int src_h, int channels, Interpolation interpolation, uint8_t* dst,
            int dst_w, int dst_h);

}  // namespace siskin
