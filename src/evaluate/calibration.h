// Makes scores honest: a temperature by which all logits are divided, so that of the photos scored 0.9 nine in ten are
// right. Decisions do not change, except where a threshold other than one half is used.
// Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks", ICML.
#pragma once

#include <span>

namespace siskin {

// The temperature with the smallest log loss on these photos, from 0.05 to 20. logits: [photos, outputs], one output
// for two classes; labels: [photos]. The truth is smoothed by Laplace's rule of succession (a share of classes /
// (photos + classes) is spread evenly, as in Platt 1999), or a classifier without errors on a few photos would be
// infinitely sure.
double FitTemperature(std::span<const float> logits, std::span<const int> labels);

}  // namespace siskin
