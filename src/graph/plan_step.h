// A step of a network as data: which kernel, on what. Inference and training are both a list of these, run by one loop
// (graph/run_steps.h) on one backend (graph/backend.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/filter.h"
#include "graph/slot.h"
#include "kernels/conv_params.h"
#include "kernels/epilogue.h"

namespace siskin {

// In brackets the operands that a kind uses. `other` is added to the result where it exists; an epilogue is bias,
// `other` and activation.
enum class StepKind {
  kNothing,            // stands where memory is touched from outside: input, logits, gradient of the logits [x]
  kConv,               // convolution with epilogue [x, other, y]
  kMatMul,             // dense layer with epilogue [x, other, y]
  kDepthwise,          // depthwise convolution with epilogue [x, other, y]
  kSeparable,          // depthwise and pointwise convolution with epilogue [x, other, y]
  kScaleShift,         // y = activation(scale * x + shift), channel by channel [x, y]
  kScaleShiftAdd,      // y = scale * x + shift + other [x, other, y]
  kActivate,           // [x, y]
  kAdd,                // y = activation(x + other) [x, other, y]
  kCopy,               // [x, y]
  kCopyChannels,       // into the channels from first_channel on of y [x, y]
  kFlatten,            // a copy without gaps [x, y]
  kMaxPool,            // [x, y]
  kAveragePool,        // [x, y]
  kGlobalAveragePool,  // [x, y]
  kGlobalMaxPool,      // [x, y]
  kSoftmax,            // [x, y]
  kSigmoid,            // [x, y]
  // Training, forward.
  kMaxPoolWithTaps,  // [x, y, taps]
  kStatistics,       // scale and shift of a batch normalisation, into its state [x]
  kDropout,          // forward and backward [x, y]
  // Training, backward: dy is the gradient of what the forward step wrote, y of what it read.
  kZeroGradient,             // of parameters without influence
  kBiasGradient,             // [dy]
  kConvWeightGradient,       // [x, dy]
  kSeparableWeightGradient,  // of the pointwise part [x, dy]
  kConvInputGradient,        // [dy, other, y]; dy as kDilate has spread it
  kPointwiseInputGradient,   // of a 1x1 convolution's few pixels, whatever its stride [dy, y]
  kDilate,                   // spreads the pixels of dy by the stride [dy, other, y]
  kDepthwiseFilterGradient,  // [x, dy]
  kDepthwiseGradients,       // of filter and input; before relu_input, not after it [x, dy, y]
  kActivationGradient,       // [x, dy, other, y]
  kNormSums,                 // gradients of gamma and beta, and what kNormInputGradient needs [x, dy]
  kNormInputGradient,        // [x, dy, y]
  kMaxPoolGradient,          // [dy, taps, y]
  kAveragePoolGradient,      // [dy, y]
};

// A piece of the flat arrays of parameters and gradients, in floats.
struct FlatRange {
  size_t begin = 0, end = 0;
  size_t size() const { return end - begin; }
  bool empty() const { return begin == end; }
  bool operator==(const FlatRange&) const = default;
};

inline constexpr size_t kNoParameter = static_cast<size_t>(-1);

// Where a layer's tensors begin in the flat array of parameters; mean and variance in that of statistics.
struct ParameterOffsets {
  size_t kernel = kNoParameter, depthwise = kNoParameter, bias = kNoParameter;
  size_t gamma = kNoParameter, beta = kNoParameter, mean = kNoParameter, variance = kNoParameter;
};

// The weights of a step of inference, batch normalisation folded in. Filters are lent by the network's tensors.
struct StepWeights {
  Filter depthwise;                  // [KH, KW, Cin]: depthwise and separable convolutions
  Filter matrix;                     // [KH*KW*Cin, Cout]: convolutions, the pointwise part, dense layers
  int columns = 0;                   // Cout of the matrix
  std::vector<double> scale, shift;  // [C]: of a batch normalisation that stayed
  std::vector<float> bias;           // [Cout], or empty
  std::vector<float> between_bias;   // [Cin]: of a separable convolution's depthwise step, or empty
};

// Which fields mean something depends on the kind.
struct PlanStep {
  StepKind kind = StepKind::kNothing;
  int index = 0;          // in its list
  int when = 0;           // in what the lifetimes of buffers count
  std::string layer;      // that gives the step its weights
  const char* what = "";  // "weight gradient", for people
  Slot x, dy, other, y;
  Slot taps;  // of max pooling: which pixel of its window won
  WindowParams window;
  bool relu_input = false;                    // x passes through ReLU as it is loaded
  Activation between = Activation::kNone;     // of a separable convolution
  Activation activation = Activation::kNone;  // of the result
  int first_channel = 0;                      // kCopyChannels
  // Training. Inference has its weights bound to its steps instead (Backend::Bind).
  ParameterOffsets at;
  FlatRange reads;                  // of the parameters
  FlatRange finishes;               // of the gradient: written here, and final
  int norm = -1;                    // which NormState
  bool batch_statistics = false;    // batch normalisation by the batch, not by the moving averages
  float epsilon = 0, momentum = 0;  // of a batch normalisation
  float rate = 0;                   // of dropout
  uint64_t stream = 0;              // of dropout: tells its layers apart
};

}  // namespace siskin
