// The two phases of `siskin train` as what the trainer is told: first the head on features that were computed once,
// then (unless it is off) the network itself on augmented photos.
#pragma once

#include <cstdint>
#include <span>

#include "graph/graph.h"
#include "model/model_card.h"
#include "train/epoch.h"
#include "train/recipe.h"
#include "train/trainer.h"

namespace siskin {

// The head alone, from features [1, 1, channels] to logits.
Graph HeadGraph(const ModelCard& card, int channels);

// labels: of the photos for training. card: of the model as it will be (network, head, preprocessing, classes).
TrainerOptions HeadPhase(const Recipe& recipe, const ModelCard& card, int channels, std::span<const int> labels,
                         uint64_t seed);

// `head` is how good the head alone is on the validation photos (CalibratedLoss): nothing worse is kept, unless the
// recipe says so.
TrainerOptions FineTunePhase(const Recipe& recipe, const ModelCard& card, const EpochResult& head,
                             std::span<const int> labels, uint64_t seed);

}  // namespace siskin
