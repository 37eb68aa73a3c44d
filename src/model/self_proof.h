// How a model file proves anywhere that it answers as it did where it was trained: with the scores of a few drawn
// pictures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/files.h"
#include "base/threads.h"
#include "images/image.h"
#include "model/classifier_model.h"

namespace siskin {

// Answers of the weights for the drawn pictures, in place of those that the card has.
void SetReferences(ClassifierModel* model, ThreadPool& threads);
// SetReferences and SaveModel: for a model that was made here.
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
