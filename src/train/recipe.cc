#include "train/recipe.h"

#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/nearest_name.h"

namespace siskin {
namespace {

template <typename Enum>
struct Choice {
  Enum value;
  const char* name;
};

constexpr Choice<Optimizer> kOptimizers[] = {
    {Optimizer::kSgd, "sgd"}, {Optimizer::kAdam, "adam"}, {Optimizer::kAdamW, "adamw"}};
constexpr Choice<Schedule> kSchedules[] = {{Schedule::kConstant, "constant"},
                                           {Schedule::kStep, "step"},
                                           {Schedule::kCosine, "cosine"},
                                           {Schedule::kPlateau, "plateau"}};
constexpr Choice<FineTune> kFineTunes[] = {
    {FineTune::kOff, "off"}, {FineTune::kLastBlock, "last-block"}, {FineTune::kHalf, "half"}, {FineTune::kAll, "all"}};
constexpr Choice<SelectBy> kSelections[] = {{SelectBy::kLoss, "loss"}, {SelectBy::kAccuracy, "accuracy"}};
constexpr Choice<ClassWeight> kClassWeights[] = {{ClassWeight::kNone, "none"}, {ClassWeight::kBalanced, "balanced"}};
constexpr Choice<ResizeMode> kResizeModes[] = {
    {ResizeMode::kSquash, "squash"}, {ResizeMode::kPad, "pad"}, {ResizeMode::kCrop, "crop"}};
constexpr Choice<Interpolation> kInterpolations[] = {
    {Interpolation::kNearest, "nearest"}, {Interpolation::kBilinear, "bilinear"}, {Interpolation::kArea, "area"}};

[[noreturn]] void RefuseValue(const char* name, std::string_view text, const std::string& expected) {
  Fail(ErrorKind::kUsage, "--{} is \"{}\", expected {}", name, Printable(text, 40), expected);
}

// The whole of `text` as a number from low to high.
template <typename T>
T ParseNumber(const char* name, std::string_view text, T low, T high) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= low && value <= high)) {
    RefuseValue(name, text,
                fmt::format("{} from {} to {}", std::is_integral_v<T> ? "a whole number" : "a number", low, high));
  }
  return value;
}

// How a field reaches its member: `at` is a stateless lambda Recipe& -> T&.
template <typename T, typename At>
RecipeField NumberField(const char* name, const char* help, T low, T high, At at) {
  return {.name = name,
          .placeholder = "N",
          .help = help,
          .type = RecipeField::Type::kNumber,
          .parse = [=](Recipe* recipe, std::string_view text) { at(*recipe) = ParseNumber<T>(name, text, low, high); },
          .print = [=](const Recipe& recipe) { return fmt::format("{}", at(recipe)); }};
}

template <typename At>
RecipeField FlagField(const char* name, const char* help, At at) {
  const auto parse = [=](Recipe* recipe, std::string_view text) {
    if (text != "true" && text != "false") RefuseValue(name, text, "true or false");
    at(*recipe) = text == "true";
  };
  return {.name = name,
          .placeholder = "",
          .help = help,
          .type = RecipeField::Type::kFlag,
          .parse = parse,
          .print = [=](const Recipe& recipe) { return at(recipe) ? "true" : "false"; }};
}

template <typename Enum, size_t kCount, typename At>
RecipeField ChoiceField(const char* name, const char* help, const Choice<Enum> (&choices)[kCount], At at) {
  std::vector<std::string> names;
  for (const Choice<Enum>& choice : choices) names.emplace_back(choice.name);
  const auto parse = [=, &choices](Recipe* recipe, std::string_view text) {
    for (const Choice<Enum>& choice : choices) {
      if (text == choice.name) return static_cast<void>(at(*recipe) = choice.value);
    }
    RefuseValue(name, text, fmt::format("one of {}", fmt::join(names, ", ")));
  };
  const auto print = [=, &choices](const Recipe& recipe) -> std::string {
    for (const Choice<Enum>& choice : choices) {
      if (at(recipe) == choice.value) return choice.name;
    }
    Fail(ErrorKind::kInternal, "--{} has a value without a name", name);
  };
  return {.name = name,
          .placeholder = fmt::format("{}", fmt::join(names, "|")),
          .help = help,
          .type = RecipeField::Type::kText,
          .parse = parse,
          .print = print};
}

RecipeField NetworkField() {
  return {.name = "network",
          .placeholder = "NAME",
          .help = "network that computes the features",
          .type = RecipeField::Type::kText,
          .parse = [](Recipe* recipe, std::string_view text) { recipe->network = FindNetwork(text).name; },
          .print = [](const Recipe& recipe) { return recipe.network; }};
}

// "own" stands for the empty string: an option with an empty default would read badly in help.
RecipeField ScalingField() {
  const auto parse = [](Recipe* recipe, std::string_view text) {
    Preprocessing probe;
    if (text != "own") SetScaling(text, &probe);  // fails with the names that there are
    recipe->scaling = text == "own" ? "" : std::string(text);
  };
  return {.name = "scaling",
          .placeholder = "own|signed|unit|caffe",
          .help = "bytes to numbers: x/127.5-1, x/255, or minus ImageNet's means",
          .type = RecipeField::Type::kText,
          .parse = parse,
          .print = [](const Recipe& recipe) { return recipe.scaling.empty() ? "own" : recipe.scaling; }};
}

std::vector<int> ParseHidden(std::string_view text) {
  constexpr size_t kMaxLayers = 16;  // what a model's card may hold
  std::vector<int> hidden;
  if (text == "none") return hidden;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    hidden.push_back(ParseNumber<int>("head", text.substr(begin, comma - begin), 1, 1 << 16));
    begin = comma + 1;
  }
  if (hidden.size() > kMaxLayers) RefuseValue("head", text, fmt::format("at most {} layers", kMaxLayers));
  return hidden;
}

RecipeField HeadField() {
  const auto print = [](const Recipe& recipe) {
    return recipe.head.hidden.empty() ? "none" : fmt::format("{}", fmt::join(recipe.head.hidden, ","));
  };
  return {.name = "head",
          .placeholder = "N,N,...",
          .help = "units of the hidden layers on top of the features, or none",
          .type = RecipeField::Type::kText,
          .parse = [](Recipe* recipe, std::string_view text) { recipe->head.hidden = ParseHidden(text); },
          .print = print};
}

// "auto": what suits the optimizer.
RecipeField WeightDecayField() {
  const auto parse = [](Recipe* recipe, std::string_view text) {
    recipe->optimizer.weight_decay.reset();
    if (text != "auto") recipe->optimizer.weight_decay = ParseNumber<double>("weight-decay", text, 0, 1e3);
  };
  const auto print = [](const Recipe& recipe) {
    return recipe.optimizer.weight_decay ? fmt::format("{}", *recipe.optimizer.weight_decay) : "auto";
  };
  return {.name = "weight-decay",
          .placeholder = "N|auto",
          .help = "pull of the weights (not biases) to 0: decoupled in adamw, else L2; auto: 5 in adamw, else 0",
          .type = RecipeField::Type::kNumber,
          .parse = parse,
          .print = print};
}

RecipeField FineTuneWeightDecayField() {
  const char* const name = "finetune-weight-decay";
  return {.name = name,
          .placeholder = "N",
          .help = "pull of the kernels to 0: decoupled in adamw, else L2",
          .type = RecipeField::Type::kNumber,
          .parse =
              [name](Recipe* recipe, std::string_view text) {
                recipe->fine_tune.optimizer.weight_decay = ParseNumber<double>(name, text, 0, 1e3);
              },
          .print = [](const Recipe& recipe) { return fmt::format("{}", recipe.fine_tune.optimizer.decay()); }};
}

// A text field of the augmentation with a parser and printer of its own (data/augmentation.h).
template <typename Parse, typename Print>
RecipeField AugmentField(const char* name, const std::string& placeholder, const char* help, Parse parse, Print print) {
  return {.name = name,
          .placeholder = placeholder,
          .help = help,
          .type = RecipeField::Type::kText,
          .parse = [=](Recipe* recipe, std::string_view text) { parse(text, &recipe->augment); },
          .print = [=](const Recipe& recipe) { return std::string(print(recipe.augment)); }};
}

std::vector<RecipeField> InputFields() {
  return {
      NetworkField(),
      NumberField<double>("alpha", "width multiplier of the network", 0, 10, [](auto& r) -> auto& { return r.alpha; }),
      NumberField<int>("size", "side of the input in pixels, 0: the network's own", 0, 2048,
                       [](auto& r) -> auto& { return r.size; }),
      ScalingField(),
      ChoiceField("resize", "how a photo becomes square", kResizeModes, [](auto& r) -> auto& { return r.resize; }),
      ChoiceField("interpolation", "how pixels are resampled", kInterpolations,
                  [](auto& r) -> auto& { return r.interpolation; }),
  };
}

std::vector<RecipeField> HeadFields() {
  return {
      HeadField(),
      NumberField<float>("dropout", "share of hidden units left out in a step", 0.0f, 0.99f,
                         [](auto& r) -> auto& { return r.head.dropout; }),
      FlagField("standardize", "features to mean 0 and deviation 1 first",
                [](auto& r) -> auto& { return r.standardize; }),
  };
}

std::vector<RecipeField> TrainingFields() {
  return {
      NumberField<int>("epochs", "passes over the training photos", 1, 1'000'000,
                       [](auto& r) -> auto& { return r.optimizer.epochs; }),
      NumberField<int>("head-batch", "photos in a step of the head's training", 1, 65536,
                       [](auto& r) -> auto& { return r.head_batch; }),
      ChoiceField("optimizer", "how weights follow gradients", kOptimizers,
                  [](auto& r) -> auto& { return r.optimizer.kind; }),
      NumberField<double>("lr", "learning rate", 1e-12, 1e3, [](auto& r) -> auto& { return r.optimizer.lr; }),
      NumberField<double>("momentum", "of sgd", 0, 0.9999, [](auto& r) -> auto& { return r.optimizer.momentum; }),
      FlagField("nesterov", "sgd looks ahead", [](auto& r) -> auto& { return r.optimizer.nesterov; }),
      WeightDecayField(),
      ChoiceField(
          "schedule",
          "learning rate over time; step: a tenth after 1/2, a hundredth after 3/4; plateau: a tenth after every 3 "
          "epochs without a better validation loss",
          kSchedules, [](auto& r) -> auto& { return r.optimizer.schedule; }),
      NumberField<double>("warmup", "epochs in which the learning rate rises to its value", 0, 1e6,
                          [](auto& r) -> auto& { return r.optimizer.warmup; }),
      NumberField<int>("patience",
                       "epochs without improvement before stopping, 0: never; cosine and step: from the second half on",
                       0, 1'000'000, [](auto& r) -> auto& { return r.patience; }),
      ChoiceField("class-weight", "balanced: a rare class counts as much as a frequent one", kClassWeights,
                  [](auto& r) -> auto& { return r.class_weight; }),
      NumberField<double>("label-smoothing", "share of the truth given to all classes alike", 0, 0.99,
                          [](auto& r) -> auto& { return r.label_smoothing; }),
      ChoiceField("select-by", "validation number that picks the best epoch", kSelections,
                  [](auto& r) -> auto& { return r.select_by; }),
  };
}

std::vector<RecipeField> FineTuneFields() {
  return {
      ChoiceField("finetune", "layers of the network that are trained besides the head, if that helps on validation",
                  kFineTunes, [](auto& r) -> auto& { return r.fine_tune.layers; }),
      NumberField<int>("finetune-epochs", "passes over the training photos", 1, 1'000'000,
                       [](auto& r) -> auto& { return r.fine_tune.optimizer.epochs; }),
      NumberField<int>("finetune-batch", "photos in a step", 1, 1024,
                       [](auto& r) -> auto& { return r.fine_tune.batch; }),
      ChoiceField("finetune-optimizer", "how weights follow gradients", kOptimizers,
                  [](auto& r) -> auto& { return r.fine_tune.optimizer.kind; }),
      NumberField<double>("finetune-lr", "learning rate", 1e-12, 1e3,
                          [](auto& r) -> auto& { return r.fine_tune.optimizer.lr; }),
      NumberField<double>("backbone-lr", "factor of it for the network, the head has it whole", 0, 1e3,
                          [](auto& r) -> auto& { return r.fine_tune.backbone_lr; }),
      NumberField<double>("finetune-momentum", "of sgd", 0, 0.9999,
                          [](auto& r) -> auto& { return r.fine_tune.optimizer.momentum; }),
      FlagField("finetune-nesterov", "sgd looks ahead",
                [](auto& r) -> auto& { return r.fine_tune.optimizer.nesterov; }),
      FineTuneWeightDecayField(),
      ChoiceField("finetune-schedule", "as --schedule", kSchedules,
                  [](auto& r) -> auto& { return r.fine_tune.optimizer.schedule; }),
      NumberField<double>("finetune-warmup", "epochs in which the learning rate rises to its value", 0, 1e6,
                          [](auto& r) -> auto& { return r.fine_tune.optimizer.warmup; }),
      FlagField("keep-finetuned", "its best epoch is the model even if the head alone is better on validation",
                [](auto& r) -> auto& { return r.fine_tune.keep; }),
      FlagField("train-bn", "batch normalisation by the statistics of the batch; without it they stay as they are",
                [](auto& r) -> auto& { return r.fine_tune.train_bn; }),
      NumberField<double>("clip-norm", "longest gradient, longer ones are shortened; 0: any", 0, 1e6,
                          [](auto& r) -> auto& { return r.fine_tune.clip_norm; }),
      NumberField<double>("ema", "decay of the average of the weights that is kept; 0: off", 0, 0.99999,
                          [](auto& r) -> auto& { return r.fine_tune.ema; }),
      NumberField<double>("mixup", "strength of mixing pairs of photos (0.2 is usual); 0: off", 0, 10,
                          [](auto& r) -> auto& { return r.fine_tune.mixup; }),
      NumberField<double>("cutmix", "strength of pasting parts of other photos (1 is usual); 0: off", 0, 10,
                          [](auto& r) -> auto& { return r.fine_tune.cutmix; }),
  };
}

std::vector<RecipeField> AugmentFields() {
  std::vector<RecipeField> fields;
  // "custom" is what a changed preset prints: the fields that follow say what it is.
  const auto parse_preset = [](std::string_view text, Augmentation* a) {
    if (text != "custom") *a = FindAugmentation(text);
  };
  const auto parse_fill = [](std::string_view text, Augmentation* a) { a->fill_mode = ParseFillMode(text); };
  const auto print_fill = [](const Augmentation& a) { return Name(a.fill_mode); };
  fields.push_back(AugmentField("augment", fmt::format("{}", fmt::join(AugmentationNames(), "|")),
                                "where the defaults of the other options of augmentation come from", parse_preset,
                                NameOf));
  for (const AugmentationNumber& n : AugmentationNumbers()) {
    fields.push_back(
        NumberField<double>(n.name, n.help, n.low, n.high, [m = n.member](auto& r) -> auto& { return r.augment.*m; }));
  }
  fields.push_back(
      AugmentField("brightness", "LOW,HIGH|none", "range of a random factor", ParseBrightness, BrightnessText));
  fields.push_back(FlagField("horizontal-flip", "half of the photos mirrored, left and right exchanged",
                             [](auto& r) -> auto& { return r.augment.horizontal_flip; }));
  fields.push_back(FlagField("vertical-flip", "half of the photos upside down",
                             [](auto& r) -> auto& { return r.augment.vertical_flip; }));
  fields.push_back(AugmentField("fill-mode", "nearest|constant|reflect|wrap", "what lies beyond the edges of a photo",
                                parse_fill, print_fill));
  fields.push_back(AugmentField("randaugment", "OPS,MAGNITUDE|none",
                                "so many random operations of 14, each this strong (of 30), as 2,9", ParseRandAugment,
                                RandAugmentText));
  return fields;
}

std::vector<RecipeField> MakeFields() {
  std::vector<RecipeField> fields;
  const auto append = [&](RecipeGroup group, std::vector<RecipeField> of_group) {
    for (RecipeField& field : of_group) {
      field.group = group;
      fields.push_back(std::move(field));
    }
  };
  append(RecipeGroup::kInput, InputFields());
  append(RecipeGroup::kHead, HeadFields());
  append(RecipeGroup::kTraining, TrainingFields());
  append(RecipeGroup::kFineTune, FineTuneFields());
  append(RecipeGroup::kAugment, AugmentFields());
  return fields;
}

// What needs no tuning: docs/training.md has what was tried.
Recipe DefaultRecipe() {
  Recipe recipe;
  FineTuneRecipe& fine_tune = recipe.fine_tune;
  fine_tune.layers = FineTune::kAll;
  fine_tune.optimizer.epochs = 3;
  fine_tune.optimizer.lr = 0.005;
  fine_tune.optimizer.warmup = 0.3;
  fine_tune.clip_norm = 1;
  recipe.augment = FindAugmentation("light");
  return recipe;
}

// The article's: photos squashed to 150 px by nearest neighbour and divided by 255 (a Keras generator's defaults),
// three dense layers with dropout, plain gradient descent.
Recipe ArticleRecipe() {
  Recipe recipe;
  recipe.name = "article";
  recipe.size = 150;
  recipe.scaling = "unit";
  recipe.interpolation = Interpolation::kNearest;
  recipe.head = {.hidden = {256, 128}, .dropout = 0.5f};
  recipe.standardize = false;
  recipe.head_batch = 32;
  recipe.optimizer = {
      .kind = Optimizer::kSgd, .epochs = 50, .lr = 0.01, .momentum = 0, .schedule = Schedule::kConstant};
  FineTuneRecipe& fine_tune = recipe.fine_tune;
  fine_tune.layers = FineTune::kAll;
  fine_tune.batch = 32;
  fine_tune.optimizer = {.kind = Optimizer::kSgd,
                         .epochs = 5,
                         .lr = 0.005,
                         .momentum = 0.1,
                         .nesterov = true,
                         .weight_decay = 0,
                         .schedule = Schedule::kConstant};
  fine_tune.train_bn = true;
  fine_tune.keep = true;
  recipe.augment = FindAugmentation("article");
  return recipe;
}

// A small network from random weights: docs/training.md has what was tried.
Recipe ScratchRecipe() {
  Recipe recipe;
  recipe.name = "scratch";
  recipe.network = "mobilenet";
  recipe.alpha = 0.25;
  recipe.weights = "none";
  recipe.size = 96;
  recipe.optimizer.epochs = 1;  // the head on random features is thrown away
  FineTuneRecipe& fine_tune = recipe.fine_tune;
  fine_tune.layers = FineTune::kAll;
  fine_tune.optimizer.kind = Optimizer::kAdamW;
  fine_tune.optimizer.epochs = 30;
  fine_tune.optimizer.lr = 0.01;
  fine_tune.optimizer.weight_decay = 0.1;
  fine_tune.train_bn = true;
  fine_tune.keep = true;
  recipe.augment = FindAugmentation("light");
  return recipe;
}

struct NamedRecipe {
  const char* name;
  const char* help;
  Recipe (*make)();
};

constexpr NamedRecipe kRecipes[] = {
    {"default",
     "needs no tuning: the network's own input, a head of one layer on standardised features, then three epochs of the "
     "whole network",
     DefaultRecipe},
    {"article",
     "what the article did: 150 px, x/255, head 256,128 with dropout 0.5, plain SGD, then five epochs of the whole "
     "network with batch statistics",
     ArticleRecipe},
    {"scratch",
     "nothing from ImageNet, for pictures unlike photos and thousands of them: MobileNet 0.25 at 96 px from random "
     "weights, 30 epochs",
     ScratchRecipe},
};

const NamedRecipe& FindNamed(std::string_view name) {
  for (const NamedRecipe& recipe : kRecipes) {
    if (name == recipe.name) return recipe;
  }
  const std::string nearest = NearestName(name, RecipeNames());
  Fail(ErrorKind::kUsage, "there is no recipe \"{}\"{}; choose one of {}", Printable(name, 40),
       nearest.empty() ? "" : fmt::format(" (did you mean {}?)", nearest), fmt::join(RecipeNames(), ", "));
}

const RecipeField& FindField(std::string_view name) {
  std::vector<std::string> known;
  for (const RecipeField& field : RecipeFields()) {
    if (field.name == name) return field;
    known.push_back(field.name);
  }
  const std::string nearest = NearestName(name, known);
  Fail(ErrorKind::kUsage, "a recipe has no \"{}\"{}", Printable(name, 40),
       nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
}

}  // namespace

std::span<const RecipeField> RecipeFields() {
  static const std::vector<RecipeField> fields = MakeFields();
  return fields;
}

std::vector<std::string> FieldNames(RecipeGroup group) {
  std::vector<std::string> names;
  for (const RecipeField& field : RecipeFields()) {
    if (field.group == group) names.push_back(field.name);
  }
  return names;
}

std::span<const std::string> RecipeNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const NamedRecipe& recipe : kRecipes) list.emplace_back(recipe.name);
    return list;
  }();
  return names;
}

std::string RecipeHelp(std::string_view name) {
  return FindNamed(name).help;
}

Recipe FindRecipe(std::string_view name) {
  return FindNamed(name).make();
}

void SetRecipeField(Recipe* recipe, std::string_view field, std::string_view text) {
  FindField(field).parse(recipe, text);
}

Recipe MakeRecipe(std::string_view name, const std::map<std::string, std::string>& fields) {
  Recipe recipe = FindRecipe(name);
  for (const auto& [field, text] : fields) FindField(field);
  // In the table's order, so that a field that sets others (augment) does not undo what was given for them.
  for (const RecipeField& field : RecipeFields()) {
    const auto given = fields.find(field.name);
    if (given != fields.end()) field.parse(&recipe, given->second);
  }
  CheckRecipe(recipe);
  return recipe;
}

void CheckRecipe(const Recipe& recipe) {
  const OptimizerRecipe& head = recipe.optimizer;
  if (head.nesterov && (head.kind != Optimizer::kSgd || head.momentum == 0)) {
    Fail(ErrorKind::kUsage, "--nesterov needs --optimizer sgd and a --momentum above 0");
  }
  if (head.warmup > head.epochs) {
    Fail(ErrorKind::kUsage, "--warmup {} is longer than --epochs {}", head.warmup, head.epochs);
  }
  const FineTuneRecipe& fine_tune = recipe.fine_tune;
  const OptimizerRecipe& whole = fine_tune.optimizer;
  if (whole.nesterov && whole.kind == Optimizer::kSgd && whole.momentum == 0) {
    Fail(ErrorKind::kUsage, "--finetune-nesterov needs a --finetune-momentum above 0");
  }
  if (whole.warmup > whole.epochs) {
    Fail(ErrorKind::kUsage, "--finetune-warmup {} is longer than --finetune-epochs {}", whole.warmup, whole.epochs);
  }
  if (fine_tune.mixup > 0 && fine_tune.cutmix > 0) {
    Fail(ErrorKind::kUsage, "--mixup and --cutmix exclude each other: leave one out");
  }
  BackboneOf(recipe);  // fails if the network cannot have this size or width
}

Json ToJson(const Recipe& recipe) {
  Json json = {{"name", recipe.name}};
  for (const RecipeField& field : RecipeFields()) {
    const std::string text = field.print(recipe);
    const bool plain = field.type == RecipeField::Type::kText || text == "auto";
    json[field.name] = plain ? Json(text) : ParseJson(text, "recipe");
  }
  return json;
}

NetworkOptions BackboneOf(const Recipe& recipe) {
  NetworkOptions options;
  options.network = recipe.network;
  options.height = options.width = recipe.size;
  options.alpha = recipe.alpha;
  return WithDefaults(options);
}

Preprocessing PreprocessingOf(const Recipe& recipe) {
  Preprocessing preprocessing = DefaultPreprocessing(BackboneOf(recipe));
  if (!recipe.scaling.empty()) SetScaling(recipe.scaling, &preprocessing);
  preprocessing.resize = recipe.resize;
  preprocessing.interpolation = recipe.interpolation;
  return preprocessing;
}

}  // namespace siskin
