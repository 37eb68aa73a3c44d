// Whole training steps of a network with the article's head (forward, backward, SGD with momentum), for some seconds:
// one line of JSON with speed and memory. With --worker it is told what to do on standard input and answers as
// lib/worker.py does. No photos: the batch is noise, which costs what photos cost.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "base/threads.h"
#include "bench/program.h"
#include "graph/training_plan.h"
#include "kernels/peak_bench.h"
#include "model/model_card.h"
#include "networks/catalogue.h"
#include "siskin/error.h"
#include "train/loss.h"
#include "train/optimizer.h"

namespace siskin {
namespace {

struct Options {
  std::string network = "xception";
  int size = 150, batch = 32, threads = 2;
  double seconds = 10;
  bool frozen_bn = false, steps = false, worker = false;
};

// Of noise nothing can be learned: the steps are small.
const OptimizerRecipe kOptimizer = {.kind = Optimizer::kSgd, .lr = 1e-4, .momentum = 0.1, .nesterov = true};

class Training {
 public:
  Training(const Options& options, ThreadPool& threads) : threads_(threads), batch_(options.batch) {
    ModelCard card;
    card.network = WithDefaults({.network = options.network, .height = options.size, .width = options.size});
    card.class_names = {"a", "b"};
    const Graph graph = BuildModelGraph(card);
    multiply_adds_ = graph.num_multiply_adds();
    plan_ = std::make_unique<TrainingPlan>(
        graph, TrainingPlanOptions{.max_batch = batch_, .batch_statistics = !options.frozen_bn}, threads);
    Initialize();
    ranges_ = {{0, parameters_.size(), false}};
    gradient_.resize(parameters_.size());
    velocity_.resize(parameters_.size());
    const FeatureShape& in = graph.layers()[0].output;
    input_.resize(static_cast<size_t>(batch_ * in.h * in.w * in.c));
    Random random(1, RandomPurpose::kTest);
    for (float& value : input_) value = random.Uniform(-1, 1);
    for (int i = 0; i < batch_; ++i) {
      labels_.push_back(i % 2);
      photos_.push_back(static_cast<uint32_t>(i));
    }
  }

  void Step() {
    const DropoutKey dropout{1, 1, photos_};
    const auto logits = plan_->Forward(parameters_, statistics_, input_, batch_, &dropout);
    std::vector<float> dlogits(logits.size());
    loss_ = CrossEntropy(logits, {labels_}, {}, batch_, dlogits).mean_loss();
    plan_->Backward(dlogits, gradient_);
    OptimizerStep(kOptimizer, kOptimizer.lr, ++steps_, ranges_, {parameters_, gradient_, velocity_, {}}, threads_);
  }

  std::vector<double> TimedSteps(double seconds) {
    fastest_.assign(plan_->steps().size(), 1e9);
    return TimedRuns(
        seconds, [&] { Step(); },
        [&] {
          for (size_t i = 0; i < fastest_.size(); ++i) fastest_[i] = std::min(fastest_[i], plan_->steps()[i].seconds);
        });
  }

  void PrintSteps() const {
    std::map<std::string, double> by_kind;
    for (size_t i = 0; i < fastest_.size(); ++i) {
      const TrainingPlan::Step& step = plan_->steps()[i];
      if (step.what.empty()) continue;
      fmt::print(stderr, "{:<32}{:<24}{:>10.3f} ms\n", step.layer, step.what, fastest_[i] * 1e3);
      by_kind[step.what] += fastest_[i];
    }
    for (const auto& [what, seconds] : by_kind) fmt::print(stderr, "{:<56}{:>10.3f} ms\n", what, seconds * 1e3);
  }

  Json About() const {
    return {{"multiply_adds", multiply_adds_},
            {"arena_mb", static_cast<double>(plan_->arena_bytes()) / (1 << 20)},
            {"scratch_mb", static_cast<double>(plan_->scratch_bytes()) / (1 << 20)}};
  }
  int batch() const { return batch_; }
  double loss() const { return loss_; }
  int64_t multiply_adds() const { return multiply_adds_; }

 private:
  // Glorot's uniform distribution for kernels, batch normalisation that does nothing.
  void Initialize() {
    parameters_.resize(plan_->num_parameters());
    statistics_.resize(plan_->num_statistics());
    for (const TrainingParameter& p : plan_->parameters()) {
      const auto values = std::span(parameters_).subspan(p.offset, p.size);
      if (p.name.ends_with("gamma")) std::ranges::fill(values, 1.0f);
      if (!p.decays) continue;
      const auto& dims = p.shape.dims();
      const auto in = static_cast<float>(dims[dims.size() - 2]), out = static_cast<float>(dims.back());
      const float limit = std::sqrt(6 / (static_cast<float>(p.size) / (in * out) * (in + out)));
      Random random(1, RandomPurpose::kInitialize, static_cast<uint32_t>(p.offset));
      for (float& value : values) value = random.Uniform(-limit, limit);
    }
    for (const TrainingParameter& p : plan_->statistics()) {
      const auto values = std::span(statistics_).subspan(p.offset, p.size);
      if (p.name.ends_with("variance")) std::ranges::fill(values, 1.0f);
    }
  }

  ThreadPool& threads_;
  int batch_;
  int64_t multiply_adds_ = 0;
  double loss_ = 0;
  int64_t steps_ = 0;
  std::unique_ptr<TrainingPlan> plan_;
  std::vector<ParameterRange> ranges_;
  std::vector<float> parameters_, statistics_, gradient_, velocity_, input_;
  std::vector<int> labels_;
  std::vector<uint32_t> photos_;
  std::vector<double> fastest_;
};

void Measure(const Options& options, ThreadPool& threads) {
  Training training(options, threads);
  double peak = MeasurePeakGflops(threads);
  std::vector<double> seconds = training.TimedSteps(options.seconds);
  for (int i = 0; i < 5; ++i) peak = std::max(peak, MeasurePeakGflops(threads));
  std::ranges::sort(seconds);
  const double median = seconds[seconds.size() / 2], batch = training.batch();
  // Forward, gradient of the input and gradient of the weights: three products where inference has one.
  const double gflops = 6e-9 * static_cast<double>(training.multiply_adds()) * batch / median;
  Json json = training.About();
  json.update({{"network", options.network},
               {"size", options.size},
               {"batch", options.batch},
               {"threads", options.threads},
               {"steps", seconds.size()},
               {"ms_per_image", {{"best", 1e3 * seconds[0] / batch}, {"median", 1e3 * median / batch}}},
               {"gflops", gflops},
               {"percent_of_peak", 100 * gflops / peak},
               {"peak_rss_mb", PeakRssMb()},
               {"loss", training.loss()}});
  Print(json);
  if (options.steps) training.PrintSteps();
}

// Answers `run SECONDS` and `memory -`, as lib/worker.py does.
void Serve(const Options& options, ThreadPool& threads) {
  Training training(options, threads);
  Json ready = training.About();
  ready["ready"] = "siskin";
  Print(ready);
  std::string command, argument;
  while (std::cin >> command && std::getline(std::cin >> std::ws, argument)) {
    if (command == "run") {
      Print({{"seconds", training.TimedSteps(std::stod(argument))}, {"peak_rss_mb", PeakRssMb()}});
    } else {
      throw Error(ErrorKind::kUsage, "unknown command: " + command);
    }
  }
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a network of Siskin on noise and measures it");
  app.add_option("network", options.network, "Name in the catalogue");
  app.add_option("--size", options.size, "Pixels of a side");
  app.add_option("--batch", options.batch)->check(CLI::Range(1, 1024));
  app.add_option("--threads", options.threads)->check(CLI::Range(1, 1024));
  app.add_option("--seconds", options.seconds, "How long to run");
  app.add_flag("--frozen-bn", options.frozen_bn, "Batch normalisation by its moving averages");
  app.add_flag("--steps", options.steps, "Prints the fastest time of every step");
  app.add_flag("--worker", options.worker, "Takes commands on standard input");
  return RunProgram(app, "siskin-training-bench", argc, argv, [&] {
    ThreadPool threads(options.threads);
    options.worker ? Serve(options, threads) : Measure(options, threads);
  });
}

}  // namespace
}  // namespace siskin

int main(int argc, char** argv) {
  return siskin::Main(argc, argv);
}
