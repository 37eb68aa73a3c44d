#include "compare/score_photos.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "data/nfc.h"

namespace siskin {
namespace {

// What a model's card says is not checked when it is read, as long as it is only shown.
Json MemberOrNull(const Json& json, const std::string& name) {
  return json.is_object() && json.contains(name) ? json[name] : Json();
}

// The photos with the parts that they had when the model was trained. None if it was not trained on exactly these, or
// was told the parts.
std::optional<Dataset> AsInTraining(const ModelCard& card, const Dataset& dataset) {
  if (!dataset.InSplit(Split::kTest).empty()) return std::nullopt;
  const Json counts = MemberOrNull(card.data, "photos"), seed = MemberOrNull(card.recipe, "seed");
  const auto counts_of = [&](Split split) {
    const Json of_split = MemberOrNull(counts, kSplitNames[static_cast<size_t>(split)]);
    std::vector<int> list;
    for (const std::string& name : dataset.class_names) {
      const Json count = MemberOrNull(of_split, ToValidUtf8(name));
      list.push_back(count.is_number_integer() ? count.get<int>() : 0);
    }
    return list;
  };
  Dataset repeated = dataset;
  const Json drawn = MemberOrNull(card.data, "max_photos");
  const bool possible = seed.is_number_unsigned() &&
                        DrawPhotos(&repeated, drawn.is_number_unsigned() ? drawn.get<size_t>() : 0, seed) &&
                        RepeatSplits(&repeated, counts_of(Split::kValidation), counts_of(Split::kTest), seed);
  if (!possible || MemberOrNull(card.data, "sha256") != Fingerprint(repeated)) return std::nullopt;
  return repeated;
}

}  // namespace

std::vector<int> MapClasses(const Dataset& dataset, const ModelCard& card) {
  std::vector<int> indices;
  for (const std::string& name : dataset.class_names) {
    // A card may come from elsewhere; the dataset's names are in NFC already.
    const auto found = std::ranges::find(card.class_names, name, ToNfc);
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
    Fail(ErrorKind::kData, "{}: its part '{}' holds no photos; --split chooses another one",
         Printable(dataset.root.native()), part);
  }
  return photos;
}

Dataset PhotosToScore(const std::filesystem::path& folder, const std::filesystem::path& split_file,
                      std::span<const ModelCard* const> models, Progress& progress) {
  ScanOptions options{.for_training = false, .known_classes = {}};
  for (const ModelCard* model : models)
    std::ranges::copy(model->class_names, std::back_inserter(options.known_classes));
  Dataset dataset = ScanFolder(folder, options);
  for (const std::string& note : dataset.notes) progress.Warn(note);
  if (!split_file.empty()) {
    ReadSplitFile(split_file, &dataset);
    return dataset;
  }
  std::optional<Dataset> split;
  for (const ModelCard* model : models) {
    std::optional<Dataset> own = AsInTraining(*model, dataset);
    if (!own) continue;
    if (!split) {
      progress.Note("a model was trained on these photos: they are split as they were then");
      split = std::move(own);
    } else if (Fingerprint(*own) != Fingerprint(*split)) {
      progress.Warn("the models kept other photos for their tests: each is asked about some that the other one knows");
    }
  }
  return split ? *std::move(split) : dataset;
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
    const std::vector<Predictor::Answer> answers = predictor.PredictFiles(files);
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
