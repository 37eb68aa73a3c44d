#include "model/self_proof.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "model/predictor.h"

namespace siskin {
namespace {

constexpr uint32_t kNumReferences = 3;

}  // namespace

void SetReferences(ClassifierModel* model, ThreadPool& threads) {
  model->card.references.clear();
  Predictor predictor(*model, 1, threads);
  for (uint32_t number = 0; number < kNumReferences; ++number) {
    model->card.references.push_back({number, predictor.Scores(ReferencePicture(number))});
  }
}

void WriteModel(const std::filesystem::path& file, ClassifierModel* model, ThreadPool& threads, FileOps& ops) {
  SetReferences(model, threads);
  SaveModel(file, *model, ops);
}

Image ReferencePicture(uint32_t number) {
  Image image{.width = 120, .height = 90, .rgb = std::vector<uint8_t>(120 * 90 * 3)};
  Random random(number, RandomPurpose::kSynthetic);
  struct Rectangle {
    uint32_t x, y, width, height;
    std::array<uint32_t, 3> colour;
  };
  std::array<Rectangle, 6> rectangles{};
  for (Rectangle& r : rectangles) {
    r = {random.Below(100),
         random.Below(70),
         10 + random.Below(50),
         10 + random.Below(40),
         {random.Below(256), random.Below(256), random.Below(256)}};
  }
  const std::array<uint32_t, 3> corner = {random.Below(128), random.Below(128), random.Below(128)};
  for (uint32_t y = 0; y < 90; ++y) {
    for (uint32_t x = 0; x < 120; ++x) {
      std::array<uint32_t, 3> colour = {corner[0] + x, corner[1] + y, corner[2] + (x + y) / 2};
      for (const Rectangle& r : rectangles) {
        if (x - r.x < r.width && y - r.y < r.height) colour = r.colour;  // unsigned: also false left of and above it
      }
      for (uint32_t c = 0; c < 3; ++c) {
        const uint32_t noisy = colour[c] + random.Below(17);
        image.rgb[(y * 120 + x) * 3 + c] = static_cast<uint8_t>(std::min(noisy, 255u));
      }
    }
  }
  return image;
}

VerifyResult Verify(const ClassifierModel& model, ThreadPool& threads) {
  VerifyResult result;
  result.weights_sha256 = WeightsDigest(model);
  result.written_sha256 = model.card.weights_sha256;
  Predictor predictor(model, 1, threads);
  for (const Reference& reference : model.card.references) {
    const std::vector<float> scores = predictor.Scores(ReferencePicture(reference.picture));
    for (size_t i = 0; i < scores.size(); ++i) {
      const double difference = std::abs(static_cast<double>(scores[i]) - reference.scores[i]);
      // A NaN is the largest difference there is.
      result.largest_difference = std::isnan(difference) ? HUGE_VAL : std::max(result.largest_difference, difference);
    }
    ++result.references;
  }
  return result;
}

}  // namespace siskin
