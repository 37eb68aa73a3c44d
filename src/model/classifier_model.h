// A trained classifier's file: reading and writing it. That it answers as it did where it was trained: self_proof.h.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.h"
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
// SHA-256 of the weights (TensorDigest, in the network's own order).
std::string WeightsDigest(const ClassifierModel& model);
// Writes the model as it is, atomically, with the digests of its weights and of its card.
void SaveModel(const std::filesystem::path& file, const ClassifierModel& model, FileOps& ops = FileOps::System());

}  // namespace siskin
