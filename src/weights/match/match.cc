#include "weights/match/match.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "weights/match/batch_norm.h"
#include "weights/match/wrappers.h"
#include "weights/names/names.h"
#include "weights/names/naming.h"

namespace siskin {
namespace {

constexpr std::string_view kNormSuffix = "_bn";

struct ClassName {
  std::string_view automatic, keras_class;
};
constexpr ClassName kClasses[] = {
    {"conv2d", "Conv2D"},
    {"convolution2d", "Conv2D"},
    {"separable_conv2d", "SeparableConv2D"},
    {"separableconvolution2d", "SeparableConv2D"},
    {"depthwise_conv2d", "DepthwiseConv2D"},
    {"batch_normalization", "BatchNormalization"},
    {"batchnormalization", "BatchNormalization"},
    {"dense", "Dense"},
};

// Which tensor of the file becomes which parameter; or why the model does not fit.
struct Match {
  std::vector<std::pair<const ParameterSpec*, std::string>> pairs;
  std::vector<std::string> missing, extra;  // names of the layout, names of the file
  std::string misshapen;                    // a sentence; the first one
  bool fits() const { return missing.empty() && extra.empty() && misshapen.empty(); }
};

void PairLayer(const LayerLayout& layer, const FileLayer& found, const TensorMap& tensors, Match* match) {
  for (size_t i = 0; i < layer.parameters.size(); ++i) {
    const ParameterSpec& parameter = layer.parameters[i];
    if (i >= found.tensors.size()) {
      match->missing.push_back(parameter.name);
      continue;
    }
    const Shape& shape = tensors.at(found.tensors[i]).shape();
    if (shape == parameter.shape) {
      match->pairs.emplace_back(&parameter, found.tensors[i]);
    } else if (match->misshapen.empty()) {
      match->misshapen = fmt::format("{} (in the file: {}) has shape {}, expected {}", parameter.name,
                                     Printable(found.tensors[i]), shape.ToString(), parameter.shape.ToString());
    }
  }
  for (size_t i = layer.parameters.size(); i < found.tensors.size(); ++i) match->extra.push_back(found.tensors[i]);
}

// The layers of the file, sorted by how they can be found.
struct FileIndex {
  std::map<std::string, const FileLayer*> by_name;                            // names that the layout knows
  std::map<std::string, std::deque<const FileLayer*>, std::less<>> by_class;  // automatic or no names, in order
};

FileIndex IndexLayers(const FileModel& model, const std::set<std::string>& known_names, Match* match) {
  FileIndex index;
  for (const FileLayer& layer : model.layers) {
    const std::string_view automatic = AutomaticClass(layer.name);
    if (known_names.contains(layer.name)) {
      if (!index.by_name.emplace(layer.name, &layer).second) match->extra.push_back(layer.name + " (a second time)");
    } else if (layer.name.empty() || !automatic.empty()) {
      const std::string& given = layer.keras_class;
      index.by_class[given.empty() ? std::string(automatic) : given].push_back(&layer);
    } else {
      match->extra.insert(match->extra.end(), layer.tensors.begin(), layer.tensors.end());
    }
  }
  return index;
}

Match MatchModel(const FileModel& model, const NetworkLayout& layout, const TensorMap& tensors) {
  Match match;
  std::set<std::string> known_names;
  for (const LayerLayout& layer : layout) known_names.insert(layer.name);
  FileIndex index = IndexLayers(model, known_names, &match);
  const bool file_has_names = !index.by_name.empty();
  for (const LayerLayout& layer : layout) {
    const FileLayer* found = nullptr;
    if (const auto named = index.by_name.find(layer.name); named != index.by_name.end()) {
      found = named->second;
    } else if (!file_has_names || !layer.named_by_keras) {
      auto& queue = index.by_class[layer.keras_class];
      if (!queue.empty()) {
        found = queue.front();
        queue.pop_front();
      }
    }
    if (found != nullptr) {
      PairLayer(layer, *found, tensors, &match);
    } else {
      for (const ParameterSpec& parameter : layer.parameters) match.missing.push_back(parameter.name);
    }
  }
  for (const auto& [keras_class, queue] : index.by_class) {
    for (const FileLayer* layer : queue) {
      match.extra.insert(match.extra.end(), layer->tensors.begin(), layer->tensors.end());
    }
  }
  return match;
}

// The model with our names, as far as the naming knows its layers. A layer that only the network's other form has (its
// classifier) is left out: the naming knows that it belongs to the network.
struct Translation {
  FileModel model;
  size_t hits = 0;                            // layers of the layout that were found
  std::map<std::string, std::string> gammas;  // of batch norms that have none in our network: layer -> tensor
};

bool HasGammaTooMuch(const FileLayer& found, const LayerLayout& layer) {
  return layer.keras_class == "BatchNormalization" && layer.parameters.size() == 3 && found.tensors.size() == 4;
}

Translation Translate(const FileModel& model, const Naming& naming, const NetworkLayout& layout) {
  std::map<std::string, const LayerLayout*> ours;
  for (const LayerLayout& layer : layout) ours.emplace(layer.name, &layer);
  std::map<std::string, const FileLayer*> by_name;
  for (const FileLayer& layer : model.layers) by_name.emplace(layer.name, &layer);
  Translation result{{model.name, {}}, 0, {}};
  std::set<const FileLayer*> used;
  for (const Alias& alias : ExpandAliases(naming.table)) {
    FileLayer translated{alias.layer, "", {}};
    for (const std::string& name : alias.file_layers) {
      const auto found = by_name.find(name);
      if (found == by_name.end()) continue;
      used.insert(found->second);
      const std::vector<std::string>& tensors = found->second->tensors;
      translated.tensors.insert(translated.tensors.end(), tensors.begin(), tensors.end());
    }
    const auto our_layer = ours.find(alias.layer);
    if (translated.tensors.empty() || our_layer == ours.end()) continue;
    ++result.hits;
    if (HasGammaTooMuch(translated, *our_layer->second)) {
      result.gammas.emplace(alias.layer, translated.tensors[0]);
      translated.tensors.erase(translated.tensors.begin());
    }
    result.model.layers.push_back(std::move(translated));
  }
  for (const FileLayer& layer : model.layers) {
    if (!used.contains(&layer)) result.model.layers.push_back(layer);
  }
  return result;
}

// A way to read one model of the file.
struct Candidate {
  const FileModel* model = nullptr;
  const Naming* naming = nullptr;  // null: its own names
  Match match;
  std::map<std::string, std::string> gammas = {};  // see Translation
  bool better_than(const Candidate& other) const {
    return other.model == nullptr || match.fits() > other.match.fits() ||
           (match.fits() == other.match.fits() && match.pairs.size() > other.match.pairs.size());
  }
};

// A file of very many small models must not cost much.
bool IsLargeEnough(const FileModel& model, const NetworkLayout& layout) {
  return 2 * model.layers.size() >= layout.size();
}

// With the names as they are, or as one of the namings has them.
Candidate BestNaming(const FileModel& model, const NetworkLayout& layout, const TensorMap& tensors,
                     std::string_view where) {
  Candidate best{&model, nullptr, MatchModel(model, layout, tensors), {}};
  if (best.match.fits() || !IsLargeEnough(model, layout)) return best;
  for (const Naming& naming : Namings()) {
    const Translation translation = Translate(model, naming, layout);
    if (2 * translation.hits < layout.size()) continue;  // another network's table
    if (!naming.refusal.empty()) {
      Fail(ErrorKind::kModel, "{}: has the names of {}, which cannot be taken: {}", where, naming.title,
           naming.refusal);
    }
    Candidate candidate{&model, &naming, MatchModel(translation.model, layout, tensors), translation.gammas};
    if (candidate.better_than(best)) best = std::move(candidate);
  }
  return best;
}

std::vector<std::string> LayerNames(const FileModel& model) {
  std::vector<std::string> names;
  for (const FileLayer& layer : model.layers) names.push_back(layer.name);
  return names;
}

FileModel WithoutPrefix(FileModel model, const std::string& prefix) {
  for (FileLayer& layer : model.layers) layer.name.erase(0, prefix.size());
  return model;
}

// With or without the prefix of wrappers.
Candidate BestMatch(const FileModel& model, const NetworkLayout& layout, const TensorMap& tensors,
                    std::string_view where) {
  Candidate best = BestNaming(model, layout, tensors, where);
  if (best.match.fits() || !IsLargeEnough(model, layout)) return best;
  for (const std::string& prefix : SharedPrefixes(LayerNames(model))) {
    Candidate candidate = BestNaming(WithoutPrefix(model, prefix), layout, tensors, where);
    candidate.model = &model;  // it outlives the copy
    if (candidate.better_than(best)) best = std::move(candidate);
    if (best.match.fits()) break;
  }
  return best;
}

// To our epsilon, where batch normalisation has a gamma.
void AdaptEpsilon(const Naming& naming, const NetworkLayout& layout, TensorMap* tensors) {
  for (const LayerLayout& layer : layout) {
    const auto gamma = tensors->find(layer.name + "/gamma");
    if (gamma == tensors->end()) continue;
    ChangeEpsilon(naming.epsilon, naming.our_epsilon, tensors->at(layer.name + "/moving_variance"), &gamma->second);
  }
}

// Into the convolution before batch normalisation, which in our networks without gamma is called like it.
void FoldGammaOf(const std::string& layer, const Tensor& gamma, TensorMap* tensors, std::string_view where) {
  const std::string convolution = layer.substr(0, layer.size() - kNormSuffix.size());
  Tensor& mean = tensors->at(layer + "/moving_mean");
  if (gamma.shape() != mean.shape()) {
    Fail(ErrorKind::kModel, "{}: the gamma of {} has shape {}, expected {}", where, layer, gamma.shape().ToString(),
         mean.shape().ToString());
  }
  FoldGamma(gamma, &tensors->at(convolution + "/kernel"), &mean);
}

// A tensor out of the file, once.
Tensor Extract(const std::string& name, TensorMap* tensors, std::string_view where) {
  auto taken = tensors->extract(name);
  if (taken.empty()) {
    Fail(ErrorKind::kModel, "{}: has the tensor {} in two places of the model; it is damaged", where, Printable(name));
  }
  return std::move(taken.mapped());
}

std::string Describe(const Match& match) {
  if (!match.misshapen.empty()) return match.misshapen;
  std::string text;
  if (!match.missing.empty()) text = "lacks " + JoinSome(match.missing);
  if (!match.extra.empty()) {
    text +=
        (text.empty() ? "" : " and ") + std::string("has tensors that do not belong to it: ") + JoinSome(match.extra);
  }
  return text;
}

std::string NameOf(const FileModel& model) {
  return model.name.empty() ? "the model" : "the sub-model " + Printable(model.name);
}

std::vector<std::string> Names(const std::vector<FileModel>& models) {
  std::vector<std::string> names;
  for (const FileModel& model : models) names.push_back(model.name.empty() ? "(the whole)" : model.name);
  return names;
}

}  // namespace

std::string_view AutomaticClass(std::string_view name) {
  const size_t last = name.find_last_not_of("0123456789");
  if (last != std::string_view::npos && last + 1 < name.size() && name[last] == '_') name = name.substr(0, last);
  const auto* const found = std::find_if(std::begin(kClasses), std::end(kClasses),
                                         [&](const ClassName& known) { return known.automatic == name; });
  return found == std::end(kClasses) ? std::string_view() : found->keras_class;
}

std::pair<std::string, std::string> SplitLast(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::vector<FileLayer> GroupByScope(const std::vector<std::string>& names, const std::string& prefix) {
  std::vector<FileLayer> layers;
  std::map<std::string, size_t> index;
  for (const std::string& name : names) {
    const std::string scope = SplitLast(name).first;  // "block1_conv1", or "xception/block1_conv1"
    const auto [found, is_new] = index.emplace(scope, layers.size());
    if (is_new) layers.push_back({SplitLast(scope).second, "", {}});
    layers[found->second].tensors.push_back(prefix + name);
  }
  return layers;
}

bool HasModel(const FileContents& contents, const NetworkLayout& layout, const std::string& inner,
              std::string_view where) {
  return std::ranges::any_of(contents.models, [&](const FileModel& model) {
    return (inner.empty() || model.name == inner) && BestMatch(model, layout, contents.tensors, where).match.fits();
  });
}

TensorMap TakeModel(FileContents contents, const NetworkLayout& layout, const std::string& inner,
                    std::string_view where, std::string* note) {
  Candidate chosen, closest;
  for (const FileModel& model : contents.models) {
    if (!inner.empty() && model.name != inner) continue;
    Candidate candidate = BestMatch(model, layout, contents.tensors, where);
    if (candidate.match.fits() && chosen.model != nullptr) {
      Fail(ErrorKind::kModel, "{}: both {} and {} fit; say which one is meant", where, NameOf(*chosen.model),
           NameOf(model));
    }
    if (candidate.match.fits()) {
      chosen = std::move(candidate);
    } else if (candidate.better_than(closest)) {
      closest = std::move(candidate);
    }
  }
  if (chosen.model == nullptr && closest.model == nullptr) {
    Fail(ErrorKind::kModel, "{}: has no sub-model named {}; it has {}", where, Printable(inner),
         JoinSome(Names(contents.models)));
  }
  if (chosen.model == nullptr) {
    Fail(ErrorKind::kModel,
         "{}: {} is not the network asked for: {}; is this another network's file, or the one {} top?", where,
         NameOf(*closest.model), Describe(closest.match), closest.match.extra.empty() ? "without" : "with");
  }
  if (note != nullptr && chosen.naming != nullptr && !chosen.naming->note.empty()) {
    *note = fmt::format("{}: has the names of {}: {}", where, chosen.naming->title, chosen.naming->note);
  }
  TensorMap result;
  for (const auto& [parameter, name] : chosen.match.pairs) {
    result.emplace(parameter->name, Extract(name, &contents.tensors, where));
  }
  if (chosen.naming != nullptr && chosen.naming->epsilon > 0) AdaptEpsilon(*chosen.naming, layout, &result);
  for (const auto& [layer, gamma] : chosen.gammas) {
    FoldGammaOf(layer, Extract(gamma, &contents.tensors, where), &result, where);
  }
  return result;
}

}  // namespace siskin
