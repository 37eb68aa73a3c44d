#include "weights/match.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"

namespace siskin {
namespace {

constexpr size_t kNamesShown = 3;

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
  for (const LayerLayout& layer : layout) {
    if (layer.named_by_keras) known_names.insert(layer.name);
  }
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

std::string JoinSome(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) text += (i == 0 ? "" : ", ") + Printable(names[i]);
  return names.size() <= kNamesShown ? text : fmt::format("{} and {} more", text, names.size() - kNamesShown);
}

TensorMap TakeModel(TensorMap tensors, const std::vector<FileModel>& models, const NetworkLayout& layout,
                    const std::string& inner, std::string_view where) {
  const FileModel* chosen = nullptr;
  const FileModel* closest = nullptr;
  Match match, closest_match;
  for (const FileModel& model : models) {
    if (!inner.empty() && model.name != inner) continue;
    Match candidate = MatchModel(model, layout, tensors);
    if (candidate.fits()) {
      if (chosen != nullptr) {
        Fail(ErrorKind::kModel, "{}: both {} and {} fit; say which one is meant", where, NameOf(*chosen),
             NameOf(model));
      }
      chosen = &model;
      match = std::move(candidate);
    } else if (closest == nullptr || candidate.pairs.size() > closest_match.pairs.size()) {
      closest = &model;
      closest_match = std::move(candidate);
    }
  }
  if (chosen == nullptr && closest == nullptr) {
    Fail(ErrorKind::kModel, "{}: has no sub-model named {}; it has {}", where, Printable(inner),
         JoinSome(Names(models)));
  }
  if (chosen == nullptr) {
    Fail(ErrorKind::kModel,
         "{}: {} is not the network asked for: {}; is this another network's file, or the one {} top?", where,
         NameOf(*closest), Describe(closest_match), closest_match.extra.empty() ? "without" : "with");
  }
  TensorMap result;
  for (const auto& [parameter, name] : match.pairs) result.emplace(parameter->name, std::move(tensors.at(name)));
  return result;
}

}  // namespace siskin
