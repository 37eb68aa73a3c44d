// Executes a graph as training sees it, layer by layer, in plain double precision: what a training plan's logits must
// agree with and, by central differences, its gradients. Slow; knows no gradients, no fusion and no dropout (which lets
// everything through).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace siskin::testing {

class TrainingInterpreter {
 public:
  // The graph must outlive the interpreter.
  TrainingInterpreter(const Graph& graph, bool batch_statistics);

  // Names in the order of the flat arrays: gradients are taken by those, moving averages are these.
  const std::vector<std::string>& parameter_names() const { return parameter_names_; }
  const std::vector<std::string>& statistic_names() const { return statistic_names_; }

  // input: [n, h, w, c] dense. Returns the logits [n, classes]; statistics move if the batch's are used.
  std::vector<double> Forward(std::span<const double> parameters, std::span<double> statistics,
                              std::span<const float> input, int n);

  // Of the last Forward. A function with ReLU and maxima is smooth between kinks: a difference is a derivative if both
  // of its ends lie on the same side of all of them, which is the case if the patterns are equal.
  uint64_t pattern() const { return pattern_; }
  // How far the nearest value is from a kink (0 of a ReLU, 6, the second largest value of a window), exact ties left
  // out: those are values that were clipped, which nobody moves.
  double margin() const { return margin_; }

 private:
  using Values = std::vector<double>;  // [n, h, w, c] dense

  void Compute(const Layer& layer, Values* y);
  void Convolve(const Layer& layer, const Values& x, const char* role, bool depthwise, const FeatureShape& in,
                const FeatureShape& out, const WindowParams& window, Values* y) const;
  void AddBias(const Layer& layer, Values* y) const;
  void Separable(const Layer& layer, const Values& x, Values* y) const;
  void BatchNorm(const Layer& layer, const Values& x, Values* y);
  void Activate(const Layer& layer, const Values& x, Values* y);
  void Pool(const Layer& layer, const WindowParams& window, bool largest, const Values& x, Values* y);
  void Concat(const Layer& layer, Values* y) const;
  void ZeroPad(const Layer& layer, const Values& x, Values* y) const;

  const Values& InputOf(const Layer& layer, size_t i = 0) const;
  FeatureShape ShapeOf(const Layer& layer) const { return graph_.shape(layer.inputs[0]); }
  const double* Parameter(const Layer& layer, const char* role) const;
  void Note(uint64_t side);         // which side of a kink
  void NoteDistance(double value);  // from a kink

  const Graph& graph_;
  bool batch_statistics_;
  std::vector<std::string> parameter_names_, statistic_names_;
  std::map<std::string, size_t> offset_of_;  // in the array of its kind
  int n_ = 0;
  std::span<const double> parameters_;
  std::span<double> statistics_;
  std::vector<Values> values_;  // by layer
  uint64_t pattern_ = 0;
  double margin_ = 0;
};

}  // namespace siskin::testing
