// Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the impact of residual connections on learning", figures 15
// to 19, as Keras builds it: Inception modules whose concatenated branches go through a 1x1 convolution, are scaled
// down (section 3.3) and added to the module's input.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "networks/builders.h"
#include "networks/inception.h"

namespace siskin {
namespace {

// Builds module after module; `x` is the current activation.
class InceptionResNetV2 {
 public:
  explicit InceptionResNetV2(const NetworkOptions& options) { x_ = g_.Input(options.height, options.width, 3); }

  Graph Build(const NetworkOptions& options) {
    x_ = inception_.Stem(x_);
    Mixed5b();
    for (int i = 1; i <= 10; ++i) Block35(fmt::format("block35_{}", i));
    Mixed6a();
    for (int i = 1; i <= 20; ++i) Block17(fmt::format("block17_{}", i));
    Mixed7a();
    for (int i = 1; i <= 9; ++i) Block8(fmt::format("block8_{}", i), 0.2f, Activation::kRelu);
    Block8("block8_10", 1, Activation::kNone);
    x_ = inception_.Convolution("conv_7b", x_, {.filters = 1536}, /*named=*/true);
    AppendEnd(g_, x_, options);
    return std::move(g_);
  }

 private:
  // Inception-A: 35x35 (of 299).
  void Mixed5b() {
    const NodeId pool = inception_.AveragePool("mixed_5b_pool", x_);
    x_ = g_.Concat("mixed_5b", {Branch("mixed_5b_1x1", {{96, 1, 1}}),                             //
                                Branch("mixed_5b_5x5", {{48, 1, 1}, {64, 5, 5}}),                 //
                                Branch("mixed_5b_3x3dbl", {{64, 1, 1}, {96, 3, 3}, {96, 3, 3}}),  //
                                inception_.Branch("mixed_5b_pool_1x1", pool, {{64, 1, 1}})});
  }

  // Inception-ResNet-A, figure 16.
  void Block35(const std::string& block) {
    Residual(block,
             {Branch(block + "_1x1", {{32, 1, 1}}),              //
              Branch(block + "_3x3", {{32, 1, 1}, {32, 3, 3}}),  //
              Branch(block + "_3x3dbl", {{32, 1, 1}, {48, 3, 3}, {64, 3, 3}})},
             0.17f, Activation::kRelu);
  }

  // Reduction-A: to 17x17.
  void Mixed6a() {
    x_ = g_.Concat("mixed_6a", {Branch("mixed_6a_3x3", {{384, 3, 3, 2}}),                               //
                                Branch("mixed_6a_3x3dbl", {{256, 1, 1}, {256, 3, 3}, {384, 3, 3, 2}}),  //
                                inception_.MaxPool("mixed_6a_pool", x_)});
  }

  // Inception-ResNet-B, figure 17.
  void Block17(const std::string& block) {
    Residual(block,
             {Branch(block + "_1x1", {{192, 1, 1}}),  //
              Branch(block + "_7x7", {{128, 1, 1}, {160, 1, 7}, {192, 7, 1}})},
             0.1f, Activation::kRelu);
  }

  // Reduction-B, figure 18: to 8x8.
  void Mixed7a() {
    x_ = g_.Concat("mixed_7a", {Branch("mixed_7a_3x3_a", {{256, 1, 1}, {384, 3, 3, 2}}),                //
                                Branch("mixed_7a_3x3_b", {{256, 1, 1}, {288, 3, 3, 2}}),                //
                                Branch("mixed_7a_3x3dbl", {{256, 1, 1}, {288, 3, 3}, {320, 3, 3, 2}}),  //
                                inception_.MaxPool("mixed_7a_pool", x_)});
  }

  // Inception-ResNet-C, figure 19.
  void Block8(const std::string& block, float scale, Activation activation) {
    Residual(block,
             {Branch(block + "_1x1", {{192, 1, 1}}),  //
              Branch(block + "_3x3", {{192, 1, 1}, {224, 1, 3}, {256, 3, 1}})},
             scale, activation);
  }

  // The branches become as wide as x and are added to it, scaled.
  void Residual(const std::string& block, const std::vector<NodeId>& branches, float scale, Activation activation) {
    const NodeId mixed = g_.Concat(block + "_mixed", branches);
    const NodeId residual = g_.Conv2D(block + "_conv", mixed, {.filters = g_.shape(x_).c, .use_bias = true});
    x_ = g_.AddScaled(block + "_add", x_, residual, scale);
    g_.MarkUnnamed(x_);
    if (activation != Activation::kNone) x_ = g_.Activate(block + "_ac", x_, activation);
  }

  NodeId Branch(const std::string& name, const std::vector<InceptionBuilder::Step>& steps) {
    return inception_.Branch(name, x_, steps);
  }

  Graph g_;
  InceptionBuilder inception_{g_};
  NodeId x_;
};

}  // namespace

Graph BuildInceptionResNetV2(const NetworkOptions& options) {
  return InceptionResNetV2(options).Build(options);
}

}  // namespace siskin
