// `siskin export`: every network of the catalogue, run by the programs that the files are for. Their answers must be
// Siskin's.
#include <gtest/gtest.h>

#include "base/testing.h"
#include "exported_models.h"
#include "program.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kDrivers = fs::path(SISKIN_SOURCE_DIR) / "tests" / "exports";

TEST(Export, OnnxAnswersTheSameInOnnxRuntimeAndOpenVino) {
  const fs::path python = RuntimesPython();
  if (python.empty()) GTEST_SKIP() << kNoRuntimes;
  const TemporaryFolder folder;
  const std::vector<ExportCase> cases = MakeExportCases(folder.path());
  ExportAll(cases, "onnx", "model.onnx");
  const std::vector<Json> answers = RunDriver({python, kDrivers / "run_onnx.py"}, cases);
  ASSERT_EQ(answers.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    const Json& onnxruntime = answers[i].at("onnxruntime");
    ExpectSameAnswers(onnxruntime, cases[i]);
    ExpectSameAnswers(answers[i].at("openvino"), cases[i]);
    EXPECT_EQ(ParseJson(onnxruntime["metadata"]["classes"].get<std::string>(), "classes"), Json(cases[i].class_names));
  }
}

TEST(Export, KerasAnswersTheSameInKeras) {
  const fs::path python = RuntimesPython();
  if (python.empty()) GTEST_SKIP() << kNoRuntimes;
  const TemporaryFolder folder;
  const std::vector<ExportCase> cases = MakeExportCases(folder.path());
  ExportAll(cases, "keras", "model.keras");
  const std::vector<Json> answers = RunDriver({python, kDrivers / "run_keras.py"}, cases);
  ASSERT_EQ(answers.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) ExpectSameAnswers(answers[i].at("keras"), cases[i]);
}

TEST(Export, TfjsAnswersTheSameInTensorFlowJs) {
  const fs::path modules = TfjsModules();
  if (modules.empty()) GTEST_SKIP() << kNoTfjs;
  const TemporaryFolder folder;
  const std::vector<ExportCase> cases = MakeExportCases(folder.path());
  ExportAll(cases, "tfjs", "tfjs");
  const std::vector<Json> answers = RunDriver({"node", kDrivers / "run_tfjs.js", modules}, cases);
  ASSERT_EQ(answers.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    ExpectSameAnswers(answers[i].at("tfjs"), cases[i]);
    EXPECT_EQ(answers[i].at("tfjs").at("classes"), Json(cases[i].class_names));
  }
}

}  // namespace
}  // namespace siskin::testing
