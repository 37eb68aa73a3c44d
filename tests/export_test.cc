// `siskin export`: every network of the catalogue, run by the programs that the files are for. Their answers must be
// Siskin's.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/json.h"
#include "base/testing.h"
#include "exported_models.h"
#include "photos.h"
#include "program.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kDrivers = fs::path(SISKIN_SOURCE_DIR) / "tests" / "exports";

TEST(Export, OnnxAnswersTheSameInOnnxRuntimeAndOpenVino) {
  if (UnderSanitizer()) GTEST_SKIP() << kTooSlow;
  const fs::path python = testing::BenchPython();
  if (python.empty()) GTEST_SKIP() << testing::kNoBenchPython;
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
  if (UnderSanitizer()) GTEST_SKIP() << kTooSlow;
  const fs::path python = testing::BenchPython();
  if (python.empty()) GTEST_SKIP() << testing::kNoBenchPython;
  const TemporaryFolder folder;
  const std::vector<ExportCase> cases = MakeExportCases(folder.path());
  ExportAll(cases, "keras", "model.keras");
  const std::vector<Json> answers = RunDriver({python, kDrivers / "run_keras.py"}, cases);
  ASSERT_EQ(answers.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) ExpectSameAnswers(answers[i].at("keras"), cases[i]);
}

TEST(Export, TfjsAnswersTheSameInTensorFlowJs) {
  if (UnderSanitizer()) GTEST_SKIP() << kTooSlow;
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

// examples/embed: a program in C99 that carries the model with it.
TEST(Export, TheCHeaderMakesAProgramThatAnswersTheSame) {
  const TemporaryFolder folder;
  const Workshop workshop;
  workshop.Train();
  const std::string model = workshop.path("model.safetensors"), photo = folder.path() / "photo.jpg";
  WriteText(photo, OnePhoto(workshop.path("photos")));
  const RunResult result = RunSiskin({"export", model, "-o", folder.path() / "pets.h"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string source = SISKIN_SOURCE_DIR;
  const std::string build = "cd '" + folder.path().string() +
                            "' && cc -c pets.S && cc -std=c99 -pedantic -Wall -Wextra " + "-Werror -I. -I'" + source +
                            "/include' -c '" + source + "/examples/embed/main.c' && c++ " +
                            "main.o pets.o " SISKIN_LINK " -o embed && ./embed photo.jpg /dev/null > out.txt";
  EXPECT_NE(std::system(build.c_str()), 0);  // one photo of the two is none
  const std::string out = ReadText(folder.path() / "out.txt");
  const RunResult expected = RunSiskin({"predict", model, photo, "--format", "jsonl"});
  const Json answer = ParseJson(expected.out, "predict");
  const std::string label = answer.at("label").get<std::string>();
  EXPECT_EQ(out.substr(0, out.find('\n')),
            fmt::format("photo.jpg: {} ({:.4f})", label, answer.at("scores").at(label).get<double>()));
  EXPECT_NE(out.find("/dev/null: "), std::string::npos) << out;
}

TEST(Export, SafetensorsIsAModelFile) {
  const TemporaryFolder folder;
  const Workshop workshop;
  workshop.Train();
  const std::string model = workshop.path("model.safetensors"), copy = folder.path() / "copy.safetensors";
  ASSERT_EQ(RunSiskin({"export", model, "-o", copy}).exit_code, 0);
  EXPECT_EQ(ReadText(copy), ReadText(model));
  EXPECT_EQ(RunSiskin({"verify", copy}).exit_code, 0);
}

}  // namespace
}  // namespace siskin::testing
