// Files that tf2onnx writes of Keras' networks, batch normalisation folded into the convolutions: read by what they
// compute, and run against Keras' own output. tests/make_onnx_files.py makes them during the test, see testing_keras.h.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "base/testing.h"
#include "networks/testing_keras.h"
#include "weights/import.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

class OnnxFiles : public ::testing::TestWithParam<const char*> {};

TEST_P(OnnxFiles, AreRead) {
  if (testing::UnderSanitizer()) GTEST_SKIP() << testing::kTooSlow;
  if (testing::BenchPython().empty()) GTEST_SKIP() << testing::kNoBenchPython;
  const testing::TemporaryFolder folder;
  ASSERT_NO_FATAL_FAILURE(testing::RunKerasScript("make_onnx_files.py", GetParam(), folder.path()));

  for (const std::string form : {"top", "notop"}) {
    SCOPED_TRACE(form);
    const NetworkOptions options = testing::ReadKerasOptions(GetParam(), folder.path(), form);
    const Graph graph = BuildNetwork(options);
    const NetworkLayout layout = graph.Layout();
    const auto import = [&](const std::string& name, std::string* note = nullptr) {
      return ImportWeights(folder.path() / (name + ".onnx"), layout, {.build = BuilderOf(options)}, note);
    };
    std::string note;
    TensorMap weights = import(form, &note);
    EXPECT_NE(note.find("batch normalisation was folded"), std::string::npos) << note;
    EXPECT_EQ(note.find("it pads"), std::string::npos) << note;
    if (form == "notop") testing::ExpectSameTensors(import("top"), weights);
    for (const std::string& other : {form + ".other_size", form + ".any_size"}) {
      if (std::filesystem::exists(folder.path() / (other + ".onnx"))) {
        testing::ExpectSameTensors(import(other), weights);
      }
    }
    testing::ExpectKerasOutput(graph, std::move(weights), folder.path(), form);
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, OnnxFiles,
                         ::testing::Values("xception", "mobilenet", "mobilenet_v2", "resnet50", "inception_v3",
                                           "inception_resnet_v2"),
                         [](const auto& network) { return std::string(network.param); });

}  // namespace
}  // namespace siskin
