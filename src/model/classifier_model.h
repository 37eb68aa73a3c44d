// A trained classifier's file: reading it, writing it, proving that it answers as it did where it was trained.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/threads.h"
#include "images/image.h"
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
