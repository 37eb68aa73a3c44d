// A compiled model with its only session.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "graph/compiled_model.h"
#include "graph/session.h"

namespace siskin {

class Plan {
 public:
  using Step = CompiledModel::Step;

  // See CompiledModel and Session.
  Plan(const Graph& graph, const TensorMap& weights, const PlanOptions& options, ThreadPool& threads,
       const Backend& backend = CpuBackend())
      : model_(std::make_shared<CompiledModel>(graph, weights, backend)), session_(model_, options, threads) {}
  Plan(const Graph& graph, TensorMap&& weights, const PlanOptions& options, ThreadPool& threads,
       const Backend& backend = CpuBackend())
      : model_(std::make_shared<CompiledModel>(graph, std::move(weights), backend)),
        session_(model_, options, threads) {}

  FeatureShape input_shape() const { return model_->input_shape(); }
  FeatureShape output_shape() const { return model_->output_shape(); }
  int max_batch() const { return session_.max_batch(); }
  void Run(std::span<const float> input, int n, std::span<float> output) { session_.Run(input, n, output); }
  void ReplaceWeights(const TensorMap& weights) { model_->ReplaceWeights(weights); }

  size_t arena_bytes() const { return session_.arena_bytes(); }
  size_t weights_bytes() const { return model_->weights_bytes(); }
  const std::vector<Step>& steps() const { return model_->steps(); }
  std::span<const double> step_seconds() const { return session_.step_seconds(); }

 private:
  std::shared_ptr<CompiledModel> model_;
  Session session_;
};

}  // namespace siskin
