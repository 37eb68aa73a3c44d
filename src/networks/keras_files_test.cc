// Files that Keras itself writes, for every network: read, compared number by number with the formula that Keras got
// its weights from, and run against Keras' own output. tests/make_keras_files.py makes the files during the test, with
// the Python of $SISKIN_BENCH_VENV or build/bench-venv (bench/lib/venv); says so and is skipped without.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/files.h"
#include "base/json.h"
#include "base/npy.h"
#include "base/testing.h"
#include "graph/plan.h"
#include "kernels/testing_compare.h"
#include "networks/catalogue.h"
#include "networks/testing_golden.h"
#include "weights/import.h"
#include "weights/subprocess.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSeed = 21;  // as in the script
constexpr double kScriptSeconds = 1200;

// Empty if there is none.
fs::path Python() {
  const char* venv = std::getenv("SISKIN_BENCH_VENV");
  const fs::path python = fs::path(venv == nullptr ? "build/bench-venv" : venv) / "bin" / "python";
  return ::access(python.c_str(), X_OK) == 0 ? python : fs::path();
}

NetworkOptions ReadOptions(const std::string& network, const fs::path& input) {
  const Json json = ParseJson(ReadFile(input), input.native());
  NetworkOptions options;
  options.network = network;
  options.height = json["height"];
  options.width = json["width"];
  options.alpha = json["alpha"];
  options.classes = json["classes"];
  options.softmax = false;
  options.top = input.filename().native().starts_with("top");
  return options;
}

void ExpectKerasOutput(const Graph& graph, TensorMap weights, const fs::path& output) {
  const NpyArray expected = ReadNpy(output);
  const auto batch = static_cast<int>(expected.shape.at(0));
  const FeatureShape in = graph.layers().front().output;
  const std::vector<float> input =
      testing::FormulaInput(static_cast<size_t>(batch) * static_cast<size_t>(in.h * in.w * in.c), kSeed);
  ThreadPool threads;
  Plan plan(graph, std::move(weights), {.max_batch = batch}, threads);
  std::vector<float> got(expected.values.size());
  plan.Run(input, batch, got);
  EXPECT_TRUE(testing::Close(got, expected.values, {.relative = 1e-4}));
}

// Every file of one form (with or without top) holds the formula's weights. Returns how many there were.
int CheckFiles(const fs::path& folder, const std::string& form, const NetworkLayout& layout) {
  const TensorMap expected = testing::FormulaWeights(layout, kSeed);
  int files = 0;
  for (const auto& file : fs::directory_iterator(folder)) {
    const std::string name = file.path().filename(), extension = file.path().extension();
    if (!name.starts_with(form + ".") || (extension != ".keras" && extension != ".h5")) continue;
    SCOPED_TRACE(name);
    ++files;
    if (name.find(".refused.") != std::string::npos) {
      testing::ExpectErrorText(testing::ErrorOf([&] { ImportWeights(file.path(), layout); }), ErrorKind::kModel,
                               "was partly frozen");
    } else {
      testing::ExpectSameTensors(ImportWeights(file.path(), layout), expected);
    }
  }
  return files;
}

class KerasFiles : public ::testing::TestWithParam<const char*> {};

TEST_P(KerasFiles, AreRead) {
  if (testing::UnderSanitizer()) GTEST_SKIP() << testing::kTooSlow;
  const fs::path python = Python();
  if (python.empty()) {
    GTEST_SKIP() << "SKIPPED: no Python with Keras: set SISKIN_BENCH_VENV, or run bench/lib/venv once";
  }
  const testing::TemporaryFolder folder;
  ProcessOptions script;
  script.command = {python.native(), "tests/make_keras_files.py", GetParam(), folder.path().native()};
  script.environment = EnvironmentWith("TF_CPP_MIN_LOG_LEVEL", "3");
  script.max_output_bytes = 1 << 20;
  script.timeout_seconds = kScriptSeconds;
  const ProcessResult made = RunProcess(script);
  ASSERT_TRUE(made.ok()) << made.Describe();

  int files = 0;
  for (const std::string form : {"top", "notop"}) {
    SCOPED_TRACE(form);
    const Graph graph = BuildNetwork(ReadOptions(GetParam(), folder.path() / (form + ".input.json")));
    const NetworkLayout layout = graph.Layout();
    files += CheckFiles(folder.path(), form, layout);
    ExpectKerasOutput(graph, ImportWeights(folder.path() / (form + ".keras"), layout),
                      folder.path() / (form + ".output.npy"));
  }
  EXPECT_GE(files, 15);  // two networks in 3 forms, one of them inside 2 others in 3 forms and 3 more in one
}

INSTANTIATE_TEST_SUITE_P(Networks, KerasFiles,
                         ::testing::Values("xception", "mobilenet", "mobilenet_v2", "resnet50", "inception_v3",
                                           "inception_resnet_v2"),
                         [](const auto& network) { return std::string(network.param); });

}  // namespace
}  // namespace siskin
