#include "train/train.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "data/preview.h"
#include "evaluate/calibration.h"
#include "evaluate/scored_photos.h"
#include "graph/plan.h"
#include "model/classifier_model.h"
#include "model/predictor.h"
#include "model/self_proof.h"
#include "train/backbone.h"
#include "train/checkpoint.h"
#include "train/feature_source.h"
#include "train/features.h"
#include "train/identity.h"
#include "train/initial_weights.h"
#include "train/phases.h"
#include "train/photo_source.h"
#include "train/run_folder.h"
#include "train/run_log.h"
#include "train/run_phase.h"
#include "train/run_report.h"
#include "train/trainer.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

class Stopwatch {
 public:
  // Seconds since construction or the last call.
  double Lap() {
    const auto start = std::exchange(start_, std::chrono::steady_clock::now());
    return std::chrono::duration<double>(start_ - start).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// What a split file may lack.
void CheckSplits(const Dataset& dataset, const fs::path& split_file) {
  const std::vector<int> training = dataset.CountByClass(Split::kTrain);
  for (size_t label = 0; label < training.size(); ++label) {
    if (training[label] > 0) continue;
    Fail(ErrorKind::kData, "{}: no photo of class \"{}\" is for training", Printable(split_file.native()),
         Printable(dataset.class_names[label]));
  }
  if (dataset.InSplit(Split::kValidation).empty()) {
    Fail(ErrorKind::kData, "{}: no photo is for validation, by which the best epoch is chosen",
         Printable(split_file.native()));
  }
}

void LimitPhotos(const TrainJob& job, Dataset* dataset) {
  if (DrawPhotos(dataset, job.max_photos, job.seed)) return;
  Fail(ErrorKind::kUsage,
       "--max-photos {}: too few for {} classes: each needs one for training, for validation and for the test",
       job.max_photos, dataset->class_names.size());
}

Dataset ReadDataset(const TrainJob& job, Progress& progress) {
  Dataset dataset = ScanFolder(job.photos);
  for (const std::string& note : dataset.notes) progress.Warn(note);
  const std::vector<std::string> obstacles = TrainingObstacles(dataset, !job.split_file.empty());
  if (!obstacles.empty()) Fail(ErrorKind::kData, "{}: {}", Printable(dataset.root.native()), obstacles[0]);
  if (!job.split_file.empty()) {
    ReadSplitFile(job.split_file, &dataset);
    CheckSplits(dataset, job.split_file);
    LimitPhotos(job, &dataset);
    return dataset;
  }
  if (job.validation_fraction == 0 && dataset.InSplit(Split::kValidation).empty()) {
    Fail(ErrorKind::kUsage,
         "--val 0 leaves no photos to choose the best epoch by; give a share (0.15 is the default), or bring photos of "
         "your own for it: validation/CLASS/*.jpg beside train/CLASS/*.jpg");
  }
  LimitPhotos(job, &dataset);
  AssignSplits(&dataset, job.validation_fraction, job.test_fraction, job.seed);
  return dataset;
}

// Photos at once through the backbone: as many pixels as 16 photos of 150 px, for which Xception needs 117 MB of
// activations (four of 299 px need about as much); but two photos to decode for every thread.
int GoodBatch(const Preprocessing& preprocessing, int num_threads) {
  constexpr int kPixels = 16 * 150 * 150, kLargest = 64;
  const int by_pixels = kPixels / (preprocessing.height * preprocessing.width);
  return std::clamp(by_pixels, std::min(2 * num_threads, kLargest), kLargest);
}

Features FeaturesOf(const Dataset& dataset, const Backbone& backbone, const TrainJob& job, const RunFolder& folder,
                    const RunContext& context) {
  const Preprocessing preprocessing = PreprocessingOf(job.recipe);
  const int batch = job.batch > 0 ? job.batch : GoodBatch(preprocessing, context.threads.num_threads());
  Plan plan(BuildNetwork(backbone.network), backbone.weights, {.max_batch = batch}, context.threads);
  return ComputeFeatures(dataset, plan, {folder.features(), backbone.digest, preprocessing}, context);
}

// skipped.csv: path,status,reason. Written even without lines, so that none of an earlier run stay behind.
size_t WriteSkipped(const Dataset& dataset, const Features& features, const fs::path& file) {
  std::string csv = "path,status,reason\n";
  const auto add = [&](const std::vector<SkippedFile>& list, const char* status) {
    for (const SkippedFile& photo : list) {
      csv += fmt::format("{},{},{}\n", CsvField(photo.path), status, CsvField(photo.reason));
    }
  };
  add(dataset.skipped, "skipped");
  add(features.skipped, "skipped");
  add(features.damaged, "damaged");
  WriteFileAtomic(file, csv);
  return dataset.skipped.size() + features.skipped.size();
}

// Refuses a --resume that cannot go on before anything in the run folder changes. What is damaged of the fine-tuning is
// left to that: it says so, and goes on from the other checkpoint.
void CheckResumable(const Json& identity, const RunFolder& folder) {
  const auto check = [&](const fs::path& file, bool may_be_damaged) {
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return;
    Checkpoint saved;
    const std::optional<Error> error = TryReadCheckpoint(file, &saved);
    if (!error) return CheckIdentity(file, saved.identity, identity);
    if (!may_be_damaged) Fail(error->kind(), error->what());
  };
  check(folder.checkpoint(), false);
  for (const fs::path& file : folder.fine_tune_checkpoints()) check(file, true);
}

// A training under way: what it was told, and what it knows before the first step.
struct Run {
  const TrainJob& job;
  const RunFolder& folder;
  const Dataset& dataset;
  const Features& features;
  const Json& identity;
  const RunContext& context;
};

std::string BestEpochLine(const TrainingPhase& phase) {
  const EpochResult& best = phase.history[static_cast<size_t>(phase.best_epoch) - 1];
  return fmt::format("head: epoch {} of {} is the best on validation, loss {:.4f}, accuracy {:.2f} %", best.epoch,
                     phase.history.size(), best.validation_loss, 100 * best.validation_accuracy);
}

struct TrainedHead {
  TrainingPhase phase;
  TensorMap weights;  // of its best epoch, for features as they are
};

// The first phase.
TrainedHead TrainHead(const Run& run, const ModelCard& card) {
  const Recipe& recipe = run.job.recipe;
  const FeatureSet& train = run.features.train;
  FeatureSource source(train, run.features.validation, recipe.standardize, run.context.threads);
  const TrainerOptions options = HeadPhase(recipe, card, static_cast<int>(train.channels), train.labels, run.job.seed);
  Trainer trainer(options, InitialWeights(options.graph.Layout(), run.job.seed), source, run.context);
  const auto phase = [](const TrainingState& state) { return TrainingPhase{"head", state.history, state.best_epoch}; };
  PhaseOptions how;
  how.name = "head's training";
  how.task = "training";
  how.remedy = fmt::format("try --lr {}", recipe.optimizer.lr / 10);
  how.short_epochs = true;
  how.checkpoints = {run.folder.checkpoint()};
  how.identity = run.identity;
  how.resume = run.job.resume;
  how.log = [&](const TrainingState& state) {
    return TryWriteRunLogs(run.folder, std::vector<TrainingPhase>{phase(state)});
  };
  RunPhase(how, &trainer, run.context);

  TrainedHead head{phase(trainer.state()), trainer.BestWeights()};
  FoldStandardization(source.standardization(), HeadLayerNames(card.head).front(), &head.weights);
  run.context.progress.Note(BestEpochLine(head.phase));
  return head;
}

LabelledPhotos PhotosOf(const Dataset& dataset, const FeatureSet& set) {
  LabelledPhotos photos;
  for (const std::string& path : set.paths) photos.files.push_back(dataset.root / path);
  photos.labels = set.labels;
  return photos;
}

// The trained head as it stands in the model file, on features: what a predictor computes after the backbone.
std::vector<float> HeadLogits(const ModelCard& card, const TensorMap& head, const FeatureSet& set,
                              ThreadPool& threads) {
  constexpr int kBatch = 256;
  Plan plan(HeadGraph(card, static_cast<int>(set.channels)), head, {.max_batch = kBatch}, threads);
  const size_t outputs = static_cast<size_t>(plan.output_shape().c);
  std::vector<float> logits(set.num_photos() * outputs);
  for (size_t begin = 0; begin < set.num_photos(); begin += kBatch) {
    const size_t n = std::min<size_t>(set.num_photos() - begin, kBatch);
    plan.Run(std::span(set.features).subspan(begin * set.channels, n * set.channels), static_cast<int>(n),
             std::span(logits).subspan(begin * outputs, n * outputs));
  }
  return logits;
}

// The head as it is before any training.
void ResetHead(uint64_t seed, ClassifierModel* model) {
  const Graph backbone = BuildNetwork(model->card.network);
  const Graph head = HeadGraph(model->card, backbone.shape(backbone.output()).c);
  for (auto& [name, tensor] : InitialWeights(head.Layout(), seed)) model->weights[name] = std::move(tensor);
}

// The second phase. Returns its history; the model gets the weights of its best epoch, if one is better than the head,
// and the report how long the steps waited for photos.
TrainingPhase FineTuneModel(const Run& run, const TrainingPhase& head, ClassifierModel* model, TrainReport* report) {
  const Recipe& recipe = run.job.recipe;
  const FeatureSet& validation = run.features.validation;
  const LossSum before =
      CalibratedLoss(HeadLogits(model->card, model->weights, validation, run.context.threads), validation.labels);
  const EpochResult baseline = {.validation_loss = before.mean_loss(), .validation_accuracy = before.accuracy()};
  PhotoSource source(PhotosOf(run.dataset, run.features.train), PhotosOf(run.dataset, validation),
                     model->card.preprocessing, recipe.augment, run.job.seed, run.context.threads);
  Trainer trainer(FineTunePhase(recipe, model->card, baseline, source.training_labels(), run.job.seed), model->weights,
                  source, run.context);
  const auto phase = [](const TrainingState& state) {
    return TrainingPhase{"fine-tune", state.history, state.best_epoch};
  };
  PhaseOptions how;
  how.name = how.task = "fine-tuning";
  how.remedy = "try a tenth of --finetune-lr, or --clip-norm 1";
  how.checkpoints = {run.folder.fine_tune_slot(0), run.folder.fine_tune_slot(1)};
  how.stopped = run.folder.fine_tune_stopped();
  how.identity = run.identity;
  how.resume = run.job.resume;
  how.log = [&](const TrainingState& state) {
    return TryWriteRunLogs(run.folder, std::vector<TrainingPhase>{head, phase(state)});
  };
  RunPhase(how, &trainer, run.context);

  report->seconds_waited = source.seconds_waited();
  if (trainer.state().best_epoch > 0) {
    model->weights = trainer.BestWeights();
  } else {
    run.context.progress.Note("no epoch of the fine-tuning is better on the validation photos: the head alone is kept");
  }
  return phase(trainer.state());
}

// Logits of the whole network, from the photos.
std::vector<float> PhotoLogits(const ClassifierModel& model, const LabelledPhotos& photos, const RunContext& context) {
  constexpr int kBatch = 16;
  Plan plan(BuildModelGraph(model.card), model.weights, {.max_batch = kBatch}, context.threads);
  std::vector<float> logits(photos.files.size() * static_cast<size_t>(plan.output_shape().c));
  context.progress.Begin("scoring", "photos", photos.files.size());
  const std::vector<LoadStatus> statuses = RunBackbone(photos.files, model.card.preprocessing, plan, context, logits);
  context.progress.Finish();
  if (statuses.size() < photos.files.size()) Fail(ErrorKind::kInterrupted, "stopped while scoring photos");
  return logits;
}

ScoredPhotos ScoresOf(const ModelCard& card, std::vector<float> logits, const FeatureSet& set) {
  const size_t classes = card.class_names.size();
  ScoredPhotos photos{card.class_names, set.paths, set.labels, {}, std::vector<float>(set.num_photos() * classes)};
  LogitsToScores(card, logits, photos.scores);
  for (size_t i = 0; i < set.num_photos(); ++i) {
    photos.decisions.push_back(Decide(card, std::span(photos.scores).subspan(i * classes, classes)));
  }
  return photos;
}

Json CountsOf(const Dataset& dataset) {
  Json counts = Json::object();
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    const std::vector<int> by_class = dataset.CountByClass(split);
    Json& json = counts[kSplitNames[static_cast<size_t>(split)]] = Json::object();
    for (size_t k = 0; k < by_class.size(); ++k) json[ToValidUtf8(dataset.class_names[k])] = by_class[k];
  }
  return counts;
}

// Temperature from the validation photos, then their numbers and, once, those of the test photos. Returns the scores of
// the test photos; without any, of the validation photos. logits_of(set): the model's logits for a set of photos.
template <class LogitsOf>
ScoredPhotos Score(const Features& features, const LogitsOf& logits_of, ModelCard* card, TrainReport* report) {
  const std::vector<float> logits = logits_of(features.validation);
  card->temperature = FitTemperature(logits, features.validation.labels);
  ScoredPhotos validation = ScoresOf(*card, logits, features.validation);
  report->validation = MetricsOf(validation);
  card->metrics["validation"] = ToJson(report->validation);
  if (features.test.num_photos() == 0) return validation;
  ScoredPhotos test = ScoresOf(*card, logits_of(features.test), features.test);
  report->test = MetricsOf(test);
  card->metrics["test"] = ToJson(*report->test);
  return test;
}

// What it takes to repeat the training. No paths, times or command: the same training gives the same file, and a model
// that is handed on says nothing about the machine it was made on.
ModelCard MakeCard(const TrainJob& job, const Backbone& backbone, const Dataset& dataset) {
  ModelCard card;
  card.network = backbone.network;
  card.weights_name = backbone.weights_name;
  card.head = job.recipe.head;
  card.preprocessing = PreprocessingOf(job.recipe);
  card.class_names = dataset.class_names;
  card.recipe = ToJson(job.recipe);
  card.recipe["seed"] = job.seed;
  card.recipe["weights_sha256"] = backbone.digest;
  card.data = {{"sha256", Fingerprint(dataset)}, {"photos", CountsOf(dataset)}};
  if (job.max_photos > 0) card.data["max_photos"] = job.max_photos;
  return card;
}

// What the training came to, beside its metrics.
void AddOutcome(const TrainReport& report, ModelCard* card) {
  card->recipe["epochs_run"] = report.epochs_run;
  card->recipe["best_epoch"] = report.best_epoch;
  card->recipe["finetune_epochs_run"] = report.fine_tune_epochs_run;
  card->recipe["finetune_best_epoch"] = report.fine_tune_best_epoch;
  card->data["skipped"] = report.num_skipped;
}

// report.json: everything about the run that is not in log.csv, the command included.
void WriteReport(const fs::path& file, const TrainJob& job, const ModelCard& card, const TrainReport& report) {
  Json json = ToJson(card);
  json.erase("references");
  json["command"] = job.command;
  json["output"] = job.output.native();
  json["seconds"] = {{"features", report.seconds_features},
                     {"head", report.seconds_head},
                     {"finetune", report.seconds_fine_tune},
                     {"finetune_waited", report.seconds_waited}};
  WriteFileAtomic(file, ToText(json, 1) + '\n');
}

// What is about to happen, before anything takes time.
void Announce(const TrainJob& job, Progress& progress) {
  const Recipe& recipe = job.recipe;
  progress.Note(fmt::format("training on {} with {} at {} px, recipe {}", Printable(job.photos.native()),
                            recipe.network, PreprocessingOf(recipe).height, recipe.name));
  if (recipe.fine_tune.layers == FineTune::kOff && recipe.augment != FindRecipe(recipe.name).augment) {
    progress.Warn("augmentation has no effect without --finetune: the head is trained on plain photos");
  }
}

}  // namespace

TrainReport TrainClassifier(const TrainJob& job, const RunContext& context) {
  CheckRecipe(job.recipe);
  RequireWritable(job.output);
  Announce(job, context.progress);
  const RunFolder folder(job.run_folder);
  const Dataset dataset = ReadDataset(job, context.progress);
  const std::string& weights = job.weights.empty() ? job.recipe.weights : job.weights;
  const bool from_scratch = weights == "none" && job.recipe.fine_tune.layers != FineTune::kOff;
  if (from_scratch && !job.recipe.fine_tune.train_bn) {
    context.progress.Warn(
        "batch normalisation knows nothing yet and will not learn: add --train-bn, or take --recipe scratch");
  }
  Backbone backbone = LoadBackbone(BackboneOf(job.recipe), weights, context.progress, job.seed);
  const Json identity = IdentityOf(job.recipe, job.seed, backbone.digest, dataset);
  if (job.resume) CheckResumable(identity, folder);

  // A split that was read from there stays as it is: comments, order and further columns are somebody's.
  if (!SameFile(job.split_file, folder.splits())) WriteSplitFile(dataset, folder.splits());
  TrainReport report;
  Stopwatch watch;
  const Features features = FeaturesOf(dataset, backbone, job, folder, context);
  report.features_from_cache = features.from_cache;
  report.num_skipped = WriteSkipped(dataset, features, folder.skipped());
  report.seconds_features = watch.Lap();

  ClassifierModel model;
  model.card = MakeCard(job, backbone, dataset);
  const Run run{job, folder, dataset, features, identity, context};
  const TrainedHead head = TrainHead(run, model.card);
  std::vector<TrainingPhase> phases = {head.phase};
  report.best_epoch = head.phase.best_epoch;
  report.epochs_run = static_cast<int>(head.phase.history.size());
  report.seconds_head = watch.Lap();

  model.weights = std::move(backbone.weights);
  for (const auto& [name, tensor] : head.weights) model.weights.emplace(name, tensor.Clone());
  // A head on features of random weights knows nothing that would survive their training.
  if (from_scratch) ResetHead(job.seed, &model);
  if (job.recipe.fine_tune.layers != FineTune::kOff) {
    phases.push_back(FineTuneModel(run, head.phase, &model, &report));
    report.fine_tune_best_epoch = phases.back().best_epoch;
    report.fine_tune_epochs_run = static_cast<int>(phases.back().history.size());
    report.seconds_fine_tune = watch.Lap();
  }
  AddOutcome(report, &model.card);

  ScoredPhotos scored = Score(
      features,
      [&](const FeatureSet& set) {
        return report.fine_tune_best_epoch > 0 ? PhotoLogits(model, PhotosOf(dataset, set), context)
                                               : HeadLogits(model.card, head.weights, set, context.threads);
      },
      &model.card, &report);
  WriteModel(job.output, &model, context.threads);
  WriteReport(folder.report(), job, model.card, report);
  WriteHtmlReport(folder.html_report(), {job, dataset, features, model.card, report, phases}, std::move(scored),
                  context.threads);
  report.model = job.output;
  report.files = {job.output,      folder.html_report(), folder.report(),  folder.log(),        folder.json_log(),
                  folder.events(), folder.splits(),      folder.skipped(), folder.checkpoint(), folder.features()};
  return report;
}

void PreviewAugmentation(const TrainJob& job, const fs::path& file, Progress& progress) {
  constexpr int kPhotos = 6, kEpochs = 7;  // 1,200 x 900 pixels for a network of 150
  CheckRecipe(job.recipe);
  RequireWritable(file);
  const Dataset dataset = ReadDataset(job, progress);
  std::vector<fs::path> files;
  for (const Photo* photo : dataset.InSplit(Split::kTrain)) files.push_back(dataset.root / photo->path);
  WriteAugmentPreview(files, PreprocessingOf(job.recipe), job.recipe.augment, job.seed, kPhotos, 1 + kEpochs, file);
  progress.Note(fmt::format("{}: photos as they are and in the first epochs, augmentation {}", Printable(file.native()),
                            NameOf(job.recipe.augment)));
}

}  // namespace siskin
