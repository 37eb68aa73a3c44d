// `siskin predict`: says what is in photos. Memory does not grow with their number: answers leave batch by batch.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include "base/error.h"
#include "cli/group_writer.h"
#include "cli/photo_messages.h"
#include "cli/prediction_writer.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "model/model_argument.h"

namespace siskin::cli {
namespace {

namespace fs = std::filesystem;

// With more classes than this a full list of scores is noise: the best five are shown, as ImageNet's top-5 has it.
constexpr size_t kManyClasses = 20;
constexpr int kTopOfMany = 5;
constexpr size_t kMaxPathColumns = 60;

class PredictVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe("Say which class each photo belongs to.");
    options.Argument("MODEL", Reads(&model_),
                     "a model file made by `siskin train`, or a network with ImageNet's own classes, like mobilenet");
    options.Argument("PHOTOS", ReadsAll(&photos_),
                     "files, folders (all photos below), patterns in quotes ('*.jpg', '**/*.jpg'), or - for a "
                     "list on standard input, one path a line (UTF-8 or UTF-16) or NUL-separated");
    AddFormat(options, {"text", "jsonl", "csv"});
    AddOutput(options, kAnswers);
    options.Whole("--top", &top_, 0, kNoLimit,
                  "show only the N best classes; 0: all of them in jsonl and csv (5 of more than 20), the answer alone "
                  "in text");
    options.Text("--group", "WORD", Words(&groups_),
                 "of a network with ImageNet's classes: the sum of its scores for everything that is a WORD (bird, "
                 "dog, vehicle, ... or a WordNet id), and yes or no; several are allowed");
    options.Number("--threshold", &threshold_, 0, 1, "--group: yes from this score on (0.5 if not given)");
    AddBatch(options);
    AddThreads(options);
    AddVolume(options);
    options.Footer(
        "A photo that cannot be read gets a line with its error, and the exit code is 4.\n\n"
        "Examples:\n"
        "  siskin predict pets.safetensors new/*.jpg\n"
        "  siskin predict pets.safetensors photos/ --format csv -o answers.csv\n"
        "  find . -name '*.jpg' -print0 | siskin predict pets.safetensors -\n"
        "  siskin predict mobilenet photo.jpg --top 3\n"
        "  siskin predict mobilenet photos/ --group bird,cat --format csv");
  }

  ExitCode Run(Session& session) override {
    const std::vector<ImageNetGroup> groups = Groups();
    const std::vector<fs::path> files = session.ExpandPhotos(photos_, "siskin predict " + Printable(model_));
    ClassifierModel model = LoadModelOrNetwork(model_);
    const RunContext context = session.context();
    const int batch = static_cast<int>(std::min(files.size(), static_cast<size_t>(common_.batch)));
    Predictor predictor(std::move(model), batch, context.threads);
    const auto writer = MakeWriter(groups, Style(session, files, predictor.card()), predictor.card(), session);
    Output output = session.OpenOutput();
    output.Write(writer->Header());
    Progress silent;
    Progress& progress = session.results_on_terminal() ? silent : context.progress;
    const Troubles troubles = PredictAll(files, predictor, *writer, output, {context.threads, progress, context.stop});
    output.Commit();
    WarnAboutPhotos(troubles.damaged, "damaged, but could be decoded", session);
    if (troubles.failed == 0) return ExitCode::kDone;
    session.console().Warning(fmt::format("{} of {} could not be read",
                                          WithCommas(static_cast<int64_t>(troubles.failed)),
                                          Plural(files.size(), "photo")));
    return ExitCode::kSomeInputsFailed;
  }

 private:
  // Looked up before anything is read: a mistyped word costs no time.
  std::vector<ImageNetGroup> Groups() const {
    if (groups_.empty() && threshold_) Fail(ErrorKind::kUsage, "--threshold belongs to --group");
    if (!groups_.empty() && top_ > 0) Fail(ErrorKind::kUsage, "--top shows classes, --group sums them; choose one");
    std::vector<ImageNetGroup> groups;
    for (const std::string& word : groups_) groups.push_back(FindImageNetGroup(word));
    return groups;
  }

  std::unique_ptr<PredictionWriter> MakeWriter(const std::vector<ImageNetGroup>& groups, const PredictionStyle& style,
                                               const ModelCard& card, Session& session) const {
    if (groups.empty()) return MakePredictionWriter(style, card.class_names);
    std::vector<GroupQuestion> questions;
    for (const ImageNetGroup& group : groups) {
      questions.emplace_back(card, group, threshold_.value_or(kGroupThreshold));
      session.progress().Note(GroupText(group));
    }
    return MakeGroupWriter(style, std::move(questions));
  }

  PredictionStyle Style(const Session& session, std::span<const fs::path> files, const ModelCard& card) const {
    PredictionStyle style{.format = session.format(), .top = top_, .path_columns = 0};
    if (top_ == 0 && card.class_names.size() > kManyClasses) style.top = kTopOfMany;
    for (const fs::path& file : files) {
      style.path_columns = std::max(style.path_columns, DisplayWidth(Printable(file.native(), kMaxPathColumns)));
    }
    style.path_columns = std::min(style.path_columns, kMaxPathColumns);
    return style;
  }

  struct Troubles {
    size_t failed = 0;
    std::vector<SkippedFile> damaged;
  };

  static Troubles PredictAll(std::span<const fs::path> files, Predictor& predictor, const PredictionWriter& writer,
                             Output& output, const RunContext& context) {
    Troubles troubles;
    context.progress.Begin("predict", "photos", files.size());
    const auto batch = static_cast<size_t>(predictor.max_batch());
    for (size_t begin = 0; begin < files.size(); begin += batch) {
      if (context.stopped()) {
        Fail(ErrorKind::kInterrupted, "stopped after {} of {} photos", begin, files.size());
      }
      const auto part = files.subspan(begin, std::min(batch, files.size() - begin));
      const std::vector<Predictor::Answer> answers = predictor.PredictFiles(part);
      for (size_t i = 0; i < part.size(); ++i) {
        output.Write(writer.Line(part[i].native(), answers[i]));
        if (!answers[i].status.error.empty()) ++troubles.failed;
        if (!answers[i].status.warning.empty()) {
          troubles.damaged.push_back({part[i].native(), answers[i].status.warning});
        }
      }
      output.Flush();
      context.progress.Advance(part.size());
    }
    context.progress.Finish();
    return troubles;
  }

  std::string model_;
  std::vector<std::string> photos_, groups_;
  int top_ = 0;
  std::optional<double> threshold_;
};

}  // namespace

std::unique_ptr<Verb> MakePredict() {
  return std::make_unique<PredictVerb>();
}

}  // namespace siskin::cli
