// One layer of a network: its kind, shape and window, no weights. graph/graph.h puts them together; what is known of a
// kind is its row in graph/layer_rows.cc.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kernels/conv_params.h"
#include "kernels/epilogue.h"

namespace siskin {

enum class LayerKind {
  kInput,
  kZeroPad,
  kConv2D,
  kDepthwiseConv2D,
  kSeparableConv2D,
  kBatchNorm,
  kActivation,
  kMaxPool,
  kAveragePool,
  kGlobalAveragePool,
  kGlobalMaxPool,
  kAdd,
  kConcat,
  kDense,
  kDropout,
  kSoftmax,
  kSigmoid,
  kFlatten,  // the last one
};
inline constexpr size_t kNumLayerKinds = static_cast<size_t>(LayerKind::kFlatten) + 1;

// Height, width, channels of one image's activation; 1x1xC after global pooling and for dense layers.
struct FeatureShape {
  int h = 0, w = 0, c = 0;
  bool operator==(const FeatureShape&) const = default;
};

// A handle to a layer's output while building.
struct NodeId {
  int index = -1;
};

struct Layer {
  LayerKind kind = LayerKind::kInput;
  std::string name;
  bool named_by_keras = true;
  std::vector<NodeId> inputs;
  FeatureShape output;
  WindowParams window;                        // convolutions, pools and zero padding; padding resolved
  bool use_bias = false;                      // convolutions
  bool scale = true;                          // batch norm: has gamma
  float epsilon = 1e-3f;                      // batch norm
  float momentum = 0.99f;                     // batch norm, for training
  Activation activation = Activation::kNone;  // kActivation
  float rate = 0;                             // dropout
  float residual_scale = 1;                   // kAdd: factor of the second input
};

}  // namespace siskin
