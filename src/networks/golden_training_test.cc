// Keras' training steps in double precision: losses, gradients of the first step, weights and statistics after the
// last.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/median.h"
#include "base/random.h"
#include "base/testing.h"
#include "graph/training_plan.h"
#include "kernels/testing_kernels.h"
#include "networks/testing_golden.h"

namespace siskin {
namespace {

constexpr const char* kTrainingFiles[] = {
    "train_xception_96x96_seed11", "train_mobilenet_64x64_seed12",      "train_mobilenet_v2_64x64_seed13",
    "train_resnet50_64x64_seed14", "train_inception_v3_107x107_seed15", "train_inception_resnet_v2_107x107_seed16"};

// The one that needs the usual change of a role beside a tensor's own, see After.
constexpr std::string_view kByRole = "train_resnet50_64x64_seed14";

Json ReadJsonFile(const std::filesystem::path& file) {
  std::ifstream in(file);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  return Json::parse(text);
}

// The network without its top, mean pooling, and the article's head without dropout.
Graph TrainingGraph(const Json& golden) {
  NetworkOptions options;
  options.network = golden["network"];
  options.height = golden["input"][1];
  options.width = golden["input"][2];
  options.top = false;
  options.pooling = Pooling::kAverage;
  Graph graph = BuildNetwork(options);
  const std::vector<int> head = golden["head"];
  NodeId x = graph.output();
  for (size_t i = 0; i < head.size(); ++i) {
    const std::string name = "head_" + std::to_string(i);
    x = graph.Dense(name, x, head[i]);
    if (i + 1 < head.size()) x = graph.Activate(name + "_relu", x, Activation::kRelu);
  }
  return graph;
}

// Keras' SGD: velocity = momentum * velocity - lr * g; weight += velocity, or with Nesterov momentum * velocity - lr *
// g.
void SgdStep(const Json& sgd, const std::vector<float>& gradient, std::vector<float>* velocity,
             std::vector<float>* parameters) {
  const float lr = sgd["lr"], momentum = sgd["momentum"];
  const bool nesterov = sgd["nesterov"];
  for (size_t i = 0; i < gradient.size(); ++i) {
    float& v = (*velocity)[i];
    v = momentum * v - lr * gradient[i];
    (*parameters)[i] += nesterov ? momentum * v - lr * gradient[i] : v;
  }
}

double Norm(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum);
}

// "conv2d/kernel" and the like in golden files: Keras' automatic names; only the place in the list counts.
// Keras calls a depthwise convolution's weights "kernel", a separable one's "depthwise_kernel".
std::string GoldenPath(const LayerLayout& layer, const Json& tensor) {
  const std::string role = layer.keras_class == "DepthwiseConv2D" ? "kernel" : tensor[2];
  return tensor[1].get<std::string>() + "/" + role;
}

struct Outcome {
  std::vector<double> losses;
  std::vector<float> first_gradient, parameters, statistics;
};

// Moves every weight by at most half a unit in its last place, up or down or not at all.
void Round(uint32_t run, std::vector<float>* parameters) {
  Random random(run, RandomPurpose::kTest);
  for (float& value : *parameters) value *= 1 + 6e-8f * (static_cast<float>(random.Below(3)) - 1);
}

// rounding: 0 for the weights as they are.
Outcome Train(const Json& golden, const Graph& graph, TrainingPlan& plan, uint32_t rounding = 0) {
  const int batch = golden["input"][0], steps = golden["steps"];
  const uint64_t seed = golden["seed"];
  const TensorMap weights = testing::FormulaWeights(graph.Layout(), seed);
  Outcome outcome;
  outcome.parameters.resize(plan.num_parameters());
  outcome.statistics.resize(plan.num_statistics());
  GatherParameters(plan.parameters(), weights, outcome.parameters);
  GatherParameters(plan.statistics(), weights, outcome.statistics);
  if (rounding > 0) Round(rounding, &outcome.parameters);
  const FeatureShape shape = graph.layers()[0].output;
  const size_t batch_floats = static_cast<size_t>(batch * shape.h * shape.w * shape.c);
  const std::vector<float> input = testing::FormulaInput(batch_floats * static_cast<size_t>(steps), seed);
  std::vector<float> gradient(plan.num_parameters()), velocity(plan.num_parameters());
  for (int step = 0; step < steps; ++step) {
    const auto x = std::span(input).subspan(static_cast<size_t>(step) * batch_floats, batch_floats);
    const auto logits = plan.Forward(outcome.parameters, outcome.statistics, x, batch, nullptr);
    std::vector<float> dlogits;
    double loss = 0;
    for (int i = 0; i < batch; ++i) {
      const double z = logits[static_cast<size_t>(i)], label = (step * batch + i) % 2;
      loss += std::max(z, 0.0) - z * label + std::log1p(std::exp(-std::abs(z)));
      dlogits.push_back(static_cast<float>((1 / (1 + std::exp(-z)) - label) / batch));
    }
    outcome.losses.push_back(loss / batch);
    plan.Backward(dlogits, gradient);
    if (step == 0) outcome.first_gradient = gradient;
    SgdStep(golden["sgd"], gradient, &velocity, &outcome.parameters);
  }
  return outcome;
}

// A tensor after the last step. Rounding changed its norm by so much; six runs show too little for one tensor in some
// hundred (of ResNet50), which may then change as much as the usual one of its role.
struct After {
  std::string name, role;
  double norm = 0, expected = 0, change = 0;
};

class GoldenTraining : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenTraining, StepsAreKeras) {
  const auto folder = testing::SharedFolder("golden");
  if (folder.empty()) GTEST_SKIP() << testing::kNoShared;
  if (testing::UnderSanitizer()) GTEST_SKIP() << testing::kTooSlow;
  const bool small = std::string_view(GetParam()).starts_with("train_mobilenet");  // also V2
  if (testing::UnderEmulator() && !small) GTEST_SKIP() << testing::kTooSlowEmulated;
  const Json golden = ReadJsonFile(folder / (std::string(GetParam()) + ".json"));
  const Graph graph = TrainingGraph(golden);

  // Keras' path of every tensor by its place.
  std::map<std::string, std::string> path_of;
  size_t place = 0;
  for (const LayerLayout& layer : graph.Layout()) {
    for (const ParameterSpec& parameter : layer.parameters)
      path_of[parameter.name] = GoldenPath(layer, golden["tensors"][place++]);
  }
  ASSERT_EQ(place, golden["tensors"].size());
  double largest = 0;
  for (const auto& [path, norm] : golden["first_gradient_l2"].items()) largest = std::max(largest, norm.get<double>());

  const TrainingPlanOptions options{.max_batch = golden["input"][0], .batch_statistics = true};
  ThreadPool threads(1);  // tests run beside each other
  TrainingPlan plan(graph, options, threads);
  const Outcome outcome = Train(golden, graph, plan);
  for (const int num_threads : {2, 3}) {
    ThreadPool others(num_threads);
    TrainingPlan same(graph, options, others);
    const Outcome again = Train(golden, graph, same);
    EXPECT_EQ(again.parameters, outcome.parameters) << num_threads << " threads";
    EXPECT_EQ(again.statistics, outcome.statistics) << num_threads << " threads";
  }
  constexpr uint32_t kRoundings = 6;
  std::vector<Outcome> rounded;
  for (uint32_t run = 1; run <= kRoundings; ++run) rounded.push_back(Train(golden, graph, plan, run));
  // The largest change of a number by rounding.
  const auto change = [&](const auto& number) {
    double largest_change = 0;
    for (const Outcome& other : rounded) {
      largest_change = std::max(largest_change, std::abs(number(other) - number(outcome)));
    }
    return largest_change;
  };

  for (size_t i = 0; i < outcome.losses.size(); ++i) {
    const double expected = golden["loss"][i];
    const double rounding = i == 0 ? 0 : change([&](const Outcome& o) { return o.losses[i]; });
    EXPECT_NEAR(outcome.losses[i], expected, 1e-3 * expected + 2 * rounding) << "step " << i;
  }
  size_t compared = 0;
  for (const TrainingParameter& parameter : plan.parameters()) {
    const std::string path = path_of.at(parameter.name);
    ASSERT_TRUE(golden["first_gradient_l2"].contains(path)) << path;
    const double expected = golden["first_gradient_l2"][path];
    if (expected <= 1e-6 * largest) continue;
    const double norm = Norm(std::span(outcome.first_gradient).subspan(parameter.offset, parameter.size));
    EXPECT_NEAR(norm, expected, 1e-2 * expected) << parameter.name;
    ++compared;
  }
  EXPECT_GT(compared, plan.parameters().size() / 2);
  const auto expect_after = [&](const std::vector<TrainingParameter>& list, std::vector<float> Outcome::* flat) {
    std::vector<After> tensors;
    std::map<std::string, std::vector<double>> changes;  // relative, by role
    for (const TrainingParameter& parameter : list) {
      const auto norm_of = [&](const Outcome& o) {
        return Norm(std::span(o.*flat).subspan(parameter.offset, parameter.size));
      };
      const double expected = golden["after"][path_of.at(parameter.name)][0];
      const std::string role = parameter.name.substr(parameter.name.rfind('/'));
      tensors.push_back({parameter.name, role, norm_of(outcome), expected, change(norm_of)});
      if (expected > 0) changes[role].push_back(tensors.back().change / expected);
    }
    for (const After& tensor : tensors) {
      const bool by_role = GetParam() == kByRole && changes.contains(tensor.role);
      const double usual = by_role ? Median(changes[tensor.role]) * tensor.expected : 0;
      EXPECT_NEAR(tensor.norm, tensor.expected, 1e-3 * tensor.expected + 2 * std::max(tensor.change, usual))
          << tensor.name;
    }
  };
  expect_after(plan.parameters(), &Outcome::parameters);
  expect_after(plan.statistics(), &Outcome::statistics);
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenTraining, ::testing::ValuesIn(kTrainingFiles),
                         [](const auto& file) { return std::string(file.param); });

}  // namespace
}  // namespace siskin
