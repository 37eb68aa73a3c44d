#include "graph/dropout.h"

#include "base/random.h"
#include "kernels/elementwise/elementwise.h"

namespace siskin {

// Streams go into the upper bits of the seed, which people leave at 0.
void DropUnits(float rate, uint64_t stream, const DropoutKey* key, ConstView x, View y, ThreadPool& threads) {
  if (key == nullptr || rate <= 0) return CopyActivations(x, y, threads);
  const uint64_t seed = key->seed ^ (stream << 48);
  const float kept = 1 / (1 - rate);
  threads.ParallelFor(static_cast<size_t>(x.n), [&](size_t image, int) {
    Random random(seed, RandomPurpose::kDropout, key->epoch, key->photos[image]);
    const int pixels = x.h * x.w;
    for (int pixel = 0; pixel < pixels; ++pixel) {
      const float* from = x.pixel(static_cast<int>(image), 0, pixel);
      float* to = y.pixel(static_cast<int>(image), 0, pixel);
      for (int c = 0; c < x.c; ++c) to[c] = random.Uniform() < rate ? 0 : from[c] * kept;
    }
  });
}

}  // namespace siskin
