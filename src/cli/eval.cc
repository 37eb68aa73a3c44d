// `siskin eval`: how good a model is on photos whose class is known.
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/group_writer.h"
#include "cli/model_argument.h"
#include "cli/photo_messages.h"
#include "cli/prediction_writer.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "data/dataset.h"
#include "evaluate/metrics.h"
#include "evaluate/report.h"
#include "model/classifier_model.h"

namespace siskin::cli {
namespace {

namespace fs = std::filesystem;

// The photos to score, their true classes as the model counts them, and what came out.
struct Evaluation {
  std::vector<const Photo*> photos;
  std::vector<int> truths, decisions;
  std::vector<float> scores;
  std::vector<SkippedFile> skipped;
};

// Index in the model of each class of the dataset. kData if the model does not know one.
std::vector<int> MapClasses(const Dataset& dataset, const ModelCard& card) {
  std::vector<int> indices;
  for (const std::string& name : dataset.class_names) {
    const auto found = std::find(card.class_names.begin(), card.class_names.end(), name);
    if (found == card.class_names.end()) {
      Fail(ErrorKind::kData, "{}: the folder '{}' is none of the model's classes ({}); rename or move it",
           Printable(dataset.root.native()), Printable(name), fmt::join(card.class_names, ", "));
    }
    indices.push_back(static_cast<int>(found - card.class_names.begin()));
  }
  return indices;
}

class EvalVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe("Measure a model on photos whose class is known.",
                     "Accuracy with its 95 % interval, confusion matrix, precision, recall, F1 and ROC AUC of each "
                     "class, log loss.");
    options.Argument("MODEL", &model_, "a model file made by `siskin train`; with --group a network: mobilenet");
    options.Argument("DIR", &folder_, "a folder with one folder per class, or with train/validation/test in it");
    options.Choice("--split", {"test", "validation", "train", "all"}, &split_,
                   "which part of a folder with train/validation/test");
    options.Text(
        "--group", "WORD", &group_,
        "of a network with ImageNet's classes: whether it tells what is a WORD (bird, dog, ... or a WordNet id) "
        "from the rest; folders named so, or after a kind of it, against all others");
    options.Number("--threshold", &threshold_, 0, 1, "--group: the score from which on it is one (0.5 if not given)");
    AddFormat(options, {"text", "json", "csv"});
    AddOutput(options);
    options.Text("--predictions", "FILE.csv", &predictions_,
                 "also write the answer for every photo: path, class, scores");
    options.Text("--report", "FILE.html", &report_,
                 "also write a page to read: the numbers, ROC, calibration, the worst mistakes");
    options.Number("--min-accuracy", &min_accuracy_, 0, 1, "exit code 5 if the accuracy is lower (0 to 1)");
    AddBatch(options);
    AddThreads(options);
    AddVolume(options);
    options.Footer(
        "Examples:\n"
        "  siskin eval pets.safetensors photos/\n"
        "  siskin eval pets.safetensors new-photos/ --format json -o metrics.json\n"
        "  siskin eval pets.safetensors photos/ --predictions answers.csv\n"
        "  siskin eval pets.safetensors photos/ --report report.html\n"
        "  siskin eval pets.safetensors photos/ --quiet --min-accuracy 0.95\n"
        "  siskin eval mobilenet photos/ --group bird");
  }

  ExitCode Run(Session& session) override {
    if (group_.empty() && threshold_) Fail(ErrorKind::kUsage, "--threshold belongs to --group");
    const ImageNetGroup group = group_.empty() ? ImageNetGroup() : FindImageNetGroup(group_);
    const ClassifierModel model = group_.empty() ? ReadModel(model_) : LoadModelOrNetwork(model_);
    const Dataset dataset = ScanFolder(folder_);
    const std::optional<GroupQuestion> question = Question(group, model.card, session);
    const ModelCard& card = question ? question->card() : model.card;
    Evaluation evaluation =
        Prepare(dataset, question ? FoldersInGroup(dataset.class_names, group, folder_) : MapClasses(dataset, card));
    const RunContext context = session.context();
    const int batch = static_cast<int>(std::min(evaluation.photos.size(), static_cast<size_t>(common_.batch)));
    Predictor predictor(model, batch, context.threads);
    Score(dataset, question, predictor, &evaluation, context);
    if (evaluation.photos.empty()) {
      Fail(ErrorKind::kData, "{}: not one photo could be read; `siskin check` says why", Printable(folder_));
    }
    const Metrics metrics =
        ComputeMetrics(evaluation.scores, evaluation.truths, evaluation.decisions, card.class_names);
    Print(metrics, evaluation, session);
    if (!predictions_.empty()) WritePredictions(evaluation, card);
    if (!report_.empty()) WriteReport(dataset, evaluation, card, session, context.threads);
    WarnAboutPhotos(evaluation.skipped, "could not be read", session);
    if (min_accuracy_ && metrics.accuracy < *min_accuracy_) {
      session.console().Error(
          fmt::format("accuracy {:.4f} is below --min-accuracy {}", metrics.accuracy, *min_accuracy_));
      return ExitCode::kGateFailed;
    }
    return evaluation.skipped.empty() ? ExitCode::kDone : ExitCode::kSomeInputsFailed;
  }

 private:
  std::optional<GroupQuestion> Question(const ImageNetGroup& group, const ModelCard& card, Session& session) const {
    if (group.senses.empty()) return std::nullopt;
    session.progress().Note(GroupText(group));
    return GroupQuestion(card, group, threshold_.value_or(kGroupThreshold));
  }

  // classes: the model's class of each of the dataset's.
  Evaluation Prepare(const Dataset& dataset, const std::vector<int>& classes) const {
    Evaluation evaluation{.photos = {}, .truths = {}, .decisions = {}, .scores = {}, .skipped = dataset.skipped};
    for (const Photo& photo : dataset.photos) {
      if (dataset.has_splits && split_ != "all" && split_ != kSplitNames[static_cast<size_t>(photo.split)]) continue;
      evaluation.photos.push_back(&photo);
      evaluation.truths.push_back(classes[static_cast<size_t>(photo.label)]);
    }
    if (evaluation.photos.empty()) {
      Fail(ErrorKind::kData, "{}: there are no photos in its part '{}'; --split chooses another one",
           Printable(folder_), split_);
    }
    return evaluation;
  }

  // Fills in decisions and scores; photos that cannot be read move to `skipped`.
  static void Score(const Dataset& dataset, const std::optional<GroupQuestion>& question, Predictor& predictor,
                    Evaluation* evaluation, const RunContext& context) {
    const auto batch = static_cast<size_t>(predictor.max_batch());
    const std::vector<const Photo*> photos = std::move(evaluation->photos);
    const std::vector<int> truths = std::move(evaluation->truths);
    evaluation->photos.clear();
    evaluation->truths.clear();
    context.progress.Begin("eval", "photos", photos.size());
    for (size_t begin = 0; begin < photos.size(); begin += batch) {
      if (context.stopped()) Fail(ErrorKind::kInterrupted, "stopped after {} of {} photos", begin, photos.size());
      const size_t end = std::min(begin + batch, photos.size());
      std::vector<fs::path> files;
      for (size_t i = begin; i < end; ++i) files.push_back(dataset.root / photos[i]->path);
      const std::vector<Predictor::Answer> answers = predictor.Predict(files);
      for (size_t i = begin; i < end; ++i) {
        const Predictor::Answer answer = question ? question->Of(answers[i - begin]) : answers[i - begin];
        if (!answer.status.error.empty()) {
          evaluation->skipped.push_back({photos[i]->path, answer.status.error});
          continue;
        }
        evaluation->photos.push_back(photos[i]);
        evaluation->truths.push_back(truths[i]);
        evaluation->decisions.push_back(answer.label);
        evaluation->scores.insert(evaluation->scores.end(), answer.scores.begin(), answer.scores.end());
      }
      context.progress.Advance(end - begin);
    }
    context.progress.Finish();
  }

  void Print(const Metrics& metrics, const Evaluation& evaluation, const Session& session) const {
    Output output = session.OpenOutput();
    if (session.format() == "csv") {
      output.Write(ToCsv(metrics));
    } else if (session.format() == "json") {
      Json json = {{"v", 1}, {"model", ToValidUtf8(model_)}, {"folder", ToValidUtf8(folder_)}};
      json["skipped"] = evaluation.skipped.size();
      json.update(ToJson(metrics));
      output.Write(ToText(json, 2) + "\n");
    } else {
      output.Write(ToText(metrics));
    }
    output.Commit();
  }

  // path,class,label,score,<score of each class>
  void WritePredictions(const Evaluation& evaluation, const ModelCard& card) const {
    Output output(predictions_);
    std::string header = "path,class,label,score";
    for (const std::string& name : card.class_names) header += "," + CsvField(name);
    output.Write(header + "\n");
    const size_t classes = card.class_names.size();
    for (size_t i = 0; i < evaluation.photos.size(); ++i) {
      const auto scores = std::span(evaluation.scores).subspan(i * classes, classes);
      const auto truth = static_cast<size_t>(evaluation.truths[i]);
      const auto label = static_cast<size_t>(evaluation.decisions[i]);
      output.Write(fmt::format("{},{},{},{},{}\n", CsvField(evaluation.photos[i]->path),
                               CsvField(card.class_names[truth]), CsvField(card.class_names[label]), scores[label],
                               fmt::join(scores, ",")));
    }
    output.Commit();
  }

  void WriteReport(const Dataset& dataset, const Evaluation& evaluation, const ModelCard& card, const Session& session,
                   ThreadPool& threads) const {
    ReportContent content;
    content.kind = "Evaluation report";
    content.unix_time = std::time(nullptr);
    content.command = session.command();
    content.scored = {card.class_names, {}, evaluation.truths, evaluation.decisions, evaluation.scores};
    content.scored_split = dataset.has_splits ? split_ : "given";
    content.skipped = evaluation.skipped;
    ReportSplit counts{content.scored_split, std::vector<int>(card.class_names.size(), 0)};
    for (size_t i = 0; i < evaluation.photos.size(); ++i) {
      content.scored.paths.push_back(evaluation.photos[i]->path);
      ++counts.photos[static_cast<size_t>(evaluation.truths[i])];
    }
    content.splits = {counts};
    DescribeModel(card, &content);
    CollectMistakes(dataset.root, threads, &content);
    Output output(report_);
    output.Write(HtmlReport(content));
    output.Commit();
  }

  std::string model_, folder_, group_, predictions_, report_;
  std::string split_ = "test";
  std::optional<double> threshold_, min_accuracy_;
};

}  // namespace

std::unique_ptr<Verb> MakeEval() {
  return std::make_unique<EvalVerb>();
}

}  // namespace siskin::cli
