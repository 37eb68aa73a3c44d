// `siskin eval`: how good a model is on photos whose class is known.
#include <fmt/ranges.h>

#include <optional>

#include "base/csv.h"
#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/photo_messages.h"
#include "cli/verb.h"
#include "evaluate/metrics.h"
#include "siskin/evaluate.h"

namespace siskin::cli {
namespace {

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
    const Work work = session.work();
    const Evaluation evaluation = Evaluate({.model = model_,
                                            .folder = folder_,
                                            .split = split_,
                                            .split_file = split_file_,
                                            .group = group_,
                                            .threshold = threshold_,
                                            .batch = common_.batch},
                                           work);
    Print(evaluation, session);
    if (!predictions_.empty()) WritePredictions(evaluation);
    if (!report_.empty()) {
      Output output(report_);
      output.Write(EvaluationReport(evaluation, session.command(), work));
      output.Commit();
    }
    WarnAboutPhotos(evaluation.skipped, "could not be read", session);
    const double accuracy = evaluation.metrics.accuracy;
    if (min_accuracy_ && accuracy < *min_accuracy_) {
      session.console().Error(fmt::format("accuracy {:.4f} is below --min-accuracy {}", accuracy, *min_accuracy_));
      return ExitCode::kGateFailed;
    }
    return evaluation.skipped.empty() ? ExitCode::kDone : ExitCode::kSomeInputsFailed;
  }

 private:
  void Print(const Evaluation& evaluation, const Session& session) const {
    Output output = session.OpenOutput();
    if (session.format() == "csv") {
      output.Write(ToCsv(evaluation.metrics));
    } else if (session.format() == "json") {
      Json json = {{"v", 1}, {"model", ToValidUtf8(model_)}, {"folder", ToValidUtf8(folder_)}};
      json["skipped"] = evaluation.skipped.size();
      json.update(ToJson(evaluation.metrics));
      output.Write(ToText(json, 2) + "\n");
    } else {
      output.Write(ToText(evaluation.metrics));
    }
    output.Commit();
  }

  // path,class,label,score,<score of each class>
  void WritePredictions(const Evaluation& evaluation) const {
    Output output(predictions_);
    const std::vector<std::string>& names = evaluation.class_names;
    std::string header = "path,class,label,score";
    for (const std::string& name : names) header += "," + CsvField(name);
    output.Write(header + "\n");
    for (const EvaluatedPhoto& photo : evaluation.photos) {
      const auto truth = static_cast<size_t>(photo.truth), label = static_cast<size_t>(photo.label);
      output.Write(fmt::format("{},{},{},{},{}\n", CsvField(photo.path), CsvField(names[truth]), CsvField(names[label]),
                               photo.scores[label], fmt::join(photo.scores, ",")));
    }
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
