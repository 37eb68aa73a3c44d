// A network with real weights, run for some seconds: one line of JSON with its speed, memory and the sum of its
// outputs. With --worker it is told what to do on standard input and answers as lib/worker.py does for the other
// engines. It measures the engine alone: no photos, no files beyond weights, input and output.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/median.h"
#include "base/npy.h"
#include "base/random.h"
#include "base/threads.h"
#include "bench/program.h"
#include "graph/plan.h"
#include "kernels/isa.h"
#include "kernels/peak_bench.h"
#include "networks/catalogue.h"
#include "siskin/error.h"
#include "train/initial_weights.h"
#include "weights/file/safetensors.h"
#include "weights/import.h"
#include "weights/store/store.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string network;
  int size = 0, batch = 1, threads = 2;
  fs::path weights, input, output;
  double seconds = 3;
  bool worker = false, steps = false;
};

// The best of several measurements, for about `seconds`: shared machines change from second to second.
double PeakGflops(double seconds, ThreadPool& threads) {
  double best = 0;
  const auto start = std::chrono::steady_clock::now();
  do {
    best = std::max(best, MeasurePeakGflops(threads));
  } while (SecondsSince(start) < seconds);
  return best;
}

// A network, its input and its output. Xception without its top gives features, MobileNet with it gives logits: what
// the published weights hold.
class Workload {
 public:
  Workload(const Options& options, ThreadPool& threads) : batch_(options.batch) {
    const NetworkCard& card = FindNetwork(options.network);
    // Networks without published weights here run with random ones: as fast.
    WeightsCard weights_card;
    weights_card.with_top = true;
    if (!card.weights.empty()) weights_card = card.weights[0];
    const Graph graph = BuildNetwork(WithDefaults({.network = card.name,
                                                   .height = options.size,
                                                   .width = options.size,
                                                   .top = weights_card.with_top,
                                                   .softmax = false,
                                                   .classes = weights_card.classes}));
    multiply_adds_ = graph.num_multiply_adds();
    plan_ = std::make_unique<Plan>(graph, ReadWeights(options.weights, weights_card, graph.Layout()),
                                   PlanOptions{.max_batch = batch_}, threads);
    const FeatureShape in = plan_->input_shape();
    const FeatureShape out = plan_->output_shape();
    input_ = ReadInput(options.input, static_cast<size_t>(batch_) * static_cast<size_t>(in.h * in.w * in.c));
    output_.resize(static_cast<size_t>(batch_) * static_cast<size_t>(out.h * out.w * out.c));
    size_ = in.h;
    fastest_steps_.assign(plan_->steps().size(), std::numeric_limits<double>::infinity());
    Run();
  }

  void Run() { plan_->Run(input_, batch_, output_); }

  std::vector<double> TimedRuns(double seconds) {
    return siskin::TimedRuns(
        seconds, [&] { Run(); },
        [&] {
          const std::span<const double> steps = plan_->step_seconds();
          for (size_t i = 0; i < steps.size(); ++i) fastest_steps_[i] = std::min(fastest_steps_[i], steps[i]);
        });
  }

  void WriteOutput(const fs::path& file) {
    Run();
    const int64_t rows = batch_;
    WriteNpy(file, std::vector<int64_t>{rows, static_cast<int64_t>(output_.size()) / rows}, output_);
  }

  // GFLOP/s of one run of `seconds`.
  double Gflops(double seconds) const { return 2e-9 * static_cast<double>(multiply_adds_) * batch_ / seconds; }

  double OutputSum() const {
    double sum = 0;
    for (const float value : output_) sum += value;
    return sum;
  }

  const Plan& plan() const { return *plan_; }
  std::span<const double> fastest_step_seconds() const { return fastest_steps_; }  // of all timed runs
  int64_t multiply_adds() const { return multiply_adds_; }
  int size() const { return size_; }
  int batch() const { return batch_; }

 private:
  static TensorMap ReadWeights(const fs::path& file, const WeightsCard& card, const NetworkLayout& layout) {
    if (file == "none") return InitialWeights(layout, 0);
    if (file.empty()) return WeightStore().Load(card, layout);
    TensorMap tensors = ReadSafetensors(file).tensors;
    CheckWeights(tensors, layout, file.string());
    return tensors;
  }

  // From the file, or noise in the range of preprocessed photos.
  static std::vector<float> ReadInput(const fs::path& file, size_t size) {
    if (file.empty()) {
      std::vector<float> input(size);
      Random random(0, RandomPurpose::kTest);
      for (float& value : input) value = random.Uniform(-1, 1);
      return input;
    }
    std::vector<float> input = ReadNpy(file).values;
    if (input.size() != size) {
      throw Error(ErrorKind::kUsage, fmt::format("{}: {} numbers, expected {}", file.string(), input.size(), size));
    }
    return input;
  }

  int batch_, size_ = 0;
  int64_t multiply_adds_ = 0;
  std::unique_ptr<Plan> plan_;
  std::vector<float> input_, output_;
  std::vector<double> fastest_steps_;
};

// Every step in its turn with its fastest run, for whoever makes it faster.
void PrintSteps(const Workload& workload) {
  fmt::print(stderr, "{:<32}{:<12}{:>16}{:>10}{:>10}\n", "step", "kernel", "output", "ms", "GFLOP/s");
  for (size_t i = 0; i < workload.plan().steps().size(); ++i) {
    const Plan::Step& step = workload.plan().steps()[i];
    const double seconds = workload.fastest_step_seconds()[i];
    fmt::print(stderr, "{:<32}{:<12}{:>16}{:>10.3f}{:>10.1f}\n", step.name, step.kernel,
               fmt::format("{}x{}x{}", step.output.h, step.output.w, step.output.c), seconds * 1e3,
               2e-9 * static_cast<double>(step.multiply_adds) * workload.batch() / seconds);
  }
}

void Measure(const Options& options, ThreadPool& threads) {
  Workload workload(options, threads);
  const double peak_before = PeakGflops(0.1, threads);
  std::vector<double> seconds = workload.TimedRuns(options.seconds);
  const double peak = std::max(peak_before, PeakGflops(0.1, threads));
  const auto [fastest, slowest] = std::minmax_element(seconds.begin(), seconds.end());
  const double median = Median(seconds);
  const double batch = workload.batch();
  Print({{"network", options.network},
         {"size", workload.size()},
         {"batch", workload.batch()},
         {"threads", threads.num_threads()},
         {"isa", CurrentIsa()},
         {"runs", seconds.size()},
         {"images_per_s", {{"min", batch / *slowest}, {"median", batch / median}, {"max", batch / *fastest}}},
         {"ms", {{"min", *fastest * 1e3}, {"median", median * 1e3}, {"max", *slowest * 1e3}}},
         {"gflops", workload.Gflops(median)},
         {"peak_gflops", peak},
         {"percent_of_peak", 100 * workload.Gflops(median) / peak},
         {"arena_mb", static_cast<double>(workload.plan().arena_bytes()) / (1 << 20)},
         {"weights_mb", static_cast<double>(workload.plan().weights_bytes()) / (1 << 20)},
         {"peak_rss_mb", PeakRssMb()},
         {"output_sum", workload.OutputSum()}});
  if (!options.output.empty()) workload.WriteOutput(options.output);
  if (options.steps) PrintSteps(workload);
}

// Answers the commands of lib/worker.py, and `peak SECONDS`; without a network only the latter.
void Serve(const Options& options, ThreadPool& threads) {
  std::unique_ptr<Workload> workload;
  Json ready = {{"ready", "siskin"}, {"isa", CurrentIsa()}};
  if (!options.network.empty()) {
    workload = std::make_unique<Workload>(options, threads);
    ready["multiply_adds"] = workload->multiply_adds();
    ready["arena_mb"] = static_cast<double>(workload->plan().arena_bytes()) / (1 << 20);
  }
  Print(ready);
  std::string command, argument;
  while (std::cin >> command && std::getline(std::cin >> std::ws, argument)) {
    if (command == "peak") {
      Print({{"gflops", PeakGflops(std::stod(argument), threads)}});
    } else if (command == "run" && workload) {
      Print({{"seconds", workload->TimedRuns(std::stod(argument))}});
    } else if (command == "output" && workload) {
      workload->WriteOutput(argument);
      Print({{"written", argument}});
    } else {
      throw Error(ErrorKind::kUsage, "unknown command: " + command);
    }
  }
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Runs a network of Siskin and measures it");
  app.add_option("network", options.network, "Name in the catalogue; none: only the machine's peak, with --worker");
  app.add_option("--size", options.size, "Pixels of a side; 0: the network's own");
  app.add_option("--batch", options.batch)->check(CLI::Range(1, 1024));
  app.add_option("--threads", options.threads)->check(CLI::Range(1, 1024));
  app.add_option("--weights", options.weights, "A safetensors file instead of the store's; none: random ones");
  app.add_option("--input", options.input, "An .npy file instead of noise");
  app.add_option("--output", options.output, "Writes the outputs as .npy");
  app.add_option("--seconds", options.seconds, "How long to run");
  app.add_flag("--steps", options.steps, "Prints the fastest time of every step");
  app.add_flag("--worker", options.worker, "Takes commands on standard input");
  return RunProgram(app, "siskin-engine-bench", argc, argv, [&] {
    ThreadPool threads(options.threads);
    options.worker ? Serve(options, threads) : Measure(options, threads);
  });
}

}  // namespace
}  // namespace siskin

int main(int argc, char** argv) {
  return siskin::Main(argc, argv);
}
