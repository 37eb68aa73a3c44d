#include "train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "train/mixing.h"

namespace siskin {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool IsOfHead(const std::string& parameter) {
  return parameter.starts_with("head_");  // HeadLayerNames
}

Tensor Zeros(size_t size) {
  return Tensor(Shape{static_cast<int64_t>(size)});
}

size_t FloatsOf(const FeatureShape& shape) {
  return static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w) * static_cast<size_t>(shape.c);
}

}  // namespace

Trainer::Trainer(TrainerOptions options, const TensorMap& weights, BatchSource& source, const RunContext& context)
    : options_(std::move(options)), source_(source), context_(context) {
  const int batch = std::min(options_.batch, static_cast<int>(source.training_labels().size()));
  const auto max_photos = static_cast<size_t>(batch);
  Graph trained = options_.graph;
  if (!options_.first_trained.empty()) {
    auto [frozen, rest] = options_.graph.SplitBefore(options_.first_trained);
    frozen_ = std::make_unique<Plan>(frozen, weights, PlanOptions{.max_batch = batch}, context.threads);
    trained_inputs_.resize(max_photos * FloatsOf(frozen_->output_shape()));
    trained = std::move(rest);
  }
  plan_ = std::make_unique<TrainingPlan>(
      trained, TrainingPlanOptions{.max_batch = batch, .batch_statistics = options_.batch_statistics}, context.threads);
  for (const TrainingParameter& parameter : plan_->parameters()) {
    ranges_.push_back({parameter.offset, parameter.offset + parameter.size, parameter.decays,
                       IsOfHead(parameter.name) ? 1 : options_.backbone_lr});
  }

  KeepFrozen(weights);
  state_ = FirstState(weights);
  step_photos_.reserve(max_photos);
  labels_.reserve(max_photos);
  dlogits_.resize(max_photos * FloatsOf(options_.graph.shape(options_.graph.output())));
  gradient_.resize(plan_->num_parameters());
}

void Trainer::KeepFrozen(const TensorMap& weights) {
  std::set<std::string_view> learned;
  for (const TrainingParameter& parameter : plan_->parameters()) learned.insert(parameter.name);
  for (const TrainingParameter& parameter : plan_->statistics()) learned.insert(parameter.name);
  for (const auto& [name, tensor] : weights) {
    if (!learned.contains(name)) frozen_weights_.emplace(name, tensor.Clone());
  }
}

TrainingState Trainer::FirstState(const TensorMap& weights) const {
  const size_t size = plan_->num_parameters();
  TrainingState state;
  state.arrays[arrays::kParameters] = Zeros(size);
  state.arrays[arrays::kStatistics] = Zeros(plan_->num_statistics());
  GatherParameters(plan_->parameters(), weights, state.array(arrays::kParameters));
  GatherParameters(plan_->statistics(), weights, state.array(arrays::kStatistics));
  state.arrays[arrays::kFirst] = Zeros(options_.optimizer.keeps_first() ? size : 0);
  state.arrays[arrays::kSecond] = Zeros(options_.optimizer.keeps_second() ? size : 0);
  if (options_.ema > 0) state.arrays[arrays::kAverage] = state.arrays[arrays::kParameters].Clone();
  return state;
}

Trainer::~Trainer() = default;

int Trainer::steps_per_epoch() const {
  const int photos = static_cast<int>(source_.training_labels().size());
  return (photos + options_.batch - 1) / options_.batch;
}

size_t Trainer::photos_left() const {
  const size_t photos = source_.training_labels().size();
  return photos - std::min(photos, static_cast<size_t>(state_.step) * static_cast<size_t>(options_.batch));
}

bool Trainer::finished() const {
  const int done = static_cast<int>(state_.history.size());
  return done >= options_.optimizer.epochs || (options_.patience > 0 && done - state_.best_epoch >= options_.patience);
}

void Trainer::Restore(TrainingState state) {
  state_ = std::move(state);
  loading_ = false;
}

// The source begins with the first photo that this epoch has not seen.
void Trainer::StartEpoch() {
  const auto epoch = static_cast<uint32_t>(state_.epoch);
  const auto num_photos = static_cast<uint32_t>(source_.training_labels().size());
  const std::vector<uint32_t> order =
      RandomPermutation(num_photos, Random(options_.seed, RandomPurpose::kShuffle, options_.shuffle_stream + epoch));
  source_.StartEpoch(epoch, std::span(order).last(photos_left()), options_.batch);
  loading_ = true;
}

Trainer::Event Trainer::Advance() {
  if (context_.stopped()) return Event::kStopped;
  const Clock::time_point start = Clock::now();
  if (state_.step == steps_per_epoch()) {
    const std::optional<LossSum> validation = Validate();
    if (!validation) return Event::kStopped;
    if (!std::isfinite(validation->loss)) return Event::kDiverged;
    epoch_seconds_ += SecondsSince(start);
    FinishEpoch(*validation);
    return Event::kEpoch;
  }
  if (!loading_) StartEpoch();
  if (!RunStep()) return Event::kDiverged;
  ++state_.step;
  ++state_.steps;
  epoch_seconds_ += SecondsSince(start);
  return Event::kStep;
}

// Mixes the photos of the batch with each other if the options say so; the share that is left of each.
double Trainer::MixPhotos(const BatchSource::Batch& batch) const {
  const auto epoch = static_cast<uint32_t>(state_.epoch), step = static_cast<uint32_t>(state_.step);
  const int n = static_cast<int>(batch.photos.size());
  if (options_.mixup > 0) return Mixup(options_.mixup, options_.seed, epoch, step, batch.inputs, n);
  if (options_.cutmix == 0) return 1;
  const FeatureShape& input = options_.graph.layers()[0].output;
  return Cutmix(options_.cutmix, options_.seed, epoch, step, batch.inputs, n, input.h, input.w);
}

std::span<const float> Trainer::TrainedInputs(std::span<const float> inputs, int n) {
  if (!frozen_) return inputs;
  const std::span<float> outputs =
      std::span(trained_inputs_).first(static_cast<size_t>(n) * FloatsOf(frozen_->output_shape()));
  frozen_->Run(inputs, n, outputs);
  return outputs;
}

double Trainer::LearningRateNow() const {
  const double plateau = options_.optimizer.schedule == Schedule::kPlateau ? PlateauFactor(state_.history) : 1;
  return LearningRate(options_.optimizer, state_.steps, steps_per_epoch()) * plateau * state_.lr_factor;
}

bool Trainer::RunStep() {
  const BatchSource::Batch batch = source_.Next();
  const int n = static_cast<int>(batch.photos.size());
  step_photos_.assign(batch.photos.begin(), batch.photos.end());
  labels_.clear();
  const std::span<const int> all_labels = source_.training_labels();
  for (const uint32_t photo : batch.photos) labels_.push_back(all_labels[photo]);
  const double share = MixPhotos(batch);
  const std::span<float> parameters = state_.array(arrays::kParameters);
  const DropoutKey dropout{options_.seed, static_cast<uint32_t>(state_.epoch), batch.photos};
  const std::span<const float> logits =
      plan_->Forward(parameters, state_.array(arrays::kStatistics), TrainedInputs(batch.inputs, n), n, &dropout);
  const std::span<float> dlogits = std::span(dlogits_).first(logits.size());
  const LossSum sum = CrossEntropy(logits, {labels_, share}, options_.loss, n, dlogits);
  if (!std::isfinite(sum.loss)) return false;
  plan_->Backward(dlogits, gradient_);
  const double norm = L2Norm(gradient_, &norm_scratch_, context_.threads);
  if (!std::isfinite(norm)) return false;
  if (options_.clip_norm > 0) ClipNorm(norm, options_.clip_norm, gradient_, context_.threads);
  state_.lr = LearningRateNow();
  OptimizerStep(options_.optimizer, state_.lr, state_.steps + 1, ranges_,
                {parameters, gradient_, state_.array(arrays::kFirst), state_.array(arrays::kSecond)}, context_.threads);
  if (options_.ema > 0) {
    MoveAverage(options_.ema, parameters, state_.array(arrays::kAverage), context_.threads);
  }
  state_.sum.Add(sum);
  return true;
}

// The parameters that count, if they are good.
const std::string& Trainer::ValidatedArray() const {
  return options_.ema > 0 ? arrays::kAverage : arrays::kParameters;
}

TensorMap Trainer::WeightsOf(const std::string& parameters, const std::string& statistics) const {
  TensorMap weights;
  for (const auto& [name, tensor] : frozen_weights_) weights.emplace(name, tensor.Clone());
  ScatterParameters(plan_->parameters(), state_.array(parameters), &weights);
  ScatterParameters(plan_->statistics(), state_.array(statistics), &weights);
  return weights;
}

// The network as it is now, for inference: made once, its weights replaced after every epoch.
Plan& Trainer::ValidationPlan() {
  const TensorMap weights = WeightsOf(ValidatedArray(), arrays::kStatistics);
  if (validation_plan_) {
    validation_plan_->ReplaceWeights(weights);
  } else {
    validation_plan_ = std::make_unique<Plan>(options_.graph, weights,
                                              PlanOptions{.max_batch = options_.validation_batch}, context_.threads);
  }
  return *validation_plan_;
}

// Calibrated: an overconfident epoch may have the higher plain loss and still be the better model (loss.h).
std::optional<LossSum> Trainer::Validate() {
  Plan& plan = ValidationPlan();
  const std::span<const int> labels = source_.validation_labels();
  const size_t floats = FloatsOf(plan.input_shape()), outputs = FloatsOf(plan.output_shape());
  const size_t batch = std::min(labels.size(), static_cast<size_t>(plan.max_batch()));
  validation_inputs_.resize(batch * floats);
  std::vector<float> logits(labels.size() * outputs);
  for (size_t begin = 0; begin < labels.size(); begin += batch) {
    if (context_.stopped()) return std::nullopt;
    const size_t n = std::min(batch, labels.size() - begin);
    const std::span<float> inputs = std::span(validation_inputs_).first(n * floats);
    source_.ReadValidation(begin, inputs);
    plan.Run(inputs, static_cast<int>(n), std::span(logits).subspan(begin * outputs, n * outputs));
  }
  return CalibratedLoss(std::move(logits), labels);
}

void Trainer::FinishEpoch(const LossSum& validation) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const EpochResult result = {.epoch = state_.epoch,
                              .lr = state_.lr,
                              .train_loss = state_.sum.mean_loss(),
                              .train_accuracy = state_.sum.accuracy(),
                              .validation_loss = validation.mean_loss(),
                              .validation_accuracy = validation.accuracy(),
                              .seconds = epoch_seconds_,
                              .time = std::chrono::duration<double>(now).count()};
  if (IsNewBest(result)) {
    state_.best_epoch = result.epoch;
    state_.arrays[arrays::kBest] = state_.arrays[ValidatedArray()].Clone();
    state_.arrays[arrays::kBestStatistics] = state_.arrays[arrays::kStatistics].Clone();
  }
  state_.history.push_back(result);
  ++state_.epoch;
  state_.step = 0;
  state_.sum = {};
  epoch_seconds_ = 0;
  loading_ = false;
}

bool Trainer::IsNewBest(const EpochResult& epoch) const {
  const std::optional<EpochResult>& baseline = options_.baseline;
  if (baseline && !(epoch.validation_accuracy >= baseline->validation_accuracy &&
                    epoch.validation_loss <= baseline->validation_loss)) {
    return false;
  }
  // Until the first candidate the latest epoch stands in, so that patience begins with that.
  if (state_.best_epoch < options_.first_candidate) return true;
  return IsBetter(epoch, state_.history[static_cast<size_t>(state_.best_epoch) - 1], options_.select_by);
}

TensorMap Trainer::BestWeights() const {
  if (state_.best_epoch == 0) Fail(ErrorKind::kInternal, "the training has no best epoch");
  return WeightsOf(arrays::kBest, arrays::kBestStatistics);
}

}  // namespace siskin
