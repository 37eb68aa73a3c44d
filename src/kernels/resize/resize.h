// Resizing 8-bit images exactly as Pillow 13 does (its Resample.c is the reference: antialiased, two passes, 22-bit
// fixed point, rounded to bytes between the passes), so that features agree with what Keras computes from the same
// photo. Every channel is on its own: no premultiplication by alpha, no gamma.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/resize/interpolation.h"

namespace siskin {

// Rows of bytes, [height][width][channels]; each begins row_bytes after the one before it, at least width * channels.
template <typename Byte>
struct ByteRows {
  Byte* data = nullptr;
  int width = 0, height = 0;
  size_t row_bytes = 0;
};

// All of src becomes all of dst, overwritten; what is between the rows of either is not touched. All sizes > 0;
// channels 1..4. Not parallel: photos are resized one per thread. Allocates the image between the passes, unlike the
// other kernels.
void Resize(const ByteRows<const uint8_t>& src, int channels, Interpolation interpolation,
            const ByteRows<uint8_t>& dst);

}  // namespace siskin
