#include "train/phases.h"

namespace siskin {
namespace {

// The head's epochs are 1 to 1,000,000 at most, those of the fine-tuning begin here: no two take the photos in the same
// order.
constexpr uint32_t kFineTuneShuffles = 1u << 30;

// The first layer that is trained; empty: all are.
std::string FirstTrained(FineTune layers, const ModelCard& card) {
  const NetworkCard& network = FindNetwork(card.network.network);
  switch (layers) {
    case FineTune::kLastBlock:
      return network.last_block;
    case FineTune::kHalf:
      return network.deeper_half;
    default:
      return "";
  }
}

// What both phases are told alike.
TrainerOptions CommonOptions(const Recipe& recipe, const ModelCard& card, std::span<const int> labels, uint64_t seed) {
  TrainerOptions options;
  options.loss.label_smoothing = recipe.label_smoothing;
  if (recipe.class_weight == ClassWeight::kBalanced) {
    options.loss.class_weights = BalancedClassWeights(labels, static_cast<int>(card.class_names.size()));
  }
  options.select_by = recipe.select_by;
  options.patience = recipe.patience;
  options.seed = seed;
  return options;
}

}  // namespace

Graph HeadGraph(const ModelCard& card, int channels) {
  Graph graph;
  graph.Input(1, 1, channels);
  AppendHead(card, &graph);
  return graph;
}

TrainerOptions HeadPhase(const Recipe& recipe, const ModelCard& card, int channels, std::span<const int> labels,
                         uint64_t seed) {
  TrainerOptions options = CommonOptions(recipe, card, labels, seed);
  options.graph = HeadGraph(card, channels);
  options.optimizer = recipe.optimizer;
  options.batch = recipe.head_batch;
  options.validation_batch = 256;  // keeps all threads busy, and is 2 MB of Xception's features
  options.first_candidate = FirstCandidate(recipe.optimizer);
  return options;
}

TrainerOptions FineTunePhase(const Recipe& recipe, const ModelCard& card, const EpochResult& head,
                             std::span<const int> labels, uint64_t seed) {
  const FineTuneRecipe& fine_tune = recipe.fine_tune;
  TrainerOptions options = CommonOptions(recipe, card, labels, seed);
  options.graph = BuildModelGraph(card);
  options.first_trained = FirstTrained(fine_tune.layers, card);
  options.optimizer = fine_tune.optimizer;
  options.batch = fine_tune.batch;
  options.backbone_lr = fine_tune.backbone_lr;
  options.batch_statistics = fine_tune.train_bn;
  options.clip_norm = fine_tune.clip_norm;
  options.ema = fine_tune.ema;
  options.mixup = fine_tune.mixup;
  options.cutmix = fine_tune.cutmix;
  if (!fine_tune.keep) options.baseline = head;
  options.shuffle_stream = kFineTuneShuffles;
  return options;
}

}  // namespace siskin
