#include "graph/testing_training_step.h"

#include <limits>

#include "graph/testing_interpreter.h"
#include "kernels/testing_kernels.h"

namespace siskin::testing {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

size_t NumClasses(const Graph& graph) {
  return static_cast<size_t>(graph.layers().back().output.c);
}

}  // namespace

std::vector<double> Doubles(std::span<const float> values) {
  return {values.begin(), values.end()};
}

std::vector<float> Floats(std::span<const double> values) {
  return {values.begin(), values.end()};
}

Problem MakeProblem(const Graph& graph, bool batch_statistics, int n, uint64_t seed) {
  Problem problem;
  problem.graph = &graph;
  problem.batch_statistics = batch_statistics;
  problem.n = n;
  problem.seed = seed;
  const TensorMap weights = RandomWeights(graph, seed);
  const TrainingProgram program = LowerForTraining(graph);
  const auto gather = [&](const std::vector<TrainingParameter>& list, std::vector<float>* flat) {
    flat->assign(list.empty() ? 0 : list.back().offset + list.back().size, kNan);
    GatherParameters(list, weights, *flat);
  };
  gather(program.parameters, &problem.parameters);
  gather(program.statistics, &problem.statistics);
  problem.input = RandomInput(graph, n, seed);
  problem.dlogits = RandomFloats(static_cast<size_t>(n) * NumClasses(graph), seed);
  return problem;
}

Outcome Step(TrainingPlan& plan, const Problem& problem, const DropoutKey* dropout) {
  Outcome outcome;
  outcome.statistics = problem.statistics;
  outcome.gradient.assign(problem.parameters.size(), kNan);
  const auto logits = plan.Forward(problem.parameters, outcome.statistics, problem.input, problem.n, dropout);
  outcome.logits.assign(logits.begin(), logits.end());
  plan.Backward(problem.dlogits, outcome.gradient);
  return outcome;
}

TrainingPlan PlanOf(const Problem& problem, ThreadPool& threads, int max_batch, const Backend& backend) {
  return {*problem.graph,
          {.max_batch = max_batch > 0 ? max_batch : problem.n,
           .batch_statistics = problem.batch_statistics,
           .backend = &backend},
          threads};
}

}  // namespace siskin::testing
