// A network as a graph of layers with shapes: what a network file builds and a plan compiles. Knows nothing of
// particular networks, holds no weights.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/layer.h"
#include "graph/layout.h"

namespace siskin {

enum class PaddingMode { kValid, kSame };

class Graph {
 public:
  struct Conv {
    int filters = 0;  // ignored by depthwise convolutions
    int kernel = 1, stride = 1;
    PaddingMode padding = PaddingMode::kSame;
    bool use_bias = false;
    int kernel_w = 0;  // 0: the same as kernel
  };
  struct Pool {
    int size = 2, stride = 2;
    PaddingMode padding = PaddingMode::kValid;
  };

  struct Norm {
    float momentum = 0.99f, epsilon = 1e-3f;
    bool scale = true;  // has gamma
  };

  // Each adds a layer and returns its output. kUsage if a window does not fit its input (the message names the layer
  // and the size), kInternal for a misuse by the network file (duplicate name, shapes that cannot be added).
  NodeId Input(int h, int w, int c);
  NodeId ZeroPad(std::string name, NodeId x, const Padding& padding);
  NodeId Conv2D(std::string name, NodeId x, const Conv& conv);
  NodeId DepthwiseConv2D(std::string name, NodeId x, const Conv& conv);
  NodeId SeparableConv2D(std::string name, NodeId x, const Conv& conv);
  NodeId BatchNorm(std::string name, NodeId x, const Norm& norm);
  NodeId BatchNorm(std::string name, NodeId x) { return BatchNorm(std::move(name), x, Norm()); }
  NodeId Activate(std::string name, NodeId x, Activation activation);
  NodeId MaxPool(std::string name, NodeId x, const Pool& pool);
  NodeId AveragePool(std::string name, NodeId x, const Pool& pool);
  NodeId GlobalAveragePool(std::string name, NodeId x);
  NodeId GlobalMaxPool(std::string name, NodeId x);
  NodeId Add(std::string name, NodeId a, NodeId b) { return AddScaled(std::move(name), a, b, 1); }
  NodeId AddScaled(std::string name, NodeId x, NodeId residual, float scale);  // x + scale * residual
  NodeId Concat(std::string name, const std::vector<NodeId>& parts);
  NodeId Dense(std::string name, NodeId x, int units);  // with bias; x is 1x1xC
  NodeId Dropout(std::string name, NodeId x, float rate);
  NodeId Softmax(std::string name, NodeId x);
  NodeId Sigmoid(std::string name, NodeId x);
  NodeId Flatten(std::string name, NodeId x);  // [h, w, c] -> [1, 1, h*w*c]
  // The layer has no name of its own in Keras.
  void MarkUnnamed(NodeId x);

  const std::vector<Layer>& layers() const { return layers_; }  // in the order they were added: topological
  const Layer& layer(NodeId x) const { return layers_[static_cast<size_t>(x.index)]; }
  FeatureShape shape(NodeId x) const { return layer(x).output; }
  NodeId output() const { return {static_cast<int>(layers_.size()) - 1}; }  // the last layer added

  // The graph cut before a layer: the part before it, and the rest with an input of its own. kInternal if there is
  // no such layer, or if the rest reads more of the first part than its last layer's output.
  std::pair<Graph, Graph> SplitBefore(std::string_view layer) const;

  NetworkLayout Layout() const;       // layers with parameters, in Keras' order (graph/keras_order.h)
  int64_t num_parameters() const;     // Keras' count, moving statistics included
  int64_t num_multiply_adds() const;  // of one image: convolutions and dense layers
  int depth() const;                  // convolutions and dense layers on the longest way from the input: 50 of ResNet50

 private:
  NodeId Append(LayerKind kind, std::string name, std::vector<NodeId> inputs, FeatureShape output);
  NodeId AppendConv(LayerKind kind, std::string name, NodeId x, const Conv& conv, int filters);
  NodeId AppendPool(LayerKind kind, std::string name, NodeId x, const Pool& pool);
  FeatureShape InputShape(const std::string& name, NodeId x) const;
  Layer& last();

  std::vector<Layer> layers_;
};

// Builds a network for images of the size asked for, or of so many rows and columns more: what of a graph depends on
// the size of the image shows only in another one.
using GraphBuilder = std::function<Graph(int more)>;

}  // namespace siskin
