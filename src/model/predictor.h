// Asking a trained classifier: photos as files, as the bytes of files, or as pixels.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/threads.h"
#include "data/loader.h"
#include "graph/compiled_model.h"
#include "graph/session.h"
#include "images/image.h"
#include "model/classifier_model.h"
#include "tensor/tensor.h"

namespace siskin {

// Logits [photos, outputs] to scores [photos, classes] by the card's temperature; the logits are overwritten.
void LogitsToScores(const ModelCard& card, std::span<float> logits, std::span<float> scores);
// The class for one photo's scores: by the card's threshold (two classes), or the largest.
int Decide(const ModelCard& card, std::span<const float> scores);

// Runs a model over photos. Not for two threads at once: give each a predictor of its own that shares the weights.
class Predictor {
 public:
  Predictor(const ClassifierModel& model, int max_batch, ThreadPool& threads);
  // The same of a model that nobody else needs: its weights are freed while they are packed.
  Predictor(ClassifierModel&& model, int max_batch, ThreadPool& threads);
  // Another one of the same model: its weights are there once.
  Predictor(const Predictor& other, int max_batch, ThreadPool& threads);

  const ModelCard& card() const { return card_; }
  int num_classes() const { return static_cast<int>(card_.class_names.size()); }
  int max_batch() const { return session_.max_batch(); }
  // Packed weights, activations, scratch and the input: all that was allocated for running it.
  size_t memory_bytes() const;

  struct Answer {
    LoadStatus status;          // with an error: no scores
    std::vector<float> scores;  // [classes], sum 1
    int label = -1;             // the class, by threshold (two classes) or the largest score
  };
  // One answer per photo, in order, whatever stands beside it; decoded and computed on all threads, at most max_batch
  // photos in memory at once.
  std::vector<Answer> PredictFiles(std::span<const std::filesystem::path> files);
  std::vector<Answer> PredictBytes(std::span<const std::string_view> photos);
  std::vector<Answer> PredictPixels(std::span<const ImageView> photos);

  // Preprocessed input [n, height, width, 3] to scores [n, classes].
  void Scores(std::span<const float> input, int n, std::span<float> scores);
  std::vector<float> Scores(const ImageView& image);
  int Decide(std::span<const float> scores) const { return siskin::Decide(card_, scores); }

 private:
  Predictor(const ModelCard& card, std::shared_ptr<const CompiledModel> compiled, int max_batch, ThreadPool& threads);

  size_t InputFloats() const;  // of one photo
  // load(begin, n, input) reads photos [begin, begin + n).
  using LoadBatch = std::function<std::vector<LoadStatus>(size_t begin, size_t n, std::span<float> input)>;
  std::vector<Answer> Predict(size_t count, const LoadBatch& load);

  ModelCard card_;
  ThreadPool& threads_;
  std::shared_ptr<const CompiledModel> compiled_;
  Session session_;
  Tensor input_;  // of a batch; not std::vector, which would touch the memory of photos that never come
  std::vector<float> logits_;
};

}  // namespace siskin
