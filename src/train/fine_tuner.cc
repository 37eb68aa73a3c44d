#include "train/fine_tuner.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "data/loader.h"
#include "train/mixing.h"

namespace siskin {
namespace {

// Photos at once when nothing is learned.
constexpr int kValidationBatch = 16;

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

bool IsHead(const std::string& parameter) {
  return parameter.starts_with("head_");  // HeadLayerNames
}

Tensor Zeros(size_t size) {
  return Tensor(Shape{static_cast<int64_t>(size)});
}

size_t InputFloats(const Preprocessing& preprocessing) {
  return static_cast<size_t>(preprocessing.height) * static_cast<size_t>(preprocessing.width) * 3;
}

}  // namespace

FineTuner::FineTuner(const Recipe& recipe, uint64_t seed, const ModelCard& card, const TensorMap& weights,
                     const LabelledPhotos& train, const LabelledPhotos& validation, const EpochResult& head,
                     const RunContext& context)
    : recipe_(recipe),
      seed_(seed),
      card_(card),
      train_(train),
      validation_(validation),
      head_(head),
      context_(context),
      loader_(train.files, card.preprocessing, recipe.augment, seed) {
  for (const auto& [name, tensor] : weights) weights_.emplace(name, tensor.Clone());
  const int batch = std::min(recipe.fine_tune.batch, static_cast<int>(train.files.size()));
  Graph trained = BuildModelGraph(card);
  if (const std::string first = FirstTrained(recipe.fine_tune.layers, card); !first.empty()) {
    auto [frozen, rest] = trained.SplitBefore(first);
    frozen_ = std::make_unique<Plan>(frozen, weights_, PlanOptions{.max_batch = batch}, context.threads);
    trained = std::move(rest);
  }
  plan_ = std::make_unique<TrainingPlan>(
      trained, TrainingPlanOptions{.max_batch = batch, .batch_statistics = recipe.fine_tune.train_bn}, context.threads);
  for (const TrainingParameter& parameter : plan_->parameters()) {
    ranges_.push_back({parameter.offset, parameter.offset + parameter.size, parameter.decays,
                       IsHead(parameter.name) ? 1 : recipe.fine_tune.backbone_lr});
  }
  loss_.label_smoothing = recipe.label_smoothing;
  if (recipe.class_weight == ClassWeight::kBalanced) {
    loss_.class_weights = BalancedClassWeights(train.labels, static_cast<int>(card.class_names.size()));
  }

  const size_t size = plan_->num_parameters();
  state_.arrays["parameters"] = Zeros(size);
  state_.arrays["statistics"] = Zeros(plan_->num_statistics());
  GatherParameters(plan_->parameters(), weights_, state_.array("parameters"));
  GatherParameters(plan_->statistics(), weights_, state_.array("statistics"));
  for (const TrainingParameter& parameter : plan_->parameters()) weights_.erase(parameter.name);
  for (const TrainingParameter& parameter : plan_->statistics()) weights_.erase(parameter.name);
  const OptimizerRecipe& optimizer = recipe.fine_tune.optimizer;
  state_.arrays["optimizer_first"] = Zeros(optimizer.keeps_first() ? size : 0);
  state_.arrays["optimizer_second"] = Zeros(optimizer.keeps_second() ? size : 0);
  if (recipe_.fine_tune.ema > 0) state_.arrays["average"] = state_.arrays["parameters"].Clone();
  gradient_.resize(size);
}

FineTuner::~FineTuner() = default;

int FineTuner::steps_per_epoch() const {
  const int photos = static_cast<int>(train_.files.size()), batch = recipe_.fine_tune.batch;
  return (photos + batch - 1) / batch;
}

size_t FineTuner::photos_left() const {
  const size_t done = static_cast<size_t>(state_.step) * static_cast<size_t>(recipe_.fine_tune.batch);
  return train_.files.size() - std::min(train_.files.size(), done);
}

bool FineTuner::finished() const {
  const int done = static_cast<int>(state_.history.size());
  return done >= recipe_.fine_tune.optimizer.epochs ||
         (recipe_.patience > 0 && done - state_.best_epoch >= recipe_.patience);
}

void FineTuner::Restore(FineTuneState state) {
  state_ = std::move(state);
  waited_ += loader_.seconds_waited();
  loading_ = false;
}

double FineTuner::seconds_waited() const {
  return waited_ + loader_.seconds_waited();
}

// The loader begins with the first photo that this epoch has not seen.
void FineTuner::StartEpoch() {
  const auto epoch = static_cast<uint32_t>(state_.epoch);
  // The head's epochs are 1 to 1,000,000 at most.
  constexpr uint32_t kBehindTheHead = 1u << 30;
  const auto num_photos = static_cast<uint32_t>(train_.files.size());
  std::vector<uint32_t> order =
      RandomPermutation(num_photos, Random(seed_, RandomPurpose::kShuffle, kBehindTheHead + epoch));
  const auto seen =
      std::min<size_t>(order.size(), static_cast<size_t>(state_.step) * static_cast<size_t>(recipe_.fine_tune.batch));
  order.erase(order.begin(), order.begin() + static_cast<ptrdiff_t>(seen));
  waited_ += loader_.seconds_waited();
  loader_.Start(epoch, std::move(order), recipe_.fine_tune.batch);
  loading_ = true;
}

FineTuner::Event FineTuner::Advance() {
  if (context_.stopped()) return Event::kStopped;
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  if (state_.step == steps_per_epoch()) {
    const std::optional<LossSum> validation = Validate();
    if (!validation) return Event::kStopped;
    epoch_seconds_ += seconds();
    FinishEpoch(*validation);
    return Event::kEpoch;
  }
  if (!loading_) StartEpoch();
  const Batch& batch = loader_.Next();
  for (size_t i = 0; i < batch.statuses.size(); ++i) {
    if (batch.statuses[i].error.empty()) continue;
    Fail(ErrorKind::kData, "{}: could be read before, and now it cannot: {}",
         Printable(train_.files[batch.photos[i]].native()), batch.statuses[i].error);
  }
  batch_photos_ = batch.photos;
  if (!TrainingStep(batch)) return Event::kDiverged;
  ++state_.step;
  ++state_.steps;
  epoch_seconds_ += seconds();
  return Event::kStep;
}

std::vector<std::filesystem::path> FineTuner::photos() const {
  std::vector<std::filesystem::path> files;
  for (const uint32_t photo : batch_photos_) files.push_back(train_.files[photo]);
  return files;
}

std::pair<std::vector<float>, double> FineTuner::Mixed(const Batch& batch) const {
  const FineTuneRecipe& options = recipe_.fine_tune;
  const auto epoch = static_cast<uint32_t>(state_.epoch), step = static_cast<uint32_t>(state_.step);
  const int n = static_cast<int>(batch.photos.size());
  std::vector<float> pixels = batch.pixels;
  double share = 1;
  if (options.mixup > 0) share = Mixup(options.mixup, seed_, epoch, step, pixels, n);
  if (options.cutmix > 0) {
    share =
        Cutmix(options.cutmix, seed_, epoch, step, pixels, n, card_.preprocessing.height, card_.preprocessing.width);
  }
  return {std::move(pixels), share};
}

std::span<const float> FineTuner::TrainedInput(std::span<const float> pixels, int n) {
  if (!frozen_) return pixels;
  const FeatureShape shape = frozen_->output_shape();
  features_.resize(static_cast<size_t>(n) * static_cast<size_t>(shape.h * shape.w * shape.c));
  frozen_->Run(pixels, n, features_);
  return features_;
}

double FineTuner::LearningRateNow() const {
  const OptimizerRecipe& optimizer = recipe_.fine_tune.optimizer;
  const double plateau = optimizer.schedule == Schedule::kPlateau ? PlateauFactor(state_.history) : 1;
  return LearningRate(optimizer, state_.steps, steps_per_epoch()) * plateau * state_.lr_factor;
}

bool FineTuner::TrainingStep(const Batch& batch) {
  const int n = static_cast<int>(batch.photos.size());
  std::vector<int> labels;
  for (const uint32_t photo : batch.photos) labels.push_back(train_.labels[photo]);
  const bool mixes = recipe_.fine_tune.mixup > 0 || recipe_.fine_tune.cutmix > 0;
  const auto [mixed, share] = mixes ? Mixed(batch) : std::pair<std::vector<float>, double>{{}, 1};
  const std::span<const float> input = TrainedInput(mixes ? mixed : batch.pixels, n);
  const std::span<float> parameters = state_.array("parameters");
  const DropoutKey dropout{seed_, static_cast<uint32_t>(state_.epoch), batch.photos};
  const auto logits = plan_->Forward(parameters, state_.array("statistics"), input, n, &dropout);
  dlogits_.resize(logits.size());
  const LossSum sum = CrossEntropy(logits, {labels, share}, loss_, n, dlogits_);
  if (!std::isfinite(sum.loss)) return false;
  plan_->Backward(dlogits_, gradient_);
  const double norm = L2Norm(gradient_, &norm_scratch_, context_.threads);
  if (!std::isfinite(norm)) return false;
  if (recipe_.fine_tune.clip_norm > 0) ClipNorm(norm, recipe_.fine_tune.clip_norm, gradient_, context_.threads);
  state_.lr = LearningRateNow();
  OptimizerStep(recipe_.fine_tune.optimizer, state_.lr, state_.steps + 1, ranges_,
                {parameters, gradient_, state_.array("optimizer_first"), state_.array("optimizer_second")},
                context_.threads);
  if (recipe_.fine_tune.ema > 0) {
    MoveAverage(recipe_.fine_tune.ema, parameters, state_.array("average"), context_.threads);
  }
  state_.sum.Add(sum);
  return true;
}

TensorMap FineTuner::WeightsOf(std::span<const float> parameters, std::span<const float> statistics) const {
  TensorMap weights;
  for (const auto& [name, tensor] : weights_) weights.emplace(name, tensor.Clone());
  ScatterParameters(plan_->parameters(), parameters, &weights);
  ScatterParameters(plan_->statistics(), statistics, &weights);
  return weights;
}

std::optional<LossSum> FineTuner::Validate() const {
  const char* trained = recipe_.fine_tune.ema > 0 ? "average" : "parameters";
  Plan plan(BuildModelGraph(card_), WeightsOf(state_.array(trained), state_.array("statistics")),
            {.max_batch = kValidationBatch}, context_.threads);
  const size_t photo_floats = InputFloats(card_.preprocessing), outputs = static_cast<size_t>(plan.output_shape().c);
  std::vector<float> pixels, logits(validation_.files.size() * outputs);
  for (size_t begin = 0; begin < validation_.files.size(); begin += kValidationBatch) {
    if (context_.stopped()) return std::nullopt;
    const size_t n = std::min<size_t>(kValidationBatch, validation_.files.size() - begin);
    pixels.resize(n * photo_floats);
    LoadPhotos(std::span(validation_.files).subspan(begin, n), card_.preprocessing, pixels, context_.threads);
    plan.Run(pixels, static_cast<int>(n), std::span(logits).subspan(begin * outputs, n * outputs));
  }
  return CalibratedLoss(std::move(logits), validation_.labels);
}

void FineTuner::FinishEpoch(const LossSum& validation) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const EpochResult result = {.epoch = state_.epoch,
                              .lr = state_.lr,
                              .train_loss = state_.sum.mean_loss(),
                              .train_accuracy = state_.sum.accuracy(),
                              .validation_loss = validation.mean_loss(),
                              .validation_accuracy = validation.accuracy(),
                              .seconds = epoch_seconds_,
                              .time = std::chrono::duration<double>(now).count()};
  state_.history.push_back(result);
  const bool better_than_head =
      result.validation_accuracy >= head_.validation_accuracy && result.validation_loss <= head_.validation_loss;
  const bool helps = better_than_head || recipe_.fine_tune.keep;
  if (helps && (state_.best_epoch == 0 ||
                IsBetter(result, state_.history[static_cast<size_t>(state_.best_epoch) - 1], recipe_.select_by))) {
    state_.best_epoch = result.epoch;
    state_.arrays["best"] = state_.arrays[recipe_.fine_tune.ema > 0 ? "average" : "parameters"].Clone();
    state_.arrays["best_statistics"] = state_.arrays["statistics"].Clone();
  }
  ++state_.epoch;
  state_.step = 0;
  state_.sum = {};
  epoch_seconds_ = 0;
  loading_ = false;
}

TensorMap FineTuner::BestWeights() const {
  if (state_.best_epoch == 0) Fail(ErrorKind::kInternal, "no epoch of the fine-tuning is better than the head");
  return WeightsOf(state_.array("best"), state_.array("best_statistics"));
}

Json FineTuner::StateJson() const {
  Json history = Json::array();
  for (const EpochResult& epoch : state_.history) history.push_back(ToJson(epoch));
  return {{"best_epoch", state_.best_epoch},
          {"epoch", state_.epoch},
          {"step", state_.step},
          {"steps", state_.steps},
          {"sum", {{"loss", state_.sum.loss}, {"photos", state_.sum.photos}, {"correct", state_.sum.correct}}},
          {"lr", state_.lr},
          {"lr_factor", state_.lr_factor},
          {"rollbacks", state_.rollbacks},
          {"history", history}};
}

FineTuneState FineTuner::FromCheckpoint(Checkpoint checkpoint, std::string_view where) const {
  const Json& json = checkpoint.state;
  FineTuneState state;
  state.epoch =
      static_cast<int>(IntegerMember(json, "epoch", where, 1, int64_t{recipe_.fine_tune.optimizer.epochs} + 1));
  state.step = static_cast<int>(IntegerMember(json, "step", where, 0, steps_per_epoch()));
  state.steps = IntegerMember(json, "steps", where, 0, INT64_MAX);
  state.best_epoch = static_cast<int>(IntegerMember(json, "best_epoch", where, 0, state.epoch - 1));
  const Json& sum = Member(json, "sum", where);
  state.sum = {.loss = NumberMember(sum, "loss", where),
               .photos = IntegerMember(sum, "photos", where, 0, INT64_MAX),
               .correct = IntegerMember(sum, "correct", where, 0, INT64_MAX)};
  state.lr = NumberMember(json, "lr", where);
  state.lr_factor = NumberMember(json, "lr_factor", where);
  state.rollbacks = static_cast<int>(IntegerMember(json, "rollbacks", where, 0, INT32_MAX));
  for (const Json& epoch : Member(json, "history", where)) {
    state.history.push_back(EpochFromJson(epoch, static_cast<int>(state.history.size()) + 1, where));
  }
  for (const auto& [name, tensor] : state_.arrays) {
    if (name == "best" || name == "best_statistics") continue;
    ArrayOf(checkpoint, name, static_cast<size_t>(tensor.num_elements()), where);
  }
  if (state.best_epoch > 0) {
    ArrayOf(checkpoint, "best", plan_->num_parameters(), where);
    ArrayOf(checkpoint, "best_statistics", plan_->num_statistics(), where);
  }
  state.arrays = std::move(checkpoint.arrays);
  return state;
}

}  // namespace siskin
