// include/siskin/evaluate.h on top of compare/ and evaluate/.
#include "siskin/evaluate.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <span>

#include "api/model_info.h"
#include "api/work_context.h"
#include "base/error.h"
#include "base/json.h"
#include "compare/score_photos.h"
#include "evaluate/report/report.h"
#include "model/group_question.h"
#include "model/model_argument.h"
#include "model/predictor.h"

namespace siskin {
namespace {

constexpr std::array<std::string_view, 4> kParts = {"test", "validation", "train", "all"};

void CheckOptions(const EvaluateOptions& options) {
  if (std::ranges::count(kParts, options.split) == 0) {
    Fail(ErrorKind::kUsage, "there is no part '{}' of photos; the parts are {}", Printable(options.split, 60),
         fmt::join(kParts, ", "));
  }
  if (options.batch < 1) Fail(ErrorKind::kUsage, "a batch has at least one photo, not {}", options.batch);
  if (!options.threshold) return;
  if (options.group.empty()) Fail(ErrorKind::kUsage, "a threshold belongs to a group: models have their own");
  if (!(*options.threshold >= 0 && *options.threshold <= 1)) {
    Fail(ErrorKind::kUsage, "threshold is {}; it is a score from 0 to 1", *options.threshold);
  }
}

std::optional<GroupQuestion> QuestionOf(const EvaluateOptions& options, const ImageNetGroup& group,
                                        const ModelCard& card, Progress& progress) {
  if (options.group.empty()) return std::nullopt;
  progress.Note(GroupText(group));
  return GroupQuestion(card, group, options.threshold.value_or(kGroupThreshold));
}

std::vector<EvaluatedPhoto> PhotosOf(const ScoredPhotos& scored) {
  const size_t classes = scored.class_names.size();
  std::vector<EvaluatedPhoto> photos;
  photos.reserve(scored.num_photos());
  for (size_t i = 0; i < scored.num_photos(); ++i) {
    const auto scores = std::span(scored.scores).subspan(i * classes, classes);
    photos.push_back({.path = scored.paths[i],
                      .truth = scored.labels[i],
                      .label = scored.decisions[i],
                      .scores = {scores.begin(), scores.end()}});
  }
  return photos;
}

Evaluation ToEvaluation(const PhotoScoring& scoring, const ModelCard& card) {
  Evaluation evaluation;
  evaluation.class_names = card.class_names;
  evaluation.threshold = card.threshold;
  evaluation.metrics = MetricsOf(scoring.scored);
  evaluation.photos = PhotosOf(scoring.scored);
  evaluation.skipped = scoring.skipped;
  return evaluation;
}

// An evaluation may have been put together by hand.
void RequireWhole(const Evaluation& evaluation) {
  const size_t classes = evaluation.class_names.size();
  const auto known = [&](int label) { return label >= 0 && static_cast<size_t>(label) < classes; };
  for (const EvaluatedPhoto& photo : evaluation.photos) {
    if (known(photo.truth) && known(photo.label) && photo.scores.size() == classes) continue;
    Fail(ErrorKind::kUsage, "{}: class, answer and {} scores do not fit the evaluation's {} classes",
         Printable(photo.path), photo.scores.size(), classes);
  }
  if (evaluation.photos.empty()) Fail(ErrorKind::kUsage, "an evaluation without photos has no report");
}

ScoredPhotos ScoredOf(const Evaluation& evaluation) {
  ScoredPhotos scored;
  scored.class_names = evaluation.class_names;
  for (const EvaluatedPhoto& photo : evaluation.photos) {
    scored.paths.push_back(photo.path);
    scored.labels.push_back(photo.truth);
    scored.decisions.push_back(photo.label);
    scored.scores.insert(scored.scores.end(), photo.scores.begin(), photo.scores.end());
  }
  return scored;
}

// The model's, or that of the model with two classes which the question amounts to.
ModelCard CardOf(const Evaluation& evaluation) {
  constexpr char kWhere[] = "the card of the evaluated model";
  ModelCard card = ModelCardFromJson(ParseJson(evaluation.model.card, kWhere), kWhere);
  card.class_names = evaluation.class_names;
  card.threshold = evaluation.threshold;
  return card;
}

}  // namespace

Evaluation Evaluate(const EvaluateOptions& options, const Work& work) {
  CheckOptions(options);
  const bool by_group = !options.group.empty();
  const ImageNetGroup group = by_group ? FindImageNetGroup(options.group) : ImageNetGroup();
  const ClassifierModel model = by_group ? LoadModelOrNetwork(options.model) : ReadModel(options.model);
  WorkContext lent(work);
  const ModelCard* const trained = &model.card;
  const Dataset dataset = PhotosToScore(options.folder, options.split_file, {&trained, 1}, lent.progress());
  const std::optional<GroupQuestion> question = QuestionOf(options, group, model.card, lent.progress());
  const ModelCard& card = question ? question->card() : model.card;
  const std::vector<int> classes =
      question ? FoldersInGroup(dataset.class_names, group, options.folder) : MapClasses(dataset, card);
  const std::vector<const Photo*> photos = PhotosOfPart(dataset, options.split);
  const RunContext context = lent.context();
  Predictor predictor(model, static_cast<int>(std::min(photos.size(), static_cast<size_t>(options.batch))),
                      context.threads);
  const PhotoScoring scoring =
      ScorePhotos(dataset, photos, classes, predictor, question ? &*question : nullptr, "eval", context);
  Evaluation evaluation = ToEvaluation(scoring, card);
  evaluation.model = InfoOf(model.card);
  evaluation.folder = dataset.root;
  evaluation.split = dataset.has_splits ? options.split : "given";
  evaluation.skipped.insert(evaluation.skipped.begin(), dataset.skipped.begin(), dataset.skipped.end());
  return evaluation;
}

std::string EvaluationReport(const Evaluation& evaluation, const std::string& command, const Work& work) {
  RequireWhole(evaluation);
  WorkContext lent(work);
  ReportContent content;
  content.kind = "Evaluation report";
  content.unix_time = std::time(nullptr);
  content.command = command;
  content.scored = ScoredOf(evaluation);
  content.scored_split = evaluation.split;
  content.skipped = evaluation.skipped;
  ReportSplit counts{content.scored_split, std::vector<int>(content.scored.class_names.size(), 0)};
  for (const int label : content.scored.labels) ++counts.photos[static_cast<size_t>(label)];
  content.splits = {counts};
  DescribeModel(CardOf(evaluation), &content);
  CollectMistakes(evaluation.folder, lent.context().threads, &content);
  return HtmlReport(content);
}

}  // namespace siskin
