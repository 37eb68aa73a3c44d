// One step of a training plan with random numbers: what goes in, what comes out.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "graph/training_plan.h"

namespace siskin::testing {

struct Problem {
  const Graph* graph = nullptr;
  bool batch_statistics = false;
  int n = 0;
  uint64_t seed = 0;
  std::vector<float> parameters, statistics, input;
  std::vector<float> dlogits;  // the loss is the sum of these times the logits
};

std::vector<double> Doubles(std::span<const float> values);
std::vector<float> Floats(std::span<const double> values);

// Random numbers for everything; the graph must outlive the problem.
Problem MakeProblem(const Graph& graph, bool batch_statistics, int n, uint64_t seed);

struct Outcome {
  std::vector<float> logits, gradient, statistics;
  bool operator==(const Outcome&) const = default;
};

// Forward and backward.
Outcome Step(TrainingPlan& plan, const Problem& problem, const DropoutKey* dropout = nullptr);

// max_batch 0: the problem's own.
TrainingPlan PlanOf(const Problem& problem, ThreadPool& threads, int max_batch = 0,
                    const Backend& backend = CpuBackend());

}  // namespace siskin::testing
