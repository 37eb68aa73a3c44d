#include "train/feature_source.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace siskin {
namespace {

// Channels a thread looks at in one go: rows are read in pieces of four cache lines.
constexpr size_t kChannelBlock = 64;

// A channel that hardly ever fires would be blown up to deviation 1, its noise with it: deviations count as at least
// this share of the mean one.
constexpr double kSmallestDeviation = 0.05;

template <typename Add>
std::vector<double> SumOverPhotos(const FeatureSet& set, ThreadPool& threads, const Add& add) {
  std::vector<double> sums(set.channels);
  threads.ParallelFor((set.channels + kChannelBlock - 1) / kChannelBlock, [&](size_t block, int) {
    const size_t begin = block * kChannelBlock, end = std::min(begin + kChannelBlock, set.channels);
    for (size_t photo = 0; photo < set.num_photos(); ++photo) {
      const std::span<const float> row = set.row(photo);
      for (size_t c = begin; c < end; ++c) sums[c] += add(c, row[c]);
    }
  });
  return sums;
}

}  // namespace

Standardization FitStandardization(const FeatureSet& train, bool standardize, ThreadPool& threads) {
  Standardization result{std::vector<float>(train.channels, 0.0f), std::vector<float>(train.channels, 1.0f)};
  if (!standardize) return result;
  const double photos = static_cast<double>(train.num_photos());
  std::vector<double> mean = SumOverPhotos(train, threads, [](size_t, float x) { return static_cast<double>(x); });
  for (double& m : mean) m /= photos;
  std::vector<double> deviation = SumOverPhotos(train, threads, [&](size_t c, float x) {
    const double d = static_cast<double>(x) - mean[c];
    return d * d;
  });
  for (double& d : deviation) d = std::sqrt(d / photos);
  const double typical = std::accumulate(deviation.begin(), deviation.end(), 0.0) / static_cast<double>(train.channels);
  for (size_t c = 0; c < train.channels; ++c) {
    const double floored = std::max(deviation[c], kSmallestDeviation * typical);
    result.mean[c] = static_cast<float>(mean[c]);
    result.scale[c] = floored > 0 ? static_cast<float>(1 / floored) : 1;  // 0: all photos look alike
  }
  return result;
}

void FoldStandardization(const Standardization& standardization, const std::string& layer, TensorMap* weights) {
  const std::span<float> kernel = weights->at(layer + "/kernel").values<float>();
  const std::span<float> bias = weights->at(layer + "/bias").values<float>();
  const size_t units = bias.size();
  std::vector<double> shift(units);
  for (size_t c = 0; c < standardization.mean.size(); ++c) {
    for (size_t unit = 0; unit < units; ++unit) {
      float& weight = kernel[c * units + unit];
      weight *= standardization.scale[c];
      shift[unit] += static_cast<double>(weight) * static_cast<double>(standardization.mean[c]);
    }
  }
  for (size_t unit = 0; unit < units; ++unit) bias[unit] -= static_cast<float>(shift[unit]);
}

FeatureSource::FeatureSource(const FeatureSet& train, const FeatureSet& validation, bool standardize,
                             ThreadPool& threads)
    : train_(train),
      validation_(validation),
      threads_(threads),
      standardization_(FitStandardization(train, standardize, threads)) {}

std::string FeatureSource::NameOf(uint32_t photo) const {
  return Printable(train_.paths[photo]);
}

void FeatureSource::StartEpoch(uint32_t /*epoch*/, std::span<const uint32_t> order, int batch_size) {
  order_.assign(order.begin(), order.end());
  next_ = 0;
  batch_size_ = static_cast<size_t>(batch_size);
  batch_.resize(std::min(batch_size_, order.size()) * train_.channels);
}

void FeatureSource::Standardize(std::span<const float> row, std::span<float> to) const {
  for (size_t c = 0; c < row.size(); ++c) to[c] = (row[c] - standardization_.mean[c]) * standardization_.scale[c];
}

BatchSource::Batch FeatureSource::Next() {
  const size_t n = std::min(batch_size_, order_.size() - next_), channels = train_.channels;
  const Batch batch{std::span(batch_).first(n * channels), std::span(order_).subspan(next_, n)};
  next_ += n;
  threads_.ParallelFor(n, [&](size_t i, int) {
    Standardize(train_.row(batch.photos[i]), batch.inputs.subspan(i * channels, channels));
  });
  return batch;
}

void FeatureSource::ReadValidation(size_t first, std::span<float> inputs) {
  const size_t channels = validation_.channels;
  threads_.ParallelFor(inputs.size() / channels, [&](size_t i, int) {
    Standardize(validation_.row(first + i), inputs.subspan(i * channels, channels));
  });
}

}  // namespace siskin
