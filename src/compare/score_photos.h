// A model's answers on photos whose class is known: what `eval` and `compare` look at.
#pragma once

#include <string>
#include <vector>

#include "base/run_context.h"
#include "data/dataset.h"
#include "evaluate/scored_photos.h"
#include "model/classifier_model.h"
#include "model/group_question.h"

namespace siskin {

// Index in the model of each class of the dataset. kData if the model does not know one.
std::vector<int> MapClasses(const Dataset& dataset, const ModelCard& card);

// The photos of one part: "train", "validation", "test", or "all"; of a folder without parts always all. kData if there
// are none.
std::vector<const Photo*> PhotosOfPart(const Dataset& dataset, const std::string& part);

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
