// Answers to `--group`: for every photo a line a group, the sum of the scores of ImageNet's classes below a word and
// yes or no. The formats are an interface; docs/formats.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/prediction_writer.h"
#include "model/group_question.h"

namespace siskin::cli {

// The writer takes answers with ImageNet's classes. style.top is ignored.
std::unique_ptr<PredictionWriter> MakeGroupWriter(const PredictionStyle& style, std::vector<GroupQuestion> questions);

}  // namespace siskin::cli
