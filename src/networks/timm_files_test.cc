// timm's networks with random weights, saved by PyTorch: tests/make_timm_files.py makes the files (PyTorch is too large
// to be installed for every run), so this looks only where SISKIN_TIMM_FILES says.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "base/npy.h"
#include "base/testing.h"
#include "graph/plan.h"
#include "kernels/testing_compare.h"
#include "networks/catalogue.h"
#include "weights/import.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

void ExpectTimmOutput(const Graph& graph, TensorMap weights, const fs::path& stem) {
  const NpyArray input = ReadNpy(fs::path(stem) += ".input.npy"), expected = ReadNpy(fs::path(stem) += ".output.npy");
  const auto batch = static_cast<int>(input.shape.at(0));
  ThreadPool threads(1);  // tests run beside each other
  Plan plan(graph, std::move(weights), {.max_batch = batch}, threads);
  std::vector<float> output(expected.values.size());
  plan.Run(input.values, batch, output);
  EXPECT_TRUE(testing::Close(output, expected.values, {.relative = 1e-4}));
}

TEST(TimmFiles, ComputeTheSameOrAreRefused) {
  const char* folder = std::getenv("SISKIN_TIMM_FILES");
  if (folder == nullptr) GTEST_SKIP() << "SKIPPED: set SISKIN_TIMM_FILES, see tests/make_timm_files.py";
  int same = 0, refused = 0, onnx_files = 0;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    SCOPED_TRACE(file.path().filename());
    const Json json = ParseJson(ReadFile(file.path()), file.path().native());
    NetworkOptions options;
    options.network = json["network"];
    options.height = options.width = json["size"];
    options.alpha = json["alpha"];
    options.classes = json["classes"];
    options.top = true;
    options.softmax = false;
    const fs::path stem = fs::path(file.path()).replace_extension();
    const fs::path weights = fs::path(stem) += ".safetensors";
    const Graph graph = BuildNetwork(options);
    if (json["refused"].get<bool>()) {
      testing::ExpectError(ErrorKind::kModel, "cannot be taken", [&] { ImportWeights(weights, graph.Layout()); });
      ++refused;
    } else {
      const fs::path onnx = fs::path(stem) += ".onnx";
      if (fs::exists(onnx)) {
        testing::ExpectSameTensors(ImportWeights(onnx, graph.Layout()), ImportWeights(weights, graph.Layout()));
        ++onnx_files;
      }
      ExpectTimmOutput(graph, ImportWeights(weights, graph.Layout()), stem);
      ++same;
    }
  }
  EXPECT_EQ(same, 4);
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(onnx_files, 1);
}

}  // namespace
}  // namespace siskin
