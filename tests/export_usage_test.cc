// What `siskin export` prints is run as it stands, with nothing but the name of the photo replaced: the answers must be
// those of `siskin predict`. It once ignored that a photo lies on its side and what is transparent in it (0.35 in place
// of 0.86).
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <sstream>

#include "base/json.h"
#include "base/testing.h"
#include "exported_models.h"
#include "images/decode.h"
#include "images/encode.h"
#include "model/self_proof.h"
#include "model/testing_model.h"
#include "photos.h"
#include "program.h"
#include "weights/keras/subprocess.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kUsageDrivers = fs::path(SISKIN_SOURCE_DIR) / "tests" / "exports";
constexpr char kNoPillow[] = "SKIPPED: no python3 with Pillow and NumPy here, the printed lines were not run";

// A model with a preprocessing of its own, and what is printed for it.
struct UsageCase {
  fs::path folder;  // model.safetensors, usage.txt, photos.txt
  Preprocessing preprocessing;
  std::string usage;

  std::string model() const { return folder / "model.safetensors"; }
  std::string name() const {
    return fmt::format("{}, {}", Name(preprocessing.resize), Name(preprocessing.interpolation));
  }
};

std::string JoinLines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// Exports the model of the case and keeps what is printed after the names of the files.
void Export(const std::string& to, const std::string& file, UsageCase* one) {
  const RunResult result = RunSiskin({"export", one->model(), "--to", to, "-o", one->folder / file});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const size_t gap = result.out.find("\n\n");
  ASSERT_NE(gap, std::string::npos) << result.out;
  one->usage = result.out.substr(gap + 2);
  WriteText(one->folder / "usage.txt", one->usage);
}

// Every way to resize, each with `model`.
std::vector<UsageCase> UsageCases(ClassifierModel model, const std::vector<std::string>& photos, const fs::path& folder,
                                  const std::string& to, const std::string& file) {
  std::vector<UsageCase> cases;
  for (const ResizeMode resize : {ResizeMode::kSquash, ResizeMode::kPad, ResizeMode::kCrop}) {
    for (const Interpolation filter : {Interpolation::kNearest, Interpolation::kBilinear, Interpolation::kArea}) {
      UsageCase one;
      model.card.preprocessing.resize = resize;
      model.card.preprocessing.interpolation = filter;
      one.preprocessing = model.card.preprocessing;
      one.folder = folder / fmt::format("{} {}", Name(resize), Name(filter));
      MakeFolder(one.folder);
      SaveModel(one.model(), model);
      WriteText(one.folder / "photos.txt", JoinLines(photos));
      Export(to, file, &one);
      cases.push_back(std::move(one));
    }
  }
  return cases;
}

// A photo on its side, one with transparency, and drawn ones: so large that its JPEG is decoded at a quarter, smaller
// than what the model takes, and one of odd proportions.
std::vector<std::string> UsagePhotos(const fs::path& shared, const fs::path& folder) {
  std::vector<std::string> photos = {shared / "exif4.jpg", shared / "rgba.png"};
  const Image picture = ReferencePicture(7);
  const auto add = [&](const std::string& name, int width, int height, const auto& encode) {
    Preprocessing size;
    size.width = width;
    size.height = height;
    Image photo{width, height, std::vector<uint8_t>(static_cast<size_t>(width) * height * 3)};
    ResizePhoto(picture, size, photo.rgb);
    WriteText(folder / name, encode(photo));
    photos.push_back(folder / name);
  };
  add("large.jpg", 1001, 703, [](const Image& photo) { return EncodeJpeg(photo, 90); });
  add("small.png", 23, 31, EncodePng);
  add("strip.png", 401, 17, EncodePng);
  return photos;
}

std::string FirstPython(const std::vector<std::string>& candidates) {
  for (const std::string& python : candidates) {
    if (python.empty()) continue;
    ProcessOptions options;
    options.command = {python, "-c", "import numpy, PIL"};
    options.environment = EnvironmentWith("LC_ALL", "C.UTF-8");
    options.max_output_bytes = 1000;
    options.timeout_seconds = 60;
    if (RunProcess(options).ok()) return python;
  }
  return "";
}

std::vector<Json> RunUsages(std::vector<std::string> command, const std::vector<UsageCase>& cases) {
  std::vector<std::string> folders;
  for (const UsageCase& one : cases) folders.push_back(one.folder);
  return RunDriverOn(std::move(command), folders);
}

std::string Hexadecimal(const std::vector<uint8_t>& bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

// What the model of a case gets to see of a photo.
std::vector<uint8_t> PixelsOf(const std::string& photo, const Preprocessing& p) {
  std::vector<uint8_t> pixels(static_cast<size_t>(p.width) * p.height * 3);
  const DecodedImage decoded = DecodeImage(ReadText(photo), DecodeOptionsFor(p));
  EXPECT_EQ(decoded.error, "") << photo;
  ResizePhoto(decoded.image, p, pixels);
  return pixels;
}

// All are asked about the same pixels, to the last bit: what is left is what the runtimes round, as in
// ExpectSameAnswers.
constexpr double kSamePixels = 1e-4;

// `answers` of a driver are the scores of `siskin predict` for the photos.
void ExpectPredictedScores(const UsageCase& one, const std::vector<std::string>& photos, const Json& answers) {
  SCOPED_TRACE(one.name());
  std::vector<std::string> arguments = {"predict", one.model(), "--format", "jsonl"};
  arguments.insert(arguments.end(), photos.begin(), photos.end());
  const RunResult predicted = RunSiskin(arguments);
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  ASSERT_EQ(answers.size(), photos.size());
  std::istringstream lines(predicted.out);
  double largest = 0;
  for (size_t photo = 0; photo < photos.size(); ++photo) {
    std::string line;
    std::getline(lines, line);
    const Json scores = ParseJson(line, "predict").at("scores");
    ASSERT_EQ(scores.size(), answers[photo].size());
    for (size_t i = 0; i < answers[photo].size(); ++i) {
      const double expected = scores.at(fmt::format("class {}", i)).get<double>();
      const double got = answers[photo][i].get<double>();
      EXPECT_NEAR(got, expected, kSamePixels) << photos[photo] << ", class " << i;
      largest = std::max(largest, std::abs(got - expected));
    }
  }
  std::cout << fmt::format("{}: largest difference {:.1e}\n", one.name(), largest);
}

ClassifierModel UsageModel() {
  return MakeExportModel(FindNetwork("mobilenet"), {"class 0", "class 1", "class 2"});
}

// Fast, and without the runtimes: the lines before the last give the very pixels that Siskin's network gets.
TEST(ExportUsage, PillowMakesThePixelsThatSiskinSees) {
  const fs::path shared = SharedFolder("cases");
  if (shared.empty()) GTEST_SKIP() << kNoShared;
  const std::string python = FirstPython({BenchPython(), "python3", "/usr/bin/python3"});
  if (python.empty()) GTEST_SKIP() << kNoPillow;
  const TemporaryFolder folder;
  const std::vector<std::string> photos = UsagePhotos(fs::absolute(shared), folder.path());
  ClassifierModel model = SmallModel({"a", "b"});
  model.card.preprocessing.height = model.card.network.height = 45;
  model.card.preprocessing.width = model.card.network.width = 58;
  const std::vector<UsageCase> cases = UsageCases(std::move(model), photos, folder.path(), "onnx", "model.onnx");
  const std::vector<Json> answers = RunUsages({python, kUsageDrivers / "run_usage.py", "pixels"}, cases);
  ASSERT_EQ(answers.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(cases[i].name());
    const Json& pixels = answers[i].at("answers");
    ASSERT_EQ(pixels.size(), photos.size());
    for (size_t photo = 0; photo < photos.size(); ++photo) {
      EXPECT_TRUE(pixels[photo] == Hexadecimal(PixelsOf(photos[photo], cases[i].preprocessing))) << photos[photo];
    }
  }
}

TEST(ExportUsage, OnnxGivesTheScoresOfPredict) {
  if (UnderSanitizer()) GTEST_SKIP() << kTooSlow;
  const fs::path python = BenchPython(), shared = SharedFolder("cases");
  if (python.empty()) GTEST_SKIP() << kNoBenchPython;
  if (shared.empty()) GTEST_SKIP() << kNoShared;
  const TemporaryFolder folder;
  const std::vector<std::string> photos = UsagePhotos(fs::absolute(shared), folder.path());
  const std::vector<UsageCase> cases = UsageCases(UsageModel(), photos, folder.path(), "onnx", "model.onnx");
  const std::vector<Json> answers = RunUsages({python, kUsageDrivers / "run_usage.py", "scores"}, cases);
  ASSERT_EQ(answers.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    ExpectPredictedScores(cases[i], photos, answers[i].at("answers"));
  }
}

TEST(ExportUsage, KerasGivesTheScoresOfPredict) {
  if (UnderSanitizer()) GTEST_SKIP() << kTooSlow;
  const fs::path python = BenchPython(), shared = SharedFolder("cases");
  if (python.empty()) GTEST_SKIP() << kNoBenchPython;
  if (shared.empty()) GTEST_SKIP() << kNoShared;
  const TemporaryFolder folder;
  const std::vector<std::string> photos = UsagePhotos(fs::absolute(shared), folder.path());
  std::vector<UsageCase> cases = UsageCases(UsageModel(), photos, folder.path(), "keras", "model.keras");
  // The lines are those for ONNX but the last; Keras takes seconds to load a model, which it does for every photo.
  std::erase_if(cases,
                [](const UsageCase& one) { return one.preprocessing.interpolation != Interpolation::kBilinear; });
  const std::vector<Json> answers = RunUsages({python, kUsageDrivers / "run_usage.py", "scores"}, cases);
  ASSERT_EQ(answers.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    ExpectPredictedScores(cases[i], photos, answers[i].at("answers"));
  }
}

// Photos that Siskin decodes at full size: a browser does not decode JPEGs at a part of theirs.
TEST(ExportUsage, TfjsGivesTheScoresOfPredict) {
  if (UnderSanitizer()) GTEST_SKIP() << kTooSlow;
  const fs::path python = BenchPython(), shared = SharedFolder("cases"), modules = TfjsModules();
  if (modules.empty()) GTEST_SKIP() << kNoTfjs;
  if (python.empty()) GTEST_SKIP() << kNoBenchPython;
  if (shared.empty()) GTEST_SKIP() << kNoShared;
  const TemporaryFolder folder;
  std::vector<std::string> photos = UsagePhotos(fs::absolute(shared), folder.path());
  std::erase_if(photos, [](const std::string& photo) { return photo.ends_with("large.jpg"); });
  const std::vector<UsageCase> cases = UsageCases(UsageModel(), photos, folder.path(), "tfjs", "tfjs");
  for (const UsageCase& one : cases) RunDriverOn({python, kUsageDrivers / "decode.py"}, {one.folder});
  const std::vector<Json> answers = RunUsages({"node", kUsageDrivers / "run_tfjs_usage.js", modules}, cases);
  ASSERT_EQ(answers.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    ExpectPredictedScores(cases[i], photos, answers[i].at("answers"));
  }
}

// The page has the lines that are printed, to the letter.
TEST(ExportUsage, StandsInTheDocumentation) {
  const TemporaryFolder folder;
  ClassifierModel model = SmallModel({"a", "b"});
  model.card.preprocessing.height = model.card.network.height = 224;
  model.card.preprocessing.width = model.card.network.width = 224;
  SaveModel(folder.path() / "model", model);
  const std::string page = ReadText(fs::path(SISKIN_SOURCE_DIR) / "docs" / "export.md");
  for (const auto& [to, file] : {std::pair("onnx", "pets.onnx"), {"keras", "pets.keras"}, {"tfjs", "pets"}}) {
    const RunResult result = RunSiskin({"export", "model", "--to", to, "-o", file}, {.folder = folder.path()});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const std::string usage = result.out.substr(result.out.find("\n\n") + 2);
    EXPECT_NE(page.find("\n" + usage + "```\n"), std::string::npos) << usage;
  }
}

// The name of a file is a text in Python and in JavaScript, whatever is in it.
TEST(ExportUsage, NamesAreQuoted) {
  const TemporaryFolder folder;
  SaveModel(folder.path() / "model", SmallModel({"a", "b"}));
  const RunResult result =
      RunSiskin({"export", "model", "-o", "my \"best\" \\ {pets}.onnx"}, {.folder = folder.path()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find(R"(InferenceSession("my \"best\" \\ {pets}.onnx"))"), std::string::npos) << result.out;
}

}  // namespace
}  // namespace siskin::testing
