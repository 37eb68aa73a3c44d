// include/siskin/classifier.h on top of model/.
#include "siskin/classifier.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "api/model_info.h"
#include "api/pixels.h"
#include "base/threads.h"
#include "model/predictor.h"

namespace siskin {
namespace {

constexpr int kMaxBatch = 8;  // what a batch gains is gained by 8; more only costs memory

ImageView ViewOf(const Pixels& pixels) {
  return {pixels.rgb, pixels.width, pixels.height, pixels.row_bytes};
}

}  // namespace

std::vector<int> Prediction::Top(size_t k) const {
  std::vector<int> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  const auto best = order.begin() + static_cast<std::ptrdiff_t>(std::min(k, order.size()));
  std::partial_sort(order.begin(), best, order.end(), [&](int a, int b) {
    const float of_a = scores[static_cast<size_t>(a)], of_b = scores[static_cast<size_t>(b)];
    return of_a != of_b ? of_a > of_b : a < b;
  });
  order.erase(best, order.end());
  return order;
}

struct Classifier::Impl {
  Impl(const std::filesystem::path& file, int num_threads)
      : threads(num_threads), predictor(ReadModel(file), kMaxBatch, threads), info(InfoOf(predictor.card())) {}
  Impl(const Impl& other, int num_threads)
      : threads(num_threads), predictor(other.predictor, kMaxBatch, threads), info(other.info) {}

  std::vector<Prediction> ToPredictions(std::vector<Predictor::Answer> answers) const {
    std::vector<Prediction> predictions(answers.size());
    for (size_t i = 0; i < answers.size(); ++i) {
      Prediction& prediction = predictions[i];
      prediction.error = std::move(answers[i].status.error);
      prediction.warning = std::move(answers[i].status.warning);
      if (!prediction.ok()) continue;
      const auto label = static_cast<size_t>(answers[i].label);
      prediction.label = info.class_names[label];
      prediction.index = answers[i].label;
      prediction.score = answers[i].scores[label];
      prediction.scores = std::move(answers[i].scores);
    }
    return predictions;
  }

  ThreadPool threads;
  Predictor predictor;
  ModelInfo info;
};

Classifier::Classifier(const std::filesystem::path& model_file, int threads)
    : impl_(std::make_unique<Impl>(model_file, threads)) {}
Classifier::Classifier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;

Classifier Classifier::ShareModel(int threads) const {
  return Classifier(std::make_unique<Impl>(*impl_, threads));
}

const std::vector<std::string>& Classifier::class_names() const {
  return impl_->info.class_names;
}

const ModelInfo& Classifier::model() const {
  return impl_->info;
}

Prediction Classifier::ClassifyFile(const std::filesystem::path& photo) {
  return ClassifyFiles({&photo, 1})[0];
}
Prediction Classifier::ClassifyBytes(std::string_view photo) {
  return ClassifyManyBytes({&photo, 1})[0];
}
Prediction Classifier::ClassifyPixels(const Pixels& photo) {
  return ClassifyManyPixels({&photo, 1})[0];
}

std::vector<Prediction> Classifier::ClassifyFiles(std::span<const std::filesystem::path> photos) {
  return impl_->ToPredictions(impl_->predictor.PredictFiles(photos));
}

std::vector<Prediction> Classifier::ClassifyManyBytes(std::span<const std::string_view> photos) {
  return impl_->ToPredictions(impl_->predictor.PredictBytes(photos));
}

std::vector<Prediction> Classifier::ClassifyManyPixels(std::span<const Pixels> photos) {
  std::vector<ImageView> views;
  views.reserve(photos.size());
  for (const Pixels& photo : photos) {
    views.push_back(ViewOf(photo));
    RequirePicture(views.back());
  }
  return impl_->ToPredictions(impl_->predictor.PredictPixels(views));
}

}  // namespace siskin
