// The same batch normalisation for inference, written with other parameters: what is needed where another program's
// layer has a different epsilon, or a gamma that our network's has not. Ioffe and Szegedy 2015, arXiv:1502.03167:
// y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, per channel.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace siskin {

// Multiplies gamma so that it gives with `ours` what it gave with `theirs`.
void ChangeEpsilon(double theirs, double ours, const Tensor& variance, Tensor* gamma);

// Moves the gamma into the convolution in front, which has no bias: its kernel [..., channels] and the mean of what it
// gives are multiplied. Sizes must agree.
void FoldGamma(const Tensor& gamma, Tensor* kernel, Tensor* mean);

}  // namespace siskin
