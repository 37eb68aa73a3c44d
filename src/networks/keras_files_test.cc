// Files that Keras itself writes, for every network: read, compared number by number with the formula that Keras got
// its weights from, and run against Keras' own output. tests/make_keras_files.py makes the files during the test, with
// the Python of $SISKIN_BENCH_VENV or build/bench-venv (bench/lib/venv); says so and is skipped without.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/testing.h"
#include "networks/testing_golden.h"
#include "networks/testing_keras.h"
#include "weights/import.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

// Every file of one form (with or without top) holds the formula's weights. Returns how many there were.
int CheckFiles(const fs::path& folder, const std::string& form, const NetworkLayout& layout) {
  const TensorMap expected = testing::FormulaWeights(layout, testing::kKerasSeed);
  int files = 0;
  for (const auto& file : fs::directory_iterator(folder)) {
    const std::string name = file.path().filename(), extension = file.path().extension();
    if (!name.starts_with(form + ".") || (extension != ".keras" && extension != ".h5")) continue;
    SCOPED_TRACE(name);
    ++files;
    if (name.find(".refused.") != std::string::npos) {
      testing::ExpectError(ErrorKind::kModel, "was partly frozen", [&] { ImportWeights(file.path(), layout); });
    } else {
      testing::ExpectSameTensors(ImportWeights(file.path(), layout), expected);
    }
  }
  return files;
}

class KerasFiles : public ::testing::TestWithParam<const char*> {};

TEST_P(KerasFiles, AreRead) {
  if (testing::UnderSanitizer()) GTEST_SKIP() << testing::kTooSlow;
  if (testing::BenchPython().empty()) GTEST_SKIP() << testing::kNoBenchPython;
  const testing::TemporaryFolder folder;
  ASSERT_NO_FATAL_FAILURE(testing::RunKerasScript("make_keras_files.py", GetParam(), folder.path()));

  int files = 0;
  for (const std::string form : {"top", "notop"}) {
    SCOPED_TRACE(form);
    const Graph graph = BuildNetwork(testing::ReadKerasOptions(GetParam(), folder.path(), form));
    const NetworkLayout layout = graph.Layout();
    files += CheckFiles(folder.path(), form, layout);
    testing::ExpectKerasOutput(graph, ImportWeights(folder.path() / (form + ".keras"), layout), folder.path(), form);
  }
  EXPECT_GE(files, 15);  // two networks in 3 forms, one of them inside 2 others in 3 forms and 3 more in one
}

INSTANTIATE_TEST_SUITE_P(Networks, KerasFiles,
                         ::testing::Values("xception", "mobilenet", "mobilenet_v2", "resnet50", "inception_v3",
                                           "inception_resnet_v2"),
                         [](const auto& network) { return std::string(network.param); });

}  // namespace
}  // namespace siskin
