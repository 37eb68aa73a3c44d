// Files that Keras itself has written, made by tests/make_keras_files.py: too large and too slow to make in every run,
// so this looks only where SISKIN_KERAS_FILES says.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "weights/import.h"
#include "weights/safetensors.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

NetworkLayout ReadLayout(const fs::path& path) {
  NetworkLayout layout;
  for (const Json& entry : ParseJson(ReadFile(path), path.native())) {
    LayerLayout layer{entry["name"], entry["class"], entry["named"], {}};
    for (const Json& parameter : entry["parameters"]) {
      layer.parameters.push_back({parameter[0], Shape(parameter[1].get<std::vector<int64_t>>())});
    }
    layout.push_back(std::move(layer));
  }
  return layout;
}

TEST(KerasFiles, GiveTheirTensors) {
  const char* folder = std::getenv("SISKIN_KERAS_FILES");
  if (folder == nullptr) GTEST_SKIP() << "SKIPPED: set SISKIN_KERAS_FILES, see tests/make_keras_files.py";
  int files = 0;
  for (const auto& truth : fs::directory_iterator(folder)) {
    if (truth.path().extension() != ".safetensors") continue;
    const std::string name = truth.path().stem();
    const TensorMap expected = ReadSafetensors(truth.path()).tensors;
    const NetworkLayout layout = ReadLayout(fs::path(folder) / (name + ".layout.json"));
    for (const auto& file : fs::directory_iterator(folder)) {
      const std::string extension = file.path().extension();
      const bool of_this = file.path().filename().native().starts_with(name + ".");
      if (!of_this || (extension != ".keras" && extension != ".h5")) continue;
      SCOPED_TRACE(file.path().filename());
      testing::ExpectSameTensors(ImportWeights(file.path(), layout), expected);
      ++files;
    }
  }
  EXPECT_GE(files, 80);  // 4 networks in 8 forms; 2 of them also inside 3 other models
}

}  // namespace
}  // namespace siskin
