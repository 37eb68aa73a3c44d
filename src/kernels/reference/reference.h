// Every kernel once more in plain C++, one output element at a time, accumulating in double: the oracle of the tests
// and the documentation of what the fast versions compute. Never called outside tests and benchmarks' checks.
#pragma once

#include <vector>

#include "kernels/batchnorm/batchnorm.h"
#include "kernels/batchnorm/training.h"
#include "kernels/conv_params.h"
#include "kernels/epilogue.h"
#include "tensor/view.h"

namespace siskin::reference {

void MatMul(ConstView x, const float* b, const Epilogue& epilogue, View y);  // b: [K, Cout]
void Conv2D(const WindowParams& params, ConstView x, const float* filter, const Epilogue& epilogue, View y);
void DepthwiseConv2D(const WindowParams& params, ConstView x, const float* filter, bool relu_input,
                     const Epilogue& epilogue, View y);
void MaxPool(const WindowParams& params, ConstView x, View y);
void AveragePool(const WindowParams& params, ConstView x, View y);
void GlobalAveragePool(ConstView x, View y);
void GlobalMaxPool(ConstView x, View y);
void BatchNorm(const BatchNormWeights& weights, ConstView x, Activation activation, View y);
void Activate(ConstView x, Activation activation, View y);
void Add(ConstView a, ConstView b, Activation activation, View y);
void CopyChannels(ConstView x, View y, int offset);
void Softmax(const float* logits, int rows, int classes, float* probabilities);
void Sigmoid(const float* logits, int count, float* probabilities);

// Gradients: x_gradient.h beside each kernel, kernels/batchnorm/training.h.
void MatMulWeightGradient(ConstView x, ConstView dy, float* dw);  // dw: [Cin, Cout]
void Conv2DWeightGradient(const WindowParams& params, ConstView x, ConstView dy, float* dw);
void Conv2DInputGradient(const WindowParams& params, ConstView dy, const float* filter, View dx);
void DepthwiseFilterGradient(const WindowParams& params, ConstView x, bool relu_input, ConstView dy, float* dfilter);
void DepthwiseInputGradient(const WindowParams& params, ConstView dy, const float* filter, View dx);
void MaxPoolInputGradient(const WindowParams& params, ConstView x, ConstView dy, View dx);  // the first of the largest
void AveragePoolInputGradient(const WindowParams& params, ConstView dy, View dx);
void ActivationInputGradient(ConstView x, Activation activation, ConstView dy, ConstView base, View dx);
void ChannelSums(ConstView x, float* sums);
void ChannelMoments(ConstView x, float* mean, float* variance);
void NormalizationSums(const Normalization& norm, const NormStatistics& statistics, ConstView dy, ConstView x,
                       float* dbeta, float* dgamma);
void NormalizationInputGradient(const Normalization& norm, ConstView dy, ConstView x, const float* a, const float* b,
                                const float* c, View dx);
void ScaleShiftAdd(ConstView x, const float* scale, const float* shift, ConstView residual, View y);

}  // namespace siskin::reference
