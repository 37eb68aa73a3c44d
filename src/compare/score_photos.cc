#include "compare/score_photos.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"

namespace siskin {

std::vector<int> MapClasses(const Dataset& dataset, const ModelCard& card) {
  std::vector<int> indices;
  for (const std::string& name : dataset.class_names) {
    const auto found = std::find(card.class_names.begin(), card.class_names.end(), name);
    if (found == card.class_names.end()) {
      Fail(ErrorKind::kData, "{}: the folder '{}' is none of the model's classes ({}); rename or move it",
           Printable(dataset.root.native()), Printable(name),
           Printable(fmt::format("{}", fmt::join(card.class_names, ", "))));
    }
    indices.push_back(static_cast<int>(found - card.class_names.begin()));
  }
  return indices;
}

std::vector<const Photo*> PhotosOfPart(const Dataset& dataset, const std::string& part) {
  std::vector<const Photo*> photos;
  for (const Photo& photo : dataset.photos) {
    if (dataset.has_splits && part != "all" && part != kSplitNames[static_cast<size_t>(photo.split)]) continue;
    photos.push_back(&photo);
  }
  if (photos.empty()) {
    Fail(ErrorKind::kData, "{}: there are no photos in its part '{}'; --split chooses another one",
         Printable(dataset.root.native()), part);
  }
  return photos;
}

PhotoScoring ScorePhotos(const Dataset& dataset, const std::vector<const Photo*>& photos,
                         const std::vector<int>& classes, Predictor& predictor, const GroupQuestion* question,
                         const std::string& task, const RunContext& context) {
  PhotoScoring result;
  ScoredPhotos& scored = result.scored;
  scored.class_names = question != nullptr ? question->card().class_names : predictor.card().class_names;
  const auto batch = static_cast<size_t>(predictor.max_batch());
  context.progress.Begin(task, "photos", photos.size());
  for (size_t begin = 0; begin < photos.size(); begin += batch) {
    if (context.stopped()) Fail(ErrorKind::kInterrupted, "stopped after {} of {} photos", begin, photos.size());
    const size_t end = std::min(begin + batch, photos.size());
    std::vector<std::filesystem::path> files;
    for (size_t i = begin; i < end; ++i) files.push_back(dataset.root / photos[i]->path);
    const std::vector<Predictor::Answer> answers = predictor.Predict(files);
    for (size_t i = begin; i < end; ++i) {
      const Predictor::Answer& given = answers[i - begin];
      if (!given.status.error.empty()) {
        result.skipped.push_back({photos[i]->path, given.status.error});
        continue;
      }
      const Predictor::Answer answer = question != nullptr ? question->Of(given) : given;
      scored.paths.push_back(photos[i]->path);
      scored.labels.push_back(classes[static_cast<size_t>(photos[i]->label)]);
      scored.decisions.push_back(answer.label);
      scored.scores.insert(scored.scores.end(), answer.scores.begin(), answer.scores.end());
    }
    context.progress.Advance(end - begin);
  }
  context.progress.Finish();
  if (scored.num_photos() == 0) {
    Fail(ErrorKind::kData, "{}: not one photo could be read; `siskin check` says why",
         Printable(dataset.root.native()));
  }
  return result;
}

}  // namespace siskin
