#include "train/head_trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace siskin {
namespace {

// Photos at once when nothing is learned: enough to keep all threads busy, 2 MB of Xception's features.
constexpr int kEvaluationBatch = 256;

// Channels a thread looks at in one go: rows are read in pieces of four cache lines.
constexpr size_t kChannelBlock = 64;

// A channel that hardly ever fires would be blown up to deviation 1, its noise with it: deviations count as at least
// this share of the mean one.
constexpr double kSmallestDeviation = 0.05;

template <typename Add>
std::vector<double> SumOverPhotos(const FeatureSet& set, ThreadPool& threads, const Add& add) {
  std::vector<double> sums(set.channels);
  threads.ParallelFor((set.channels + kChannelBlock - 1) / kChannelBlock, [&](size_t block, int) {
    const size_t begin = block * kChannelBlock, end = std::min(begin + kChannelBlock, set.channels);
    for (size_t photo = 0; photo < set.num_photos(); ++photo) {
      const std::span<const float> row = set.row(photo);
      for (size_t c = begin; c < end; ++c) sums[c] += add(c, row[c]);
    }
  });
  return sums;
}

std::vector<ParameterRange> RangesOf(const HeadNetwork& network) {
  std::vector<ParameterRange> ranges;
  for (const DenseLayer& layer : network.layers()) {
    ranges.push_back({layer.kernel, layer.bias, true});
    ranges.push_back({layer.bias, layer.bias + static_cast<size_t>(layer.units), false});
  }
  return ranges;
}

// (x - mean) * scale moved into the layer that reads x: kernels [units, inputs] and biases in `parameters`.
void FoldStandardization(const Standardization& standardization, const DenseLayer& layer, std::span<float> parameters) {
  const size_t inputs = static_cast<size_t>(layer.inputs);
  for (size_t unit = 0; unit < static_cast<size_t>(layer.units); ++unit) {
    const std::span<float> kernel = parameters.subspan(layer.kernel + unit * inputs, inputs);
    double shift = 0;
    for (size_t c = 0; c < inputs; ++c) {
      kernel[c] *= standardization.scale[c];
      shift += static_cast<double>(kernel[c]) * static_cast<double>(standardization.mean[c]);
    }
    parameters[layer.bias + unit] -= static_cast<float>(shift);
  }
}

}  // namespace

Standardization FitStandardization(const FeatureSet& train, bool standardize, ThreadPool& threads) {
  Standardization result{std::vector<float>(train.channels, 0.0f), std::vector<float>(train.channels, 1.0f)};
  if (!standardize) return result;
  const double photos = static_cast<double>(train.num_photos());
  std::vector<double> mean = SumOverPhotos(train, threads, [](size_t, float x) { return static_cast<double>(x); });
  for (double& m : mean) m /= photos;
  std::vector<double> deviation = SumOverPhotos(train, threads, [&](size_t c, float x) {
    const double d = static_cast<double>(x) - mean[c];
    return d * d;
  });
  for (double& d : deviation) d = std::sqrt(d / photos);
  const double typical = std::accumulate(deviation.begin(), deviation.end(), 0.0) / static_cast<double>(train.channels);
  for (size_t c = 0; c < train.channels; ++c) {
    const double floored = std::max(deviation[c], kSmallestDeviation * typical);
    result.mean[c] = static_cast<float>(mean[c]);
    result.scale[c] = floored > 0 ? static_cast<float>(1 / floored) : 1;  // 0: all photos look alike
  }
  return result;
}

HeadTrainer::HeadTrainer(const Recipe& recipe, uint64_t seed, int num_classes, const FeatureSet& train,
                         const FeatureSet& validation, const RunContext& context)
    : recipe_(recipe),
      seed_(seed),
      train_(train),
      validation_(validation),
      context_(context),
      standardization_(FitStandardization(train, recipe.standardize, context.threads)),
      network_(static_cast<int>(train.channels), recipe.head, NumHeadOutputs(static_cast<size_t>(num_classes)),
               std::max(recipe.head_batch, kEvaluationBatch), context.threads),
      ranges_(RangesOf(network_)) {
  loss_.label_smoothing = recipe.label_smoothing;
  if (recipe.class_weight == ClassWeight::kBalanced)
    loss_.class_weights = BalancedClassWeights(train.labels, num_classes);
  state_.parameters = network_.InitialParameters(seed);
  if (recipe.optimizer.keeps_first()) state_.first.resize(network_.num_parameters());
  if (recipe.optimizer.keeps_second()) state_.second.resize(network_.num_parameters());
  const size_t max_batch = static_cast<size_t>(network_.max_batch());
  batch_.resize(max_batch * train.channels);
  dlogits_.resize(max_batch * static_cast<size_t>(network_.outputs()));
  gradient_.resize(network_.num_parameters());
}

bool HeadTrainer::finished() const {
  const int done = static_cast<int>(state_.history.size());
  return done >= recipe_.optimizer.epochs || (recipe_.patience > 0 && done - state_.best_epoch >= recipe_.patience);
}

std::span<const float> HeadTrainer::Gather(const FeatureSet& set, std::span<const uint32_t> photos) {
  const size_t channels = set.channels;
  context_.threads.ParallelFor(photos.size(), [&](size_t i, int) {
    const std::span<const float> row = set.row(photos[i]);
    float* to = batch_.data() + i * channels;
    for (size_t c = 0; c < channels; ++c) to[c] = (row[c] - standardization_.mean[c]) * standardization_.scale[c];
  });
  return std::span(batch_).first(photos.size() * channels);
}

void HeadTrainer::RunEpoch() {
  const auto start = std::chrono::steady_clock::now();
  EpochResult result;
  result.epoch = static_cast<int>(state_.history.size()) + 1;
  const LossSum train = TrainOneEpoch(static_cast<uint32_t>(result.epoch), &result.lr);
  const LossSum validation = Validate();
  result.train_loss = train.mean_loss();
  result.train_accuracy = train.accuracy();
  result.validation_loss = validation.mean_loss();
  result.validation_accuracy = validation.accuracy();
  if (!std::isfinite(result.train_loss) || !std::isfinite(result.validation_loss)) {
    Fail(ErrorKind::kUsage, "the training diverged in epoch {} (its loss is no number any more): try --lr {}",
         result.epoch, recipe_.optimizer.lr / 10);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.time = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  state_.history.push_back(result);
  KeepIfBest();
}

LossSum HeadTrainer::TrainOneEpoch(uint32_t epoch, double* lr) {
  const auto num_photos = static_cast<uint32_t>(train_.num_photos());
  const auto batch = static_cast<uint32_t>(recipe_.head_batch);
  const std::vector<uint32_t> order = RandomPermutation(num_photos, Random(seed_, RandomPurpose::kShuffle, epoch));
  const int64_t steps_per_epoch = (num_photos + batch - 1) / batch;
  const double plateau = recipe_.optimizer.schedule == Schedule::kPlateau ? PlateauFactor(state_.history) : 1;
  LossSum sum;
  std::vector<int> labels;
  for (uint32_t begin = 0; begin < num_photos; begin += batch) {
    if (context_.stopped()) Fail(ErrorKind::kInterrupted, "stopped in epoch {} of the head's training", epoch);
    const std::span<const uint32_t> photos = std::span(order).subspan(begin, std::min(batch, num_photos - begin));
    labels.clear();
    for (const uint32_t photo : photos) labels.push_back(train_.labels[photo]);

    const DropoutKey dropout{seed_, epoch, photos};
    const std::span<const float> logits =
        network_.Forward(state_.parameters, Gather(train_, photos), static_cast<int>(photos.size()), &dropout);
    const std::span<float> dlogits = std::span(dlogits_).first(logits.size());
    sum.Add(CrossEntropy(logits, {labels}, loss_, static_cast<int64_t>(photos.size()), dlogits));
    network_.Backward(state_.parameters, dlogits, gradient_);
    *lr = LearningRate(recipe_.optimizer, state_.steps, steps_per_epoch) * plateau;
    OptimizerStep(recipe_.optimizer, *lr, ++state_.steps, ranges_,
                  {state_.parameters, gradient_, state_.first, state_.second}, context_.threads);
  }
  return sum;
}

// Calibrated: an overconfident epoch may have the higher plain loss and still be the better model (loss.h).
LossSum HeadTrainer::Validate() {
  const size_t outputs = static_cast<size_t>(network_.outputs());
  std::vector<float> logits(validation_.num_photos() * outputs);
  std::vector<uint32_t> photos;
  for (size_t begin = 0; begin < validation_.num_photos(); begin += photos.size()) {
    photos.resize(std::min(validation_.num_photos() - begin, static_cast<size_t>(kEvaluationBatch)));
    std::iota(photos.begin(), photos.end(), static_cast<uint32_t>(begin));
    const std::span<const float> of_batch = network_.Forward(state_.parameters, Gather(validation_, photos),
                                                             static_cast<int>(photos.size()), /*dropout=*/nullptr);
    std::ranges::copy(of_batch, logits.begin() + static_cast<std::ptrdiff_t>(begin * outputs));
  }
  return CalibratedLoss(std::move(logits), validation_.labels);
}

void HeadTrainer::KeepIfBest() {
  const EpochResult& now = state_.history.back();
  // Until the first candidate the latest epoch stands in, so that there is always one, and patience begins with them.
  const bool has_candidate = state_.best_epoch >= FirstCandidate(recipe_.optimizer);
  if (has_candidate && !IsBetter(now, state_.history[static_cast<size_t>(state_.best_epoch) - 1], recipe_.select_by)) {
    return;
  }
  state_.best_epoch = now.epoch;
  state_.best = state_.parameters;
}

TensorMap HeadTrainer::BestWeights() const {
  std::vector<float> parameters = state_.best;
  FoldStandardization(standardization_, network_.layers().front(), parameters);
  const std::vector<std::string> names = HeadLayerNames(recipe_.head);
  TensorMap weights;
  for (size_t i = 0; i < names.size(); ++i) {
    const DenseLayer& layer = network_.layers()[i];
    const size_t units = static_cast<size_t>(layer.units), inputs = static_cast<size_t>(layer.inputs);
    Tensor kernel(Shape{layer.inputs, layer.units});
    Transpose(std::span(parameters).subspan(layer.kernel), units, inputs, kernel.values<float>());
    weights.emplace(names[i] + "/kernel", std::move(kernel));
    weights.emplace(names[i] + "/bias",
                    Tensor::FromFloats(Shape{layer.units}, std::span(parameters).subspan(layer.bias, units)));
  }
  return weights;
}

}  // namespace siskin
