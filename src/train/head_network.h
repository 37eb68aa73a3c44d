// The small network on top of the features as it is trained: dense layers, ReLU and dropout, forward and backward, on
// the matrix product of kernels/. Refuses to be a general network: see graph/ for that.
//
// Inside, everything is kept transposed, [units, photos]: then the matrix that a product packs is always the batch
// (some 60,000 numbers), never the weights, which change in every step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"
#include "graph/training_plan.h"
#include "model/model_card.h"
#include "tensor/tensor.h"

namespace siskin {

// One dense layer and where its parameters are in the flat array of all of them.
struct DenseLayer {
  int inputs = 0, units = 0;
  size_t kernel = 0;  // offset of [units, inputs]: Keras' kernel transposed
  size_t bias = 0;    // offset of [units]; follows the kernel
};

class HeadNetwork {
 public:
  // outputs: logits. Holds scratch for batches of up to max_batch photos.
  HeadNetwork(int inputs, const HeadSpec& spec, int outputs, int max_batch, ThreadPool& threads);

  const std::vector<DenseLayer>& layers() const { return layers_; }
  size_t num_parameters() const { return layers_.back().bias + static_cast<size_t>(layers_.back().units); }
  int outputs() const { return layers_.back().units; }
  int max_batch() const { return max_batch_; }

  // Kernels uniform in +-sqrt(6 / (inputs + units)) (Glorot, Bengio 2010; Keras' default), biases 0.
  std::vector<float> InitialParameters(uint64_t seed) const;

  // x: [n, inputs], n <= max_batch; returns logits [n, outputs], valid until the next call. `dropout` only in training.
  std::span<const float> Forward(std::span<const float> parameters, std::span<const float> x, int n,
                                 const DropoutKey* dropout);

  // After Forward with the same parameters and x: dlogits [n, outputs] to the gradient of all parameters, overwritten.
  void Backward(std::span<const float> parameters, std::span<const float> dlogits, std::span<float> gradient);

 private:
  void AddBiasAndActivate(size_t layer, std::span<const float> parameters, const DropoutKey* dropout);
  void DropUnits(size_t layer, const DropoutKey& key);

  std::vector<DenseLayer> layers_;
  float dropout_;
  int max_batch_;
  int n_ = 0;  // of the last Forward
  float kept_scale_ = 1;
  ThreadPool& threads_;
  std::span<const float> x_;                 // of the last Forward: [n, inputs]
  std::vector<std::vector<float>> outputs_;  // by layer, [units, n]: ReLU and dropout applied, the last one logits
  std::vector<float> transposed_;            // scratch: a layer's input or its kernel, turned round
  std::vector<float> logits_, dlogits_;      // [n, outputs] and [outputs, n]: turned round at the border
};

// from: [rows, columns]   to: [columns, rows], overwritten
void Transpose(std::span<const float> from, size_t rows, size_t columns, std::span<float> to);

}  // namespace siskin
