// include/siskin/classifier.h on top of model/.
#include "siskin/classifier.h"

#include <utility>

#include "base/threads.h"
#include "images/decode.h"
#include "images/preprocess.h"
#include "model/classifier_model.h"

namespace siskin {
namespace {

constexpr int kMaxBatch = 8;  // what a batch gains is gained by 8; more only costs memory

}  // namespace

struct Classifier::Impl {
  Impl(const std::filesystem::path& file, int num_threads)
      : threads(num_threads), predictor(ReadModel(file), kMaxBatch, threads) {}

  Prediction ToPrediction(Predictor::Answer answer) const {
    Prediction prediction;
    prediction.error = std::move(answer.status.error);
    prediction.warning = std::move(answer.status.warning);
    if (!prediction.ok()) return prediction;
    const auto label = static_cast<size_t>(answer.label);
    prediction.label = predictor.card().class_names[label];
    prediction.score = answer.scores[label];
    prediction.scores = std::move(answer.scores);
    return prediction;
  }

  ThreadPool threads;
  Predictor predictor;
};

Classifier::Classifier(const std::filesystem::path& model_file, int threads)
    : impl_(std::make_unique<Impl>(model_file, threads)) {}
Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;

const std::vector<std::string>& Classifier::class_names() const {
  return impl_->predictor.card().class_names;
}

Prediction Classifier::Classify(const std::filesystem::path& photo) {
  return Classify(std::span(&photo, 1))[0];
}

Prediction Classifier::ClassifyBytes(std::string_view photo) {
  const DecodedImage decoded = DecodeImage(photo, DecodeOptionsFor(impl_->predictor.card().preprocessing));
  Predictor::Answer answer{.status = {.error = decoded.error, .warning = decoded.warning}, .scores = {}, .label = -1};
  if (decoded.error.empty()) {
    answer.scores = impl_->predictor.Scores(decoded.image);
    answer.label = impl_->predictor.Decide(answer.scores);
  }
  return impl_->ToPrediction(std::move(answer));
}

std::vector<Prediction> Classifier::Classify(std::span<const std::filesystem::path> photos) {
  std::vector<Prediction> predictions;
  predictions.reserve(photos.size());
  for (Predictor::Answer& answer : impl_->predictor.Predict(photos)) {
    predictions.push_back(impl_->ToPrediction(std::move(answer)));
  }
  return predictions;
}

}  // namespace siskin
