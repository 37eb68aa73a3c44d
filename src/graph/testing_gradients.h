// Gradients of a training plan against central differences of the interpreter in double precision.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "graph/testing_training_interpreter.h"
#include "graph/testing_training_step.h"

namespace siskin::testing {

// An element may be wrong by this part of its tensor's largest gradient ...
inline constexpr double kOfTensor = 3e-3;
// ... and by this part of the largest of all: what fp32 leaves of sums that cancel, such as the gradient of a bias in
// front of a batch normalisation, which is 0.
inline constexpr double kOfAll = 2e-6;
// Along a direction such sums come together: so much may be left of what vanishes exactly.
inline constexpr double kOfZero = 1e-5;

::testing::AssertionResult CloseGradients(const std::vector<TrainingParameter>& parameters, std::span<const float> got,
                                          std::span<const double> expected);

// A gradient that is wrong by 1 % in any one tensor must be refused. Tensors without influence are left out, of which
// there are few: those that vanish exactly.
void ExpectOnePercentIsRefused(const std::vector<TrainingParameter>& parameters, std::span<const float> gradient,
                               std::span<const double> expected);

// Central differences of the loss.
class Differences {
 public:
  explicit Differences(const Problem& problem)
      : problem_(problem),
        interpreter_(*problem.graph, problem.batch_statistics),
        parameters_(Doubles(problem.parameters)) {
    Loss();
    margin_ = interpreter_.margin();
    pattern_ = interpreter_.pattern();
  }

  // Of the parameters as they are: distance of the nearest kink, logits, moved statistics.
  double margin() const { return margin_; }
  const std::vector<double>& logits() const { return logits_; }
  const std::vector<double>& statistics() const { return statistics_; }
  const TrainingInterpreter& interpreter() const { return interpreter_; }

  // With respect to one parameter.
  double Element(size_t index) {
    const double at = parameters_[index];
    const double slope = Along([&](double step) { parameters_[index] = at + step; });
    parameters_[index] = at;
    return slope;
  }

  // Along a direction in one tensor.
  double Along(const TrainingParameter& parameter, std::span<const double> direction) {
    const std::vector<double> before = parameters_;
    const double slope = Along([&](double step) {
      for (size_t i = 0; i < parameter.size; ++i) {
        parameters_[parameter.offset + i] = before[parameter.offset + i] + step * direction[i];
      }
    });
    parameters_ = before;
    return slope;
  }

 private:
  double Loss() {
    statistics_ = Doubles(problem_.statistics);
    logits_ = interpreter_.Forward(parameters_, statistics_, problem_.input, problem_.n);
    double loss = 0;
    for (size_t i = 0; i < logits_.size(); ++i) loss += logits_[i] * problem_.dlogits[i];
    return loss;
  }

  // The step is made smaller until there is no kink between its ends.
  template <class Move>
  double Along(const Move& move) {
    for (double h = 1e-5; h > 1e-9; h /= 8) {
      move(h);
      const double above = Loss();
      const bool smooth = interpreter_.pattern() == pattern_;
      move(-h);
      const double below = Loss();
      if (smooth && interpreter_.pattern() == pattern_) return (above - below) / (2 * h);
    }
    return std::numeric_limits<double>::quiet_NaN();  // nothing is close to it
  }

  const Problem& problem_;
  TrainingInterpreter interpreter_;
  std::vector<double> parameters_, statistics_, logits_;
  double margin_ = 0;
  uint64_t pattern_ = 0;
};

// The first random numbers from this seed on that keep their distance from kinks.
Problem SmoothProblem(const Graph& graph, bool batch_statistics, int n, uint64_t seed);

// Logits and moved statistics.
void ExpectForward(const Problem& problem, const Differences& differences, const Outcome& outcome);

}  // namespace siskin::testing
