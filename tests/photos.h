// What product tests train on: drawn pictures, a small network with weights from a formula, and a model of the two.
// Small enough for sanitizers; no published weights are needed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/testing.h"
#include "program.h"

namespace siskin::testing {

// The drawn photos: folder/bird/*.jpg and folder/other/*.jpg.
void DrawPhotos(const std::filesystem::path& folder, int per_class);

// Weights of MobileNet at a quarter of its width, without top, as golden/README.md's formula has them.
void WriteFormulaWeights(const std::filesystem::path& file);

// A folder with photos/, weights.safetensors and the means to train on them in about a second.
class Workshop {
 public:
  explicit Workshop(int photos_per_class = 20);

  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
  // The arguments of a short training: photos/ to model.safetensors, run folder run/.
  std::vector<std::string> TrainArguments() const;
  // Runs it; the test fails if that does not succeed.
  void Train() const;

 private:
  TemporaryFolder folder_;
};

// Published weights, if somebody pulled them on this machine: tests never download.
bool MobileNetIsHere();
inline constexpr char kNoMobileNet[] = "SKIPPED: nobody pulled mobilenet-imagenet, nothing was predicted";

// The bytes of a PNG file whose header says 65,535 x 65,535 pixels (12.9 GB as RGB) and that holds none of them.
std::string HugePng();
// Any of the drawn photos' bytes.
std::string OnePhoto(const std::filesystem::path& photos);

}  // namespace siskin::testing
