// How a classifier is trained, as data. One table of fields drives defaults, the command line and its help, parsing,
// printing and saving in the model's card: a new option is one member and one line in recipe.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "data/augmentation.h"
#include "images/preprocess.h"
#include "model/model_card.h"
#include "networks/catalogue.h"
#include "train/epoch.h"
#include "train/optimizer.h"

namespace siskin {

enum class ClassWeight { kNone, kBalanced };
enum class FineTune { kOff, kLastBlock, kHalf, kAll };  // which layers of the network are trained besides the head

// The second phase: the network itself, on augmented photos.
struct FineTuneRecipe {
  FineTune layers = FineTune::kOff;
  int batch = 32;  // photos per step
  OptimizerRecipe optimizer = {.kind = Optimizer::kSgd, .epochs = 4, .lr = 0.001, .nesterov = true, .weight_decay = 0};
  double backbone_lr = 1;  // factor of the learning rate for the network; the head has it whole
  bool train_bn = false;   // batch normalisation by the statistics of the batch, as the article did
  double clip_norm = 0;    // longest gradient; 0: any
  double ema = 0;          // decay of an average of the weights, which then is what counts; 0: off
  double mixup = 0;        // parameter of the Beta distribution that mixes pairs of photos; 0: off
  bool keep = false;       // its best epoch is the model even if the head alone is better on validation
  double cutmix = 0;       // the same for rectangles cut out of another photo
};

struct Recipe {
  std::string name = "default";

  // What the photos become: features of a frozen network.
  std::string network = "xception";
  double alpha = 1;     // width multiplier (MobileNet, MobileNetV2)
  std::string weights;  // where the options name none: "none" for random ones, empty for ImageNet's; not a field
  int size = 0;         // side of the input in pixels; 0: the network's own
  std::string scaling;  // SetScaling's names; empty: the network's own
  ResizeMode resize = ResizeMode::kSquash;
  Interpolation interpolation = Interpolation::kBilinear;

  // The small network on top. By default a single layer: with standardised features and strong weight decay it beats
  // hidden layers from 40 photos to 4,000, and nothing depends on chance (docs/training.md has the numbers).
  HeadSpec head = {.hidden = {}, .dropout = 0.5f};
  bool standardize = true;  // features to mean 0, deviation 1 over the training photos; folded into the first layer

  // Its training.
  int head_batch = 32;  // photos per step
  OptimizerRecipe optimizer;
  int patience = 0;  // epochs without improvement before stopping; 0: never
  ClassWeight class_weight = ClassWeight::kNone;
  double label_smoothing = 0;
  SelectBy select_by = SelectBy::kLoss;

  FineTuneRecipe fine_tune;

  // Of the training photos, where the network itself is trained; features for the head are computed once, without.
  Augmentation augment;
};

// What a field is about; help shows the fields of one group together.
enum class RecipeGroup { kInput, kHead, kTraining, kFineTune, kAugment };

struct RecipeField {
  enum class Type { kNumber, kFlag, kText };  // in JSON; a flag is an option without a value

  std::string name;         // "weight-decay": the option is --weight-decay, the same in JSON
  std::string placeholder;  // "N", "sgd|adam|adamw"; empty for a flag
  std::string help;         // one line, no full stop
  Type type = Type::kText;
  std::function<void(Recipe*, std::string_view)> parse;  // kUsage with what is allowed; a flag takes "true", "false"
  std::function<std::string(const Recipe&)> print;       // what parse would take
  RecipeGroup group = RecipeGroup::kInput;
};

// In the order in which help shows them. A field that sets others ("augment") stands before those: who applies several
// does it in this order.
std::span<const RecipeField> RecipeFields();
// The names of a group's fields, in the same order.
std::vector<std::string> FieldNames(RecipeGroup group);

// "default", "article", "scratch": where the defaults of all fields come from.
std::span<const std::string> RecipeNames();
// What it is good for, in one line. kUsage naming the nearest if there is none of that name; so does FindRecipe.
std::string RecipeHelp(std::string_view name);
Recipe FindRecipe(std::string_view name);

// Parses `text` into one field. kUsage: no such field (the nearest is named), or not a value for it.
void SetRecipeField(Recipe* recipe, std::string_view field, std::string_view text);

// Recipe `name` with `fields` (values by name) changed, checked. kUsage as above and below.
Recipe MakeRecipe(std::string_view name, const std::map<std::string, std::string>& fields);

// What no single field can know: kUsage with the remedy if two fields contradict each other.
void CheckRecipe(const Recipe& recipe);

// Name and all fields, typed ("auto" where a number is left to Siskin): two recipes train alike if and only if these
// are equal.
Json ToJson(const Recipe& recipe);

// The backbone (without its classifier, average pooling) and what it is fed with, complete and checked.
NetworkOptions BackboneOf(const Recipe& recipe);
Preprocessing PreprocessingOf(const Recipe& recipe);

}  // namespace siskin
