// "Is there a bird?", asked of a network with ImageNet's classes: two classes, the group and the rest, from the sum of
// the scores below a word of WordNet. Nothing is trained.
#pragma once

#include <string>
#include <vector>

#include "model/classifier_model.h"
#include "model/predictor.h"
#include "networks/imagenet_groups.h"

namespace siskin {

inline constexpr double kGroupThreshold = 0.5;  // more likely than not

class GroupQuestion {
 public:
  // imagenet: the card of the model that will be asked; kUsage if it has classes of its own. The group is class 1 and
  // the answer if its score is at least `threshold`; `rest` is what class 0 is called.
  GroupQuestion(const ModelCard& imagenet, ImageNetGroup group, double threshold, std::string rest = "other");

  const ImageNetGroup& group() const { return group_; }
  const ModelCard& card() const { return card_; }  // of the two-class model that this amounts to

  // The answer of the model with ImageNet's classes as one with two; errors are passed on.
  Predictor::Answer Of(const Predictor::Answer& answer) const;

 private:
  ImageNetGroup group_;
  ModelCard card_;
};

// What the folders of a dataset are to a group: 1 below it, 0 beside it. A folder is below if its name is the group's
// word, or a word for something that is all in the group ("robin" for "bird"). kData if a name means the group and more
// ("animal"), or if no folder is below the group. `root` stands in the messages.
std::vector<int> FoldersInGroup(const std::vector<std::string>& folders, const ImageNetGroup& group,
                                const std::string& root);

}  // namespace siskin
