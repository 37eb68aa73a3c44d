#include "model/predictor.h"

#include <algorithm>
#include <utility>

#include "images/preprocess.h"
#include "kernels/elementwise/elementwise.h"

namespace siskin {

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
    : Predictor(model.card, std::make_shared<CompiledModel>(BuildModelGraph(model.card), model.weights), max_batch,
                threads) {}

Predictor::Predictor(ClassifierModel&& model, int max_batch, ThreadPool& threads)
    : Predictor(model.card, std::make_shared<CompiledModel>(BuildModelGraph(model.card), std::move(model.weights)),
                max_batch, threads) {}

Predictor::Predictor(const Predictor& other, int max_batch, ThreadPool& threads)
    : Predictor(other.card_, other.compiled_, max_batch, threads) {}

Predictor::Predictor(const ModelCard& card, std::shared_ptr<const CompiledModel> compiled, int max_batch,
                     ThreadPool& threads)
    : card_(card),
      threads_(threads),
      compiled_(std::move(compiled)),
      session_(compiled_, {.max_batch = max_batch}, threads),
      input_(Shape{max_batch, static_cast<int64_t>(InputFloats())}),
      logits_(static_cast<size_t>(max_batch) * static_cast<size_t>(compiled_->output_shape().c)) {}

size_t Predictor::memory_bytes() const {
  return compiled_->weights_bytes() + session_.arena_bytes() + input_.num_bytes() + logits_.size() * sizeof(float);
}

size_t Predictor::InputFloats() const {
  return static_cast<size_t>(card_.preprocessing.height) * static_cast<size_t>(card_.preprocessing.width) * 3;
}

void Predictor::Scores(std::span<const float> input, int n, std::span<float> scores) {
  const size_t outputs = static_cast<size_t>(compiled_->output_shape().c);
  const std::span<float> logits = std::span(logits_).first(static_cast<size_t>(n) * outputs);
  session_.Run(input, n, logits);
  LogitsToScores(card_, logits, scores);
}

std::vector<float> Predictor::Scores(const ImageView& image) {
  const std::span<float> input = input_.values<float>().first(InputFloats());
  Preprocess(image, card_.preprocessing, input);
  std::vector<float> scores(card_.class_names.size());
  Scores(input, 1, scores);
  return scores;
}

std::vector<Predictor::Answer> Predictor::PredictFiles(std::span<const std::filesystem::path> files) {
  return Predict(files.size(), [&](size_t begin, size_t n, std::span<float> input) {
    return LoadPhotos(files.subspan(begin, n), card_.preprocessing, input, threads_);
  });
}

std::vector<Predictor::Answer> Predictor::PredictBytes(std::span<const std::string_view> photos) {
  return Predict(photos.size(), [&](size_t begin, size_t n, std::span<float> input) {
    return DecodePhotos(photos.subspan(begin, n), card_.preprocessing, input, threads_);
  });
}

std::vector<Predictor::Answer> Predictor::PredictPixels(std::span<const ImageView> photos) {
  return Predict(photos.size(), [&](size_t begin, size_t n, std::span<float> input) {
    threads_.ParallelFor(n, [&](size_t i, int) {
      Preprocess(photos[begin + i], card_.preprocessing, input.subspan(i * InputFloats(), InputFloats()));
    });
    return std::vector<LoadStatus>(n);
  });
}

std::vector<Predictor::Answer> Predictor::Predict(size_t count, const LoadBatch& load) {
  std::vector<Answer> answers;
  answers.reserve(count);
  const size_t classes = card_.class_names.size();
  std::vector<float> scores(static_cast<size_t>(max_batch()) * classes);
  while (answers.size() < count) {
    const size_t n = std::min(count - answers.size(), static_cast<size_t>(max_batch()));
    const std::span<float> input = input_.values<float>().first(n * InputFloats());
    std::vector<LoadStatus> loaded = load(answers.size(), n, input);
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

}  // namespace siskin
