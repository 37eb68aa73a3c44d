// Makes scores honest: a temperature by which all logits are divided, so that of the photos scored 0.9 nine in ten are
// right. Decisions do not change, except where a threshold other than one half is used.
// Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks", ICML.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace siskin {

// The temperature with the smallest log loss on these photos, from 0.05 to 20. logits: [photos, outputs], one output
// for two classes; labels: [photos]. The truth is smoothed by Laplace's rule of succession (a share of classes /
// (photos + classes) is spread evenly, as in Platt 1999), or a classifier without errors on a few photos would be
// infinitely sure.
double FitTemperature(std::span<const float> logits, std::span<const int> labels);

// Photos whose answer had a score in one of equal ranges: how sure the model was, and how often it was right.
struct ReliabilityBin {
  double low = 0, high = 0;  // of the score; low <= score < high, the last one includes 1
  int64_t photos = 0, correct = 0;
  double mean_score = 0;  // 0 without photos
};

// The score of the answer (not of the truth) in `num_bins` equal ranges of 0 to 1. scores: [photos, classes];
// labels, decisions: [photos].
std::vector<ReliabilityBin> Reliability(std::span<const float> scores, std::span<const int> labels,
                                        std::span<const int> decisions, int num_bins);

// Mean over the photos of |share right - mean score| of their bin (expected calibration error). NaN without photos.
double CalibrationError(std::span<const ReliabilityBin> bins);

}  // namespace siskin
