// A model's answers on photos whose class is known: what `eval` and `compare` look at.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/run_context.h"
#include "data/dataset.h"
#include "evaluate/scored_photos.h"
#include "model/classifier_model.h"
#include "model/group_question.h"
#include "model/predictor.h"

namespace siskin {

// Index in the model of each class of the dataset. kData if the model does not know one.
std::vector<int> MapClasses(const Dataset& dataset, const ModelCard& card);

// The photos of one part: "train", "validation", "test", or "all"; of a folder without parts always all. kData if there
// are none.
std::vector<const Photo*> PhotosOfPart(const Dataset& dataset, const std::string& part);

// The photos of a folder, of one class or more, with their parts: those of `split_file` (split.csv) if one is given, or
// else of the folder. Where that has no test part and one of the models was trained on exactly these photos
// (data/dataset.h, Fingerprint), they get the parts again that `siskin train` gave them, and a note says so: only
// photos that a model has never seen tell anything about it. Warns if two models had other parts.
Dataset PhotosToScore(const std::filesystem::path& folder, const std::filesystem::path& split_file,
                      std::span<const ModelCard* const> models, Progress& progress);

struct PhotoScoring {
  ScoredPhotos scored;               // of the photos that could be read, in the dataset's order
  std::vector<SkippedFile> skipped;  // the others
};

// classes: of the model, for each class of the dataset. question: ask the model, which has ImageNet's classes, this
// instead (the classes are then the question's); may be null. Progress: task `task` in photos. kInterrupted if stopped,
// kData if not one photo can be read.
PhotoScoring ScorePhotos(const Dataset& dataset, const std::vector<const Photo*>& photos,
                         const std::vector<int>& classes, Predictor& predictor, const GroupQuestion* question,
                         const std::string& task, const RunContext& context);

}  // namespace siskin
