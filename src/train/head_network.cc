#include "train/head_network.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/random.h"
#include "kernels/gemm/gemm.h"

namespace siskin {
namespace {

// c [m, n] = a [m, k] * b [k, n], all dense
void Product(std::span<const float> a, std::span<const float> b, size_t m, size_t k, size_t n, std::span<float> c,
             ThreadPool& threads) {
  const int rows = static_cast<int>(m), depth = static_cast<int>(k), columns = static_cast<int>(n);
  const PackedMatrix packed(b.data(), depth, columns);
  MatMul(DenseView(a.data(), 1, 1, rows, depth), packed, Epilogue(), DenseView(c.data(), 1, 1, rows, columns), threads);
}

size_t KernelSize(const DenseLayer& layer) {
  return static_cast<size_t>(layer.units) * static_cast<size_t>(layer.inputs);
}

}  // namespace

void Transpose(std::span<const float> from, size_t rows, size_t columns, std::span<float> to) {
  constexpr size_t kTile = 16;  // one cache line of floats each way
  for (size_t row = 0; row < rows; row += kTile) {
    for (size_t column = 0; column < columns; column += kTile) {
      for (size_t i = row; i < std::min(row + kTile, rows); ++i) {
        for (size_t j = column; j < std::min(column + kTile, columns); ++j) to[j * rows + i] = from[i * columns + j];
      }
    }
  }
}

HeadNetwork::HeadNetwork(int inputs, const HeadSpec& spec, int outputs, int max_batch, ThreadPool& threads)
    : dropout_(spec.dropout), max_batch_(max_batch), threads_(threads) {
  std::vector<int> units = spec.hidden;
  units.push_back(outputs);
  size_t offset = 0, scratch = 0;
  for (const int count : units) {
    DenseLayer layer{.inputs = inputs, .units = count, .kernel = offset, .bias = 0};
    layer.bias = offset + KernelSize(layer);
    offset = layer.bias + static_cast<size_t>(count);
    layers_.push_back(layer);
    outputs_.emplace_back(static_cast<size_t>(count) * static_cast<size_t>(max_batch));
    scratch = std::max(scratch, static_cast<size_t>(inputs) * static_cast<size_t>(max_batch));
    if (layers_.size() > 1) scratch = std::max(scratch, KernelSize(layer));  // transposed on the way back
    inputs = count;
  }
  transposed_.resize(scratch);
  logits_.resize(outputs_.back().size());
  dlogits_.resize(outputs_.back().size());
}

std::vector<float> HeadNetwork::InitialParameters(uint64_t seed) const {
  std::vector<float> parameters(num_parameters());
  for (size_t i = 0; i < layers_.size(); ++i) {
    const DenseLayer& layer = layers_[i];
    Random random(seed, RandomPurpose::kInitialize, static_cast<uint32_t>(i));
    const float limit = std::sqrt(6.0f / static_cast<float>(layer.inputs + layer.units));
    std::generate_n(parameters.begin() + static_cast<std::ptrdiff_t>(layer.kernel), KernelSize(layer),
                    [&] { return random.Uniform(-limit, limit); });
  }
  return parameters;
}

std::span<const float> HeadNetwork::Forward(std::span<const float> parameters, std::span<const float> x, int n,
                                            const DropoutKey* dropout) {
  const size_t photos = static_cast<size_t>(n);
  x_ = x;
  n_ = n;
  kept_scale_ = dropout != nullptr ? 1 / (1 - dropout_) : 1;
  Transpose(x, photos, static_cast<size_t>(layers_[0].inputs), transposed_);
  std::span<const float> input = transposed_;  // [inputs, n]
  for (size_t i = 0; i < layers_.size(); ++i) {
    const DenseLayer& layer = layers_[i];
    Product(parameters.subspan(layer.kernel), input, static_cast<size_t>(layer.units),
            static_cast<size_t>(layer.inputs), photos, outputs_[i], threads_);
    AddBiasAndActivate(i, parameters, dropout);
    input = outputs_[i];
  }
  const std::span<float> logits = std::span(logits_).first(static_cast<size_t>(outputs()) * photos);
  Transpose(outputs_.back(), static_cast<size_t>(outputs()), photos, logits);
  return logits;
}

void HeadNetwork::AddBiasAndActivate(size_t layer, std::span<const float> parameters, const DropoutKey* dropout) {
  const bool hidden = layer + 1 < layers_.size();
  const size_t photos = static_cast<size_t>(n_);
  for (size_t unit = 0; unit < static_cast<size_t>(layers_[layer].units); ++unit) {
    const float bias = parameters[layers_[layer].bias + unit];
    for (float& value : std::span(outputs_[layer]).subspan(unit * photos, photos)) {
      value = hidden ? std::max(value + bias, 0.0f) : value + bias;
    }
  }
  if (hidden && dropout != nullptr && dropout_ > 0) DropUnits(layer, *dropout);
}

void HeadNetwork::DropUnits(size_t layer, const DropoutKey& key) {
  const size_t photos = static_cast<size_t>(n_), units = static_cast<size_t>(layers_[layer].units);
  // One stream per photo and epoch; the layer is told apart by the upper bits of the seed, which people leave at 0.
  const uint64_t seed = key.seed ^ (static_cast<uint64_t>(layer) << 56);
  std::vector<float>& values = outputs_[layer];
  threads_.ParallelFor(photos, [&](size_t photo, int) {
    Random random(seed, RandomPurpose::kDropout, key.epoch, key.photos[photo]);
    for (size_t unit = 0; unit < units; ++unit) {
      float& value = values[unit * photos + photo];
      value = random.Uniform() < dropout_ ? 0 : value * kept_scale_;
    }
  });
}

void HeadNetwork::Backward(std::span<const float> parameters, std::span<const float> dlogits,
                           std::span<float> gradient) {
  const size_t photos = static_cast<size_t>(n_);
  Transpose(dlogits, photos, static_cast<size_t>(outputs()), dlogits_);
  std::span<const float> dz = std::span(dlogits_).first(dlogits.size());  // [units, n]
  std::vector<float> owned;                                               // what dz points to below the last layer
  for (size_t i = layers_.size(); i-- > 0;) {
    const DenseLayer& layer = layers_[i];
    const size_t units = static_cast<size_t>(layer.units), inputs = static_cast<size_t>(layer.inputs);
    for (size_t unit = 0; unit < units; ++unit) {
      float sum = 0;
      for (const float d : dz.subspan(unit * photos, photos)) sum += d;
      gradient[layer.bias + unit] = sum;
    }
    std::span<const float> input = x_;  // [n, inputs]
    if (i > 0) {
      Transpose(outputs_[i - 1], inputs, photos, transposed_);
      input = transposed_;
    }
    Product(dz, input, units, photos, inputs, gradient.subspan(layer.kernel, units * inputs), threads_);
    if (i == 0) return;

    Transpose(parameters.subspan(layer.kernel), units, inputs, transposed_);  // to [inputs, units]
    std::vector<float> dx(inputs * photos);
    Product(transposed_, dz, inputs, units, photos, dx, threads_);
    // Through dropout and ReLU: an output is positive exactly if its unit was kept and active.
    for (size_t j = 0; j < dx.size(); ++j) dx[j] = outputs_[i - 1][j] > 0 ? dx[j] * kept_scale_ : 0;
    owned = std::move(dx);
    dz = owned;
  }
}

}  // namespace siskin
