#include "model/group_question.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace siskin {
namespace {

// Whether a folder's name has a meaning whose classes are all in the group, and one whose classes are partly in it.
struct Relation {
  bool inside = false, across = false;
};

Relation RelationOf(const std::string& folder, const ImageNetGroup& group) {
  Relation relation;
  for (const ImageNetSynset* sense : LookUpImageNetGroup(folder).senses) {
    const auto classes = LookUpImageNetGroup(sense->wordnet_id).classes;
    const bool some = (classes & group.classes).any(), all = (classes & ~group.classes).none();
    relation.inside |= all;
    relation.across |= some && !all;
  }
  return relation;
}

}  // namespace

GroupQuestion::GroupQuestion(const ModelCard& imagenet, ImageNetGroup group, double threshold, std::string rest)
    : group_(std::move(group)), card_(imagenet) {
  if (!imagenet.network.top) {
    Fail(ErrorKind::kUsage,
         "--group asks a network with ImageNet's classes (`siskin networks` lists them); a model with classes of its "
         "own ({}) answers without it",
         fmt::join(imagenet.class_names, ", "));
  }
  card_.class_names = {std::move(rest), group_.word};
  card_.threshold = threshold;
}

Predictor::Answer GroupQuestion::Of(const Predictor::Answer& answer) const {
  Predictor::Answer two{.status = answer.status, .scores = {}, .label = -1};
  if (!answer.status.error.empty()) return two;
  const float score = GroupScore(group_, answer.scores);
  two.scores = {1 - score, score};
  two.label = Decide(card_, two.scores);
  return two;
}

std::vector<int> FoldersInGroup(const std::vector<std::string>& folders, const ImageNetGroup& group,
                                const std::string& root) {
  std::vector<int> labels;
  for (const std::string& folder : folders) {
    const Relation relation = RelationOf(folder, group);
    if (!relation.inside && relation.across) {
      Fail(ErrorKind::kData,
           "{}: the folder '{}' may hold photos of {} and of other things: sort them into two folders, or ask for "
           "another group",
           Printable(root), Printable(folder), group.word);
    }
    labels.push_back(relation.inside ? 1 : 0);
  }
  // All on one side can be scored as well; but if none is in the group, a name may be mistyped.
  if (std::ranges::count(labels, 1) == 0) {
    Fail(ErrorKind::kData, "{}: none of its folders is a kind of {} ({}); at least one is needed", Printable(root),
         group.word, Printable(fmt::format("{}", fmt::join(folders, ", "))));
  }
  return labels;
}

}  // namespace siskin
