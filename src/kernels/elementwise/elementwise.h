// Everything that touches each element once. y may be x (the same view) unless said otherwise.
#pragma once

#include <span>

#include "base/threads.h"
#include "kernels/epilogue.h"
#include "tensor/view.h"

namespace siskin {

// y = activation(x)
void Activate(ConstView x, Activation activation, View y, ThreadPool& threads);

// y = x
inline void CopyActivations(ConstView x, View y, ThreadPool& threads) {
  Activate(x, Activation::kNone, y, threads);
}

// y = activation(a + b)
void Add(ConstView a, ConstView b, Activation activation, View y, ThreadPool& threads);

// dx = dy where the activation let x through, else 0; plus `base`, if that has data. base: a view like dx, may be dx.
void ActivationInputGradient(ConstView x, Activation activation, ConstView dy, ConstView base, View dx,
                             ThreadPool& threads);

// y[..., offset : offset + x.c] = x: one part of a concatenation along the channels. y is another view, y.c >= offset +
// x.c.
void CopyChannels(ConstView x, View y, int offset, ThreadPool& threads);

// Rows of `classes` logits to probabilities, in place allowed: exp(x - max) / sum. [rows, classes]
void Softmax(std::span<const float> logits, int classes, std::span<float> probabilities);

// 1 / (1 + exp(-x)), without overflow for any finite x.
void Sigmoid(std::span<const float> logits, std::span<float> probabilities);

// y = bytes * scale + shift per channel, [pixels][channels] interleaved; channels <= 4.
void ScaleBytes(std::span<const unsigned char> bytes, int channels, const float* scale, const float* shift,
                std::span<float> y);

}  // namespace siskin
