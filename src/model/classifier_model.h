// A trained classifier: reading and writing its file, asking it, proving that it answers as it did where it was
// trained.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/threads.h"
#include "data/loader.h"
#include "graph/plan.h"
#include "model/model_card.h"
#include "tensor/tensor.h"

namespace siskin {

struct ClassifierModel {
  ModelCard card;
  TensorMap weights;
  std::filesystem::path file = {};  // that it was read from; empty if it was made
};

// The file is a valid .safetensors; the card stands in its metadata under "siskin". kModel if it is not a Siskin model
// (what it is instead is said where it can be known), its card is damaged or it does not hold exactly the network's
// tensors; kIo otherwise. The digest of the weights is not checked (it takes as long as the rest): Verify does.
ClassifierModel ReadModel(const std::filesystem::path& file);
ClassifierModel ParseModel(std::string_view bytes, std::string_view where);  // the same from memory
ModelCard ReadModelCard(const std::filesystem::path& file);                  // reads the header only
// Answers of the weights for a few drawn pictures, in place of those that the card has.
void SetReferences(ClassifierModel* model, ThreadPool& threads);
// SHA-256 of the weights (TensorDigest, in the network's own order).
std::string WeightsDigest(const ClassifierModel& model);
// Writes the model as it is, atomically, with the digests of its weights and of its card.
void SaveModel(const std::filesystem::path& file, const ClassifierModel& model, FileOps& ops = FileOps::System());
// Both: for a model that was made here.
void WriteModel(const std::filesystem::path& file, ClassifierModel* model, ThreadPool& threads,
                FileOps& ops = FileOps::System());

// Logits [photos, outputs] to scores [photos, classes] by the card's temperature; the logits are overwritten.
void LogitsToScores(const ModelCard& card, std::span<float> logits, std::span<float> scores);
// The class for one photo's scores: by the card's threshold (two classes), or the largest.
int Decide(const ModelCard& card, std::span<const float> scores);

// Runs a model over photos. Holds the compiled plan; not for two threads at once.
class Predictor {
 public:
  Predictor(const ClassifierModel& model, int max_batch, ThreadPool& threads);

  const ModelCard& card() const { return card_; }
  int num_classes() const { return static_cast<int>(card_.class_names.size()); }
  int max_batch() const { return plan_.max_batch(); }
  // Packed weights, activations, scratch and the input: all that was allocated for running it.
  size_t memory_bytes() const;

  struct Answer {
    LoadStatus status;          // with an error: no scores
    std::vector<float> scores;  // [classes], sum 1
    int label = -1;             // the class, by threshold (two classes) or the largest score
  };
  // One answer per file, in order; at most max_batch files are in memory at once.
  std::vector<Answer> Predict(std::span<const std::filesystem::path> files);

  // Preprocessed input [n, height, width, 3] to scores [n, classes].
  void Scores(std::span<const float> input, int n, std::span<float> scores);
  std::vector<float> Scores(const Image& image);
  int Decide(std::span<const float> scores) const { return siskin::Decide(card_, scores); }

 private:
  size_t InputFloats() const;  // of one photo

  ModelCard card_;
  ThreadPool& threads_;
  Plan plan_;
  std::vector<float> input_, logits_;
};

// The drawn picture of a reference: 120 x 90, a gradient with rectangles and noise; a pure function of `number`. It
// takes the way of a photo, so that resizing and scaling are proved too.
Image ReferencePicture(uint32_t number);

struct VerifyResult {
  std::string weights_sha256;  // of the weights as they are
  std::string written_sha256;  // as they were when the file was written; empty: nobody knows, the file is older
  int references = 0;
  double largest_difference = 0;
  double tolerance = 1e-4;  // other instruction sets sum in another order

  bool weights_changed() const { return !written_sha256.empty() && written_sha256 != weights_sha256; }
  bool answers_differ() const { return !(largest_difference <= tolerance); }
  bool passed() const { return references > 0 && !answers_differ() && !weights_changed(); }
};
VerifyResult Verify(const ClassifierModel& model, ThreadPool& threads);

}  // namespace siskin
