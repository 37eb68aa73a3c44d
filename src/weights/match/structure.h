// What a network computes, step by step, without names: the form in which our network and a file of another program can
// be compared. A step is a convolution with all that scales and shifts its channels (batch normalisation, bias), a pool
// with the zeros around its image, and so on. Knows no file format and no weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace siskin {

struct Step {
  LayerKind kind = LayerKind::kInput;
  Activation activation = Activation::kNone;  // kActivation
  std::vector<int> inputs;                    // earlier steps
  int64_t in = 0, out = 0;                    // channels, of convolutions and matrices
  // Of convolutions and pools: kernel, stride, and padding that is zeros (convolutions), minus infinity (maximum) or
  // not counted (average); around it zeros that a layer of its own adds.
  WindowParams window;
  Padding zeros;
  bool same = false;       // window.padding is TensorFlow's "same", for whatever image comes
  FeatureShape image;      // what reaches the window, without padding; 0x0: not known
  bool scaled_on = false;  // another step is this one, scaled or shifted: the result is that one's
};

// "3x3 convolution, stride 2, 3 to 32 channels".
std::string Describe(const Step& step);

// Adds an input to a concatenation; of an input that is one itself, what it consists of: both are one.
void AddPart(const std::vector<Step>& steps, int input, Step* concatenation);

// Where the weights of one of our steps belong.
struct StepLayers {
  const Layer* layer = nullptr;  // convolution or matrix; null: a step without weights
  const char* kernel = "";       // the role of its tensor: "pointwise_kernel"
  bool bias = false;             // has one of its own
  const Layer* norm = nullptr;   // batch normalisation after it; null: none
  float factor = 1;              // multiplies the result afterwards
};

struct NetworkSteps {
  std::vector<Step> steps;
  std::vector<StepLayers> layers;  // by step; borrowed from the graph

  // "block1_conv1 (3x3 convolution, stride 2, 3 to 32 channels)", "the ReLU after block1_conv1 (...)": for messages.
  std::string NameOf(int step) const;
};
// kInternal for a graph that normalises or scales what is no convolution.
NetworkSteps StepsOf(const Graph& graph);

// Which steps of a file compute what ours compute; paddings are not compared.
struct StepMatch {
  std::vector<int> theirs;  // by our step; -1: a pooling or softmax at the end, which the file may lack
  int missing = -1;         // our first step that the file has nowhere; theirs is empty
  int ambiguous = -1;       // our step that the file has in two places; theirs is empty
};
StepMatch MatchSteps(const std::vector<Step>& ours, const std::vector<Step>& theirs);

// Whether matched steps pad alike, above and below the image (rows) or left and right (columns). Zeros before a
// maximum over numbers that are not negative count as nothing.
bool PadAlike(const std::vector<Step>& ours, const std::vector<Step>& theirs, size_t our_step, size_t their_step,
              bool rows);

}  // namespace siskin
