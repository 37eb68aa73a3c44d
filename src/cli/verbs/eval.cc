// `siskin eval`: how good a model is on photos whose class is known.
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <optional>
#include <span>

#include "base/csv.h"
#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/group_writer.h"
#include "cli/photo_messages.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "compare/score_photos.h"
#include "evaluate/report/report.h"
#include "model/classifier_model.h"
#include "model/model_argument.h"
#include "model/predictor.h"

namespace siskin::cli {
namespace {

namespace fs = std::filesystem;

class EvalVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe("Measure a model on photos whose class is known.",
                     "Accuracy with its 95 % interval, confusion matrix, precision, recall, F1 and ROC AUC of each "
                     "class, log loss.");
    options.Argument("MODEL", Reads(&model_), "a model file made by `siskin train`; with --group a network: mobilenet");
    options.Argument("DIR", Reads(&folder_),
                     "a folder with one folder per class, or with train/validation/test in it; one class is enough");
    options.Choice("--split", {"test", "validation", "train", "all"}, &split_,
                   "which part of a folder with train/validation/test, or of the photos that the model was trained on");
    options.Text("--split-file", "FILE.csv", Reads(&split_file_),
                 "path,class,split of every photo to use, as in split.csv");
    options.Text(
        "--group", "WORD", Word(&group_),
        "of a network with ImageNet's classes: whether it tells what is a WORD (bird, dog, ... or a WordNet id) "
        "from the rest; folders named so, or after a kind of it, against all others");
    options.Number("--threshold", &threshold_, 0, 1, "--group: the score from which on it is one (0.5 if not given)");
    AddFormat(options, {"text", "json", "csv"});
    AddOutput(options, kMetrics);
    options.Text("--predictions", "FILE.csv", Writes(&predictions_, kPhotoAnswers),
                 "also write the answer for every photo: path, class, scores");
    options.Text("--report", "FILE.html", Writes(&report_, kReport),
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
    const ModelCard* const trained = &model.card;
    const Dataset dataset = PhotosToScore(folder_, split_file_, {&trained, 1}, session.progress());
    const std::optional<GroupQuestion> question = Question(group, model.card, session);
    const ModelCard& card = question ? question->card() : model.card;
    const std::vector<int> classes =
        question ? FoldersInGroup(dataset.class_names, group, folder_) : MapClasses(dataset, card);
    const std::vector<const Photo*> photos = PhotosOfPart(dataset, split_);
    const RunContext context = session.context();
    const int batch = static_cast<int>(std::min(photos.size(), static_cast<size_t>(common_.batch)));
    Predictor predictor(model, batch, context.threads);
    PhotoScoring evaluation =
        ScorePhotos(dataset, photos, classes, predictor, question ? &*question : nullptr, "eval", context);
    evaluation.skipped.insert(evaluation.skipped.begin(), dataset.skipped.begin(), dataset.skipped.end());
    const Metrics metrics = MetricsOf(evaluation.scored);
    Print(metrics, evaluation, session);
    if (!predictions_.empty()) WritePredictions(evaluation.scored);
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

  void Print(const Metrics& metrics, const PhotoScoring& evaluation, const Session& session) const {
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
  void WritePredictions(const ScoredPhotos& scored) const {
    Output output(predictions_);
    std::string header = "path,class,label,score";
    for (const std::string& name : scored.class_names) header += "," + CsvField(name);
    output.Write(header + "\n");
    const size_t classes = scored.class_names.size();
    for (size_t i = 0; i < scored.num_photos(); ++i) {
      const auto truth = static_cast<size_t>(scored.labels[i]), label = static_cast<size_t>(scored.decisions[i]);
      output.Write(fmt::format("{},{},{},{},{}\n", CsvField(scored.paths[i]), CsvField(scored.class_names[truth]),
                               CsvField(scored.class_names[label]), scored.score(i, scored.decisions[i]),
                               fmt::join(std::span(scored.scores).subspan(i * classes, classes), ",")));
    }
    output.Commit();
  }

  void WriteReport(const Dataset& dataset, const PhotoScoring& evaluation, const ModelCard& card,
                   const Session& session, ThreadPool& threads) const {
    ReportContent content;
    content.kind = "Evaluation report";
    content.unix_time = std::time(nullptr);
    content.command = session.command();
    content.scored = evaluation.scored;
    content.scored_split = dataset.has_splits ? split_ : "given";
    content.skipped = evaluation.skipped;
    ReportSplit counts{content.scored_split, std::vector<int>(card.class_names.size(), 0)};
    for (const int label : content.scored.labels) ++counts.photos[static_cast<size_t>(label)];
    content.splits = {counts};
    DescribeModel(card, &content);
    CollectMistakes(dataset.root, threads, &content);
    Output output(report_);
    output.Write(HtmlReport(content));
    output.Commit();
  }

  std::string model_, folder_, split_file_, group_, predictions_, report_;
  std::string split_ = "test";
  std::optional<double> threshold_, min_accuracy_;
};

}  // namespace

std::unique_ptr<Verb> MakeEval() {
  return std::make_unique<EvalVerb>();
}

}  // namespace siskin::cli
