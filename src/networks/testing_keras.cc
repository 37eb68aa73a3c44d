#include "networks/testing_keras.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/npy.h"
#include "base/testing.h"
#include "graph/plan.h"
#include "kernels/testing_compare.h"
#include "networks/testing_golden.h"
#include "weights/keras/subprocess.h"

namespace siskin::testing {

namespace fs = std::filesystem;

void RunKerasScript(const std::string& name, const std::string& network, const fs::path& folder) {
  constexpr double kScriptSeconds = 1200;
  ProcessOptions script;
  script.command = {BenchPython().native(), "tests/" + name, network, folder.native()};
  script.environment = EnvironmentWith("TF_CPP_MIN_LOG_LEVEL", "3");
  script.max_output_bytes = 1 << 20;
  script.timeout_seconds = kScriptSeconds;
  const ProcessResult made = RunProcess(script);
  ASSERT_TRUE(made.ok()) << made.Describe();
}

NetworkOptions ReadKerasOptions(const std::string& network, const fs::path& folder, const std::string& form) {
  const fs::path file = folder / (form + ".input.json");
  const Json json = ParseJson(ReadFile(file), file.native());
  NetworkOptions options;
  options.network = network;
  options.height = json["height"];
  options.width = json["width"];
  options.alpha = json["alpha"];
  options.classes = json["classes"];
  options.softmax = false;
  options.top = form == "top";
  return options;
}

void ExpectKerasOutput(const Graph& graph, TensorMap weights, const fs::path& folder, const std::string& form) {
  const NpyArray expected = ReadNpy(folder / (form + ".output.npy"));
  const auto batch = static_cast<int>(expected.shape.at(0));
  const FeatureShape in = graph.layers().front().output;
  const std::vector<float> input =
      FormulaInput(static_cast<size_t>(batch) * static_cast<size_t>(in.h * in.w * in.c), kKerasSeed);
  ThreadPool threads(1);  // tests run beside each other
  Plan plan(graph, std::move(weights), {.max_batch = batch}, threads);
  std::vector<float> got(expected.values.size());
  plan.Run(input, batch, got);
  EXPECT_TRUE(Close(got, expected.values, {.relative = 1e-4}));
}

}  // namespace siskin::testing
