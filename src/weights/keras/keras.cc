#include "weights/keras/keras.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "weights/keras/keras_config.h"

namespace siskin {
namespace {

// Where a model keeps its layers: Keras 3, and Keras 2.12 to 2.15 in the new formats.
constexpr std::string_view kContainers[] = {"layers", "_layer_checkpoint_dependencies"};

std::string Join(const std::string& group, const std::string& name) {
  return group.empty() ? name : group + "/" + name;
}

// The texts of an attribute of a group; several attributes name0, name1 ... are one list. Empty if there is none.
std::vector<std::string> Texts(const Json& attributes, const std::string& group, const std::string& name) {
  std::vector<std::string> texts;
  const auto found = attributes.find(group);
  if (found == attributes.end() || !found->is_object()) return texts;
  const auto append = [&](const std::string& key) {
    const auto list = found->find(key);
    if (list == found->end() || !list->is_array()) return false;
    for (const Json& text : *list) {
      if (text.is_string()) texts.push_back(text.get<std::string>());
    }
    return true;
  };
  if (append(name)) return texts;
  for (int part = 0; append(name + std::to_string(part)); ++part) {
  }
  return texts;
}

// ---- Keras 2 ----

// The layers that have a weight of this role, in the order of these weights.
std::vector<std::string> ScopesOf(const std::vector<std::string>& weight_names, std::string_view role) {
  std::vector<std::string> scopes;
  for (const std::string& weight : weight_names) {
    const auto [scope, name] = SplitLast(weight);
    if (name.starts_with(role)) scopes.push_back(scope);
  }
  return scopes;
}

// The weights of a sub-model are listed trainable ones first. If all its layers are frozen or none, each kind is in the
// order of the layers. If some are, layers without names cannot be told apart any more: the moving means, which are
// never trainable, then come in another order than the rest of batch normalisation.
void CheckNotPartlyFrozen(const std::string& name, const std::vector<std::string>& weight_names,
                          std::string_view where) {
  std::vector<std::string> layers = ScopesOf(weight_names, "beta");
  const bool numbered = std::any_of(layers.begin(), layers.end(), [](const std::string& scope) {
    return !AutomaticClass(SplitLast(scope).second).empty();
  });
  if (!numbered || layers == ScopesOf(weight_names, "moving_mean")) return;
  Fail(ErrorKind::kModel,
       "{}: its sub-model {} was partly frozen when it was saved; this format then loses the order of layers without "
       "names; save it as .keras",
       where, Printable(name));
}

std::vector<FileModel> ModelsOfKeras2(const Json& attributes, const std::string& root, std::string_view where) {
  std::vector<FileModel> models(1);
  std::set<std::string> seen;
  for (const std::string& name : Texts(attributes, root, "layer_names")) {
    if (!seen.insert(name).second) Fail(ErrorKind::kModel, "{}: lists the layer {} twice", where, Printable(name));
    const std::string group = Join(root, name);
    // One layer, or those of a sub-model.
    const std::vector<std::string> weight_names = Texts(attributes, group, "weight_names");
    std::vector<FileLayer> layers = GroupByScope(weight_names, group + "/");
    if (layers.size() == 1) {
      layers[0].name = name;
      models[0].layers.push_back(std::move(layers[0]));
    } else if (layers.size() > 1) {
      CheckNotPartlyFrozen(name, weight_names, where);
      models.push_back({name, std::move(layers)});
    }
  }
  return models;
}

// ---- Keras 3 ----

struct Group {
  std::string layer_name;                   // attribute of newer versions
  std::map<uint64_t, std::string> tensors;  // by number: vars/0, vars/1 ...
};
// container ("layers/functional/layers") -> leaf ("conv2d_3") -> group
using Containers = std::map<std::string, std::map<std::string, Group>>;

// "conv2d" -> "conv2d", 0; "conv2d_12" -> "conv2d", 12: for sorting as people count.
std::pair<std::string, uint64_t> NumberedName(const std::string& name) {
  const size_t last = name.find_last_not_of("0123456789");
  if (last == std::string::npos || last + 1 == name.size() || name[last] != '_' || name.size() - last > 10)
    return {name, 0};
  return {name.substr(0, last), std::stoull(name.substr(last + 1))};
}

Containers FindContainers(const SafetensorsFile& hdf5, const Json& attributes) {
  Containers containers;
  for (const auto& [path, tensor] : hdf5.tensors) {
    const auto [vars, number] = SplitLast(path);
    const auto [layer, vars_name] = SplitLast(vars);
    const bool is_number = !number.empty() && number.size() < 10 &&
                           std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (vars_name != "vars" || layer.empty() || !is_number) continue;
    const auto [container, leaf] = SplitLast(layer);
    Group& group = containers[container][leaf];
    group.tensors[std::stoull(number)] = path;
    const std::vector<std::string> name = Texts(attributes, vars, "name");
    if (name.size() == 1) group.layer_name = name[0];
  }
  return containers;
}

FileLayer LayerOf(const Group& group, std::string name, std::string keras_class) {
  FileLayer layer{std::move(name), std::move(keras_class), {}};
  for (const auto& [number, path] : group.tensors) layer.tensors.push_back(path);
  return layer;
}

// Without config.json: the leaf says the class and the place within it; the layer's name may stand beside it.
FileModel ModelOfContainer(const std::string& container, const std::map<std::string, Group>& groups,
                           const Json& attributes) {
  FileModel model;
  const auto [model_group, container_name] = SplitLast(container);
  if (!model_group.empty()) {
    const std::vector<std::string> name = Texts(attributes, model_group + "/vars", "name");
    model.name = name.size() == 1 ? name[0] : SplitLast(model_group).second;
  }
  std::vector<const std::pair<const std::string, Group>*> order;
  for (const auto& named : groups) order.push_back(&named);
  std::sort(order.begin(), order.end(),
            [](const auto* a, const auto* b) { return NumberedName(a->first) < NumberedName(b->first); });
  for (const auto* named : order) {
    const auto& [leaf, group] = *named;
    // A leaf like conv2d_3 is a place, not a name, and a name like conv2d_3 is automatic: both say the class only.
    const bool named_by_user = !group.layer_name.empty() && AutomaticClass(group.layer_name).empty();
    model.layers.push_back(LayerOf(group, named_by_user ? group.layer_name : leaf, std::string(AutomaticClass(leaf))));
  }
  return model;
}

// Follows config.json down the groups of the HDF5 file.
class ConfigWalk {
 public:
  ConfigWalk(const Containers& containers, std::string_view where) : containers_(containers), where_(where) {}

  void Visit(const Json& config, const std::string& name, const std::string& group, int depth) {
    if (depth == kMaxModelNesting)
      Fail(ErrorKind::kModel, "{}: config.json nests models deeper than {}", where_, kMaxModelNesting);
    const std::vector<ConfigLayer> layers = LayersOfConfig(config);
    const std::string container = ContainerOf(group);
    const auto found = containers_.find(container);
    static const std::map<std::string, Group> kNone;
    const auto& groups = found == containers_.end() ? kNone : found->second;
    const bool by_number = NumberedByClass(layers, groups);
    if (!groups.empty()) models_.push_back(ModelOf(name, layers, groups, by_number));
    for (const ConfigLayer& layer : layers) {
      if (layer.model == nullptr) continue;
      // A group that holds no tensors itself cannot be seen here: what lies below tells the two schemes apart.
      const std::string numbered = Join(container, layer.leaf), named = Join(container, layer.name);
      Visit(*layer.model, layer.name, HasBelow(numbered) ? numbered : named, depth + 1);
    }
  }

  std::vector<FileModel> Take() { return std::move(models_); }

 private:
  bool HasBelow(const std::string& group) const {
    const auto next = containers_.lower_bound(group + "/");
    return next != containers_.end() && next->first.starts_with(group + "/");
  }

  // The one that the file has. Just one: with both at every level, nested models would be walked through as often as
  // there are combinations.
  std::string ContainerOf(const std::string& group) const {
    std::string container;
    for (const std::string_view name : kContainers) {
      container = Join(group, std::string(name));
      if (containers_.contains(container) || HasBelow(container)) break;
    }
    return container;
  }

  // Groups called conv2d, conv2d_1 ... whatever the layers' names; if one of these is missing, by their names.
  static bool NumberedByClass(const std::vector<ConfigLayer>& layers, const std::map<std::string, Group>& groups) {
    return std::all_of(layers.begin(), layers.end(), [&](const ConfigLayer& layer) {
      return AutomaticClass(layer.leaf).empty() || groups.contains(layer.leaf);
    });
  }

  static FileModel ModelOf(const std::string& name, const std::vector<ConfigLayer>& layers,
                           const std::map<std::string, Group>& groups, bool by_number) {
    FileModel model{name, {}};
    std::set<std::string> seen;
    for (const ConfigLayer& layer : layers) {
      const std::string& leaf = by_number ? layer.leaf : layer.name;
      const auto found = groups.find(leaf);
      if (found == groups.end() || !seen.insert(leaf).second) continue;
      model.layers.push_back(LayerOf(found->second, layer.name, layer.keras_class));
    }
    for (const auto& [leaf, group] : groups) {
      if (!seen.contains(leaf)) model.layers.push_back(LayerOf(group, leaf + " (not in config.json)", ""));
    }
    return model;
  }

  const Containers& containers_;
  std::string_view where_;
  std::vector<FileModel> models_;
};

std::vector<FileModel> ModelsOfKeras3(const Containers& containers, const Json& attributes, const Json* config,
                                      std::string_view where) {
  if (config != nullptr) {
    ConfigWalk walk(containers, where);
    walk.Visit(Member(*config, "config", where), "", "", 0);
    return walk.Take();
  }
  std::vector<FileModel> models;
  for (const auto& [container, groups] : containers) models.push_back(ModelOfContainer(container, groups, attributes));
  return models;
}

void CheckNamesExist(const std::vector<FileModel>& models, const TensorMap& tensors, std::string_view where) {
  for (const FileModel& model : models) {
    for (const FileLayer& layer : model.layers) {
      for (const std::string& tensor : layer.tensors) {
        if (!tensors.contains(tensor)) {
          Fail(ErrorKind::kModel, "{}: names a tensor {} but does not have it; it is damaged", where,
               Printable(tensor));
        }
      }
    }
  }
}

}  // namespace

std::vector<FileModel> ModelsInHdf5(const SafetensorsFile& hdf5, const Json* config, std::string_view where) {
  const auto text = hdf5.metadata.find("attributes");
  const Json attributes = text == hdf5.metadata.end() ? Json::object() : ParseJson(text->second, where);
  std::vector<FileModel> models;
  for (const char* root : {"", "model_weights"}) {  // weights alone, or a whole model with its weights
    if (models.empty() && !Texts(attributes, root, "layer_names").empty()) {
      models = ModelsOfKeras2(attributes, root, where);
    }
  }
  if (models.empty()) models = ModelsOfKeras3(FindContainers(hdf5, attributes), attributes, config, where);
  if (models.empty()) {
    Fail(ErrorKind::kModel, "{}: is HDF5, but has neither Keras 2's layer_names nor Keras 3's layers; what wrote it?",
         where);
  }
  CheckNamesExist(models, hdf5.tensors, where);
  return models;
}

}  // namespace siskin
