#include "photos.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/json.h"
#include "networks/catalogue.h"
#include "weights/file/safetensors.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSeed = 1;

// The range of a parameter by its role: golden/README.md.
std::pair<double, double> Range(const std::string& role, const Shape& shape) {
  const int64_t inputs = shape.num_elements() / shape[shape.rank() - 1];
  if (role == "kernel")
    return {-std::sqrt(6.0 / static_cast<double>(inputs)), std::sqrt(6.0 / static_cast<double>(inputs))};
  if (role == "depthwise_kernel") {
    const auto taps = static_cast<double>(shape[0] * shape[1]);
    return {-std::sqrt(3.0 / taps), std::sqrt(3.0 / taps)};
  }
  if (role == "gamma" || role == "moving_variance") return {0.8, 1.2};
  return {-0.1, 0.1};
}

}  // namespace

void DrawPhotos(const fs::path& folder, int per_class) {
  const RunResult drawn = RunSiskin({"demo-data", folder, "--photos", std::to_string(per_class), "-q"});
  ASSERT_EQ(drawn.exit_code, 0) << drawn.err;
}

void WriteFormulaWeights(const fs::path& file) {
  NetworkOptions options;
  options.network = "mobilenet";
  options.alpha = 0.25;
  TensorMap tensors;
  uint64_t number = 0;
  for (const LayerLayout& layer : BuildNetwork(WithDefaults(options)).Layout()) {
    for (const ParameterSpec& parameter : layer.parameters) {
      const auto [low, high] = Range(parameter.name.substr(parameter.name.find('/') + 1), parameter.shape);
      std::vector<float> values(static_cast<size_t>(parameter.shape.num_elements()));
      for (size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>(low + (high - low) * FormulaUniform(kSeed * 100000 + number, i));
      }
      tensors[parameter.name] = Tensor::FromFloats(parameter.shape, values);
      ++number;
    }
  }
  WriteSafetensors(file, tensors, {});
}

Workshop::Workshop(int photos_per_class) {
  DrawPhotos(path("photos"), photos_per_class);
  WriteFormulaWeights(path("weights.safetensors"));
}

std::vector<std::string> Workshop::TrainArguments() const {
  return {"train",      path("photos"),
          "-o",         path("model.safetensors"),
          "--run-dir",  path("run"),
          "--weights",  path("weights.safetensors"),
          "--network",  "mobilenet",
          "--alpha",    "0.25",
          "--size",     "32",
          "--head",     "8",
          "--epochs",   "3",
          "--finetune", "off"};
}

void Workshop::Train() const {
  const RunResult trained = RunSiskin(TrainArguments());
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
}

bool MobileNetIsHere() {
  const Json weights = ParseJson(RunSiskin({"weights", "list", "--format", "json"}).out, "weights list");
  for (const Json& one : weights["weights"]) {
    if (one["name"] == "mobilenet-imagenet") return one["here"].get<bool>();
  }
  ADD_FAILURE() << "the catalogue has no mobilenet-imagenet";
  return false;
}

std::string HugePng() {
  // Signature, IHDR (length 13; 65,535 x 65,535; 8 bits RGB; its CRC), and an IDAT that promises more than there is.
  constexpr char kBytes[] =
      "\x89PNG\r\n\x1a\n"
      "\0\0\0\x0dIHDR\0\0\xff\xff\0\0\xff\xff\x08\x02\0\0\0"
      "\x39\x67\x4e\x07"
      "\0\0\xff\xffIDAT\x78\x9c";
  return std::string(kBytes, sizeof(kBytes) - 1);
}

std::string OnePhoto(const fs::path& photos) {
  return ReadText(photos / "bird" / "001.jpg");
}

}  // namespace siskin::testing
