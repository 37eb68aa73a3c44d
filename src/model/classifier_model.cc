#include "model/classifier_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "graph/parameters.h"
#include "kernels/elementwise/elementwise.h"
#include "model/card_metadata.h"
#include "weights/file/safetensors.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kNumReferences = 3;

}  // namespace

void SetReferences(ClassifierModel* model, ThreadPool& threads) {
  model->card.references.clear();
  Predictor predictor(*model, 1, threads);
  for (uint32_t number = 0; number < kNumReferences; ++number) {
    model->card.references.push_back({number, predictor.Scores(ReferencePicture(number))});
  }
}

std::string WeightsDigest(const ClassifierModel& model) {
  return TensorDigest(model.weights, ParameterNames(BuildModelGraph(model.card).Layout()));
}

void SaveModel(const fs::path& file, const ClassifierModel& model, FileOps& ops) {
  ModelCard card = model.card;
  card.weights_sha256 = WeightsDigest(model);
  WriteSafetensors(file, model.weights, CardToMetadata(card), ops);
}

void WriteModel(const fs::path& file, ClassifierModel* model, ThreadPool& threads, FileOps& ops) {
  SetReferences(model, threads);
  SaveModel(file, *model, ops);
}

void LogitsToScores(const ModelCard& card, std::span<float> logits, std::span<float> scores) {
  const float inverse_temperature = static_cast<float>(1 / card.temperature);
  for (float& logit : logits) logit *= inverse_temperature;
  const size_t classes = card.class_names.size();
  if (card.network.top || NumHeadOutputs(classes) > 1) {
    Softmax(logits, static_cast<int>(classes), scores);
    return;
  }
  Sigmoid(logits, logits);
  for (size_t i = 0; i < logits.size(); ++i) {
    scores[2 * i] = 1 - logits[i];
    scores[2 * i + 1] = logits[i];
  }
}

int Decide(const ModelCard& card, std::span<const float> scores) {
  if (scores.size() == 2) return scores[1] >= card.threshold ? 1 : 0;
  return static_cast<int>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

Predictor::Predictor(const ClassifierModel& model, int max_batch, ThreadPool& threads)
    : card_(model.card),
      threads_(threads),
      plan_(BuildModelGraph(model.card), model.weights, {.max_batch = max_batch}, threads),
      input_(static_cast<size_t>(max_batch) * InputFloats()),
      logits_(static_cast<size_t>(max_batch) * static_cast<size_t>(plan_.output_shape().c)) {}

size_t Predictor::memory_bytes() const {
  return plan_.weights_bytes() + plan_.arena_bytes() + (input_.size() + logits_.size()) * sizeof(float);
}

size_t Predictor::InputFloats() const {
  return static_cast<size_t>(card_.preprocessing.height) * static_cast<size_t>(card_.preprocessing.width) * 3;
}

void Predictor::Scores(std::span<const float> input, int n, std::span<float> scores) {
  const size_t outputs = static_cast<size_t>(plan_.output_shape().c);
  const std::span<float> logits = std::span(logits_).first(static_cast<size_t>(n) * outputs);
  plan_.Run(input, n, logits);
  LogitsToScores(card_, logits, scores);
}

std::vector<float> Predictor::Scores(const Image& image) {
  const std::span<float> input = std::span(input_).first(InputFloats());
  Preprocess(image, card_.preprocessing, input);
  std::vector<float> scores(card_.class_names.size());
  Scores(input, 1, scores);
  return scores;
}

std::vector<Predictor::Answer> Predictor::Predict(std::span<const fs::path> files) {
  std::vector<Answer> answers;
  answers.reserve(files.size());
  const size_t classes = card_.class_names.size();
  std::vector<float> scores(static_cast<size_t>(max_batch()) * classes);
  while (answers.size() < files.size()) {
    const size_t n = std::min(files.size() - answers.size(), static_cast<size_t>(max_batch()));
    const std::span<float> input = std::span(input_).first(n * InputFloats());
    std::vector<LoadStatus> loaded = LoadPhotos(files.subspan(answers.size(), n), card_.preprocessing, input, threads_);
    Scores(input, static_cast<int>(n), scores);
    for (size_t i = 0; i < n; ++i) {
      Answer answer{.status = std::move(loaded[i]), .scores = {}, .label = -1};
      if (answer.status.error.empty()) {
        answer.scores.assign(scores.begin() + static_cast<std::ptrdiff_t>(i * classes),
                             scores.begin() + static_cast<std::ptrdiff_t>((i + 1) * classes));
        answer.label = Decide(answer.scores);
      }
      answers.push_back(std::move(answer));
    }
  }
  return answers;
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
