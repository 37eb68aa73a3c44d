// What the Inception networks are made of: convolutions with batch normalisation and ReLU, side by side in modules
// whose branches are concatenated. Keras names the modules and none of the layers in their branches.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace siskin {

class InceptionBuilder {
 public:
  // One convolution of a branch: kernel_h x kernel_w, stride 2 without padding ("valid"), else "same".
  struct Step {
    int filters, kernel_h, kernel_w, stride = 1;
  };

  explicit InceptionBuilder(Graph& graph) : g_(graph) {}

  // Convolution without bias, batch normalisation without gamma, ReLU: `name`, `name`_bn, `name`_relu.
  NodeId Convolution(const std::string& name, NodeId x, const Graph::Conv& conv, bool named = false) const;

  // Steps one after the other: `name`_1, `name`_2 ..., or just `name` if there is only one.
  NodeId Branch(const std::string& name, NodeId x, const std::vector<Step>& steps) const;

  // 3x3 pools: of stride 1 that keeps the size, of stride 2 that halves it.
  NodeId AveragePool(const std::string& name, NodeId x) const;
  NodeId MaxPool(const std::string& name, NodeId x) const;

  // The layers both networks begin with: 3x3 convolutions and pools down to an eighth of the size, 192 channels.
  NodeId Stem(NodeId x) const;

 private:
  NodeId Unnamed(NodeId x) const {
    g_.MarkUnnamed(x);
    return x;
  }

  Graph& g_;
};

}  // namespace siskin
