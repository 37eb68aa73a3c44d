#include "exported_models.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <sstream>

#include "base/json.h"
#include "base/testing.h"
#include "graph/plan.h"
#include "graph/testing_interpreter.h"
#include "model/classifier_model.h"
#include "model/predictor.h"
#include "model/self_proof.h"
#include "program.h"
#include "weights/keras/subprocess.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kPhotos = 3;
constexpr double kTolerance = 1e-4;
constexpr double kDriverSeconds = 1200;  // TensorFlow alone takes seconds to start, and the machine may be busy

// Above the smallest size, odd and not square: paddings become uneven, and mistaking height for width shows.
NetworkOptions SmallNetwork(const NetworkCard& card) {
  NetworkOptions options;
  options.network = card.name;
  options.height = card.min_size + 13;
  options.width = card.min_size + 26;
  options.alpha = card.alphas.front();
  return WithDefaults(options);
}

// A photo of the right size: as a program that asks an exported file would have it.
Image SmallPhoto(int number, const Preprocessing& p) {
  Image photo{p.width, p.height, std::vector<uint8_t>(static_cast<size_t>(p.width) * p.height * 3)};
  ResizePhoto(ReferencePicture(static_cast<uint32_t>(100 + number)), p, photo.rgb);
  return photo;
}

// The photos as the network sees them.
std::vector<float> Inputs(const Preprocessing& p) {
  const size_t floats = static_cast<size_t>(p.width) * p.height * 3;
  std::vector<float> inputs(kPhotos * floats);
  for (int i = 0; i < kPhotos; ++i) {
    Preprocess(SmallPhoto(i, p), p, std::span(inputs).subspan(static_cast<size_t>(i) * floats, floats));
  }
  return inputs;
}

// Random weights under which differences between photos neither die out nor grow from layer to layer, as in a trained
// network: normalised by the photos' own statistics, and damped, as ReLU after normalisation amplifies differences by
// about 1.2 a layer. Where they grew, rounding would become visible; where they died out, nothing else would.
TensorMap TameWeights(const Graph& graph, std::span<const float> inputs) {
  TensorMap weights = RandomWeights(graph, 7);
  for (auto& [name, tensor] : weights) {
    for (float& value : tensor.values<float>()) {
      if (name.ends_with("/gamma")) value = 1 + value / 8;
      if (name.ends_with("/beta")) value /= 3;
    }
  }
  SetBatchStatistics(graph, inputs, kPhotos, &weights);
  for (auto& [name, tensor] : weights) {
    if (!name.ends_with("/moving_variance")) continue;
    for (float& value : tensor.values<float>()) value *= 1.5f;
  }
  return weights;
}

// Logits of mean 0 and deviation 1 over the photos, so that scores are far from 0 and 1 and a mistake shows.
void SpreadLogits(std::span<const float> inputs, ClassifierModel* model) {
  ThreadPool threads(1);
  Plan plan(BuildModelGraph(model->card), model->weights, {.max_batch = kPhotos}, threads);
  const auto outputs = static_cast<size_t>(plan.output_shape().c);
  std::vector<float> logits(kPhotos * outputs);
  plan.Run(inputs, kPhotos, logits);
  Tensor& kernel = model->weights.at("head_logits/kernel");
  Tensor& bias = model->weights.at("head_logits/bias");
  for (size_t k = 0; k < outputs; ++k) {
    double mean = 0, variance = 0;
    for (size_t i = k; i < logits.size(); i += outputs) mean += logits[i] / kPhotos;
    for (size_t i = k; i < logits.size(); i += outputs) variance += std::pow(logits[i] - mean, 2) / kPhotos;
    const double deviation = std::sqrt(variance);
    for (size_t i = k; i < kernel.values<float>().size(); i += outputs) {
      kernel.data()[i] = static_cast<float>(kernel.data()[i] / deviation);
    }
    bias.data()[k] = static_cast<float>((bias.data()[k] - mean) / deviation);
  }
}

ExportCase MakeCase(const NetworkCard& network, const std::vector<std::string>& class_names, const fs::path& folder) {
  ExportCase made;
  made.name = fmt::format("{}, {} classes", network.name, class_names.size());
  made.folder = folder / fmt::format("{}_{}", network.name, class_names.size());
  made.class_names = class_names;
  MakeFolder(made.folder);
  ClassifierModel model = MakeExportModel(network, class_names);
  ThreadPool threads(1);
  WriteModel(made.model(), &model, threads);

  const Preprocessing& p = model.card.preprocessing;
  Predictor predictor(model, 1, threads);
  std::string pixels;
  for (int i = 0; i < kPhotos; ++i) {
    const Image photo = SmallPhoto(i, p);
    pixels.append(photo.rgb.begin(), photo.rgb.end());
    made.scores.push_back(predictor.Scores(photo));
    made.labels.push_back(predictor.Decide(made.scores.back()));
  }
  WriteText(made.folder / "pixels.bin", pixels);
  WriteText(made.folder / "case.json", ToText({{"photos", kPhotos}, {"height", p.height}, {"width", p.width}}));
  return made;
}

}  // namespace

ClassifierModel MakeExportModel(const NetworkCard& network, std::vector<std::string> class_names) {
  ClassifierModel model;
  model.card.network = SmallNetwork(network);
  model.card.weights_name = "none";
  model.card.head = {.hidden = {64, 16}, .dropout = 0.5f};
  model.card.preprocessing = DefaultPreprocessing(model.card.network);
  model.card.class_names = std::move(class_names);
  model.card.temperature = 1.5;
  model.card.threshold = 0.4;
  const Graph graph = BuildModelGraph(model.card);
  const std::vector<float> inputs = Inputs(model.card.preprocessing);
  model.weights = TameWeights(graph, inputs);
  SpreadLogits(inputs, &model);
  return model;
}

std::vector<ExportCase> MakeExportCases(const fs::path& folder) {
  std::vector<ExportCase> cases;
  for (const NetworkCard& network : Catalogue()) {
    cases.push_back(MakeCase(network, {"bird", "no bird"}, folder));
    cases.push_back(MakeCase(network, {"Äpfel", "\"b\"", "c/d", "e\\f", "g h"}, folder));
  }
  for (const ExportCase& made : cases) {  // answers that do not depend on the photo would prove nothing
    const auto [low, high] = std::minmax({made.scores[0][0], made.scores[1][0], made.scores[2][0]});
    EXPECT_GT(high - low, 0.1f) << made.name;
  }
  return cases;
}

fs::path TfjsModules() {
  const fs::path folder = FolderFrom("SISKIN_TFJS", "build/tfjs");
  ProcessOptions node;
  node.command = {"node", "--version"};
  node.environment = EnvironmentWith("NO_COLOR", "1");
  node.max_output_bytes = 1000;
  node.timeout_seconds = 60;
  const bool there = fs::exists(folder / "node_modules" / "@tensorflow" / "tfjs-backend-wasm");
  return there && RunProcess(node).ok() ? folder : fs::path();
}

void ExportAll(const std::vector<ExportCase>& cases, const std::string& to, const std::string& file) {
  for (const ExportCase& made : cases) {
    const RunResult result = RunSiskin({"export", made.model(), "--to", to, "-o", made.folder / file});
    EXPECT_EQ(result.exit_code, 0) << made.name << "\n" << result.err;
  }
}

std::vector<Json> RunDriver(const std::vector<std::string>& command, const std::vector<ExportCase>& cases) {
  std::vector<std::string> folders;
  for (const ExportCase& made : cases) folders.push_back(made.folder);
  return RunDriverOn(command, folders);
}

std::vector<Json> RunDriverOn(const std::vector<std::string>& command, const std::vector<std::string>& folders) {
  ProcessOptions options;
  options.command = command;
  options.command.insert(options.command.end(), folders.begin(), folders.end());
  options.environment = EnvironmentWith("TF_CPP_MIN_LOG_LEVEL", "3");
  options.max_output_bytes = 100 << 20;
  options.timeout_seconds = kDriverSeconds;
  const ProcessResult result = RunProcess(options);
  EXPECT_TRUE(result.ok()) << result.Describe() << "\n" << result.errors;
  std::vector<Json> answers;
  std::istringstream lines(result.output);
  for (std::string line; std::getline(lines, line);) answers.push_back(ParseJson(line, "driver"));
  EXPECT_EQ(answers.size(), folders.size());
  return answers;
}

void ExpectSameAnswers(const Json& answer, const ExportCase& expected) {
  SCOPED_TRACE(expected.name);
  const auto scores = answer.at("scores").get<std::vector<std::vector<double>>>();
  ASSERT_EQ(scores.size(), expected.scores.size());
  double largest = 0;
  for (size_t photo = 0; photo < scores.size(); ++photo) {
    ASSERT_EQ(scores[photo].size(), expected.scores[photo].size());
    for (size_t i = 0; i < scores[photo].size(); ++i) {
      EXPECT_NEAR(scores[photo][i], expected.scores[photo][i], kTolerance) << "photo " << photo << ", class " << i;
      largest = std::max(largest, std::abs(scores[photo][i] - expected.scores[photo][i]));
    }
  }
  std::cout << fmt::format("{}: largest difference {:.1e}\n", expected.name, largest);
  if (answer.contains("label")) {
    EXPECT_EQ(answer.at("label").get<std::vector<int>>(), expected.labels);
  }
}

}  // namespace siskin::testing
