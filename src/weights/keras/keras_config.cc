#include "weights/keras/keras_config.h"

#include <cctype>
#include <map>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace siskin {
namespace {

// "SeparableConv2D" -> "separable_conv2d", as Keras does it (keras.src.utils.naming.to_snake_case).
std::string SnakeCase(std::string_view name) {
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto at = [&](size_t k) { return static_cast<unsigned char>(k < name.size() ? name[k] : 0); };
    const bool word_begins = std::islower(at(i + 1)) != 0 || (i > 0 && std::islower(at(i - 1)) != 0);
    if (i > 0 && std::isupper(at(i)) != 0 && word_begins) snake += '_';
    snake += static_cast<char>(std::tolower(at(i)));
  }
  return snake;
}

}  // namespace

std::vector<ConfigLayer> LayersOfConfig(const Json& config) {
  std::vector<ConfigLayer> layers;
  const bool has_list = config.is_object() && config.contains("layers");
  const Json& list = has_list ? config["layers"] : config;
  if (!list.is_array()) return layers;
  std::map<std::string, int> used;
  for (const Json& entry : list) {
    if (!entry.is_object() || !entry.contains("class_name") || !entry["class_name"].is_string()) continue;
    ConfigLayer layer;
    layer.keras_class = entry["class_name"].get<std::string>();
    const std::string snake = SnakeCase(layer.keras_class);
    const int number = used[snake]++;
    layer.leaf = number == 0 ? snake : fmt::format("{}_{}", snake, number);
    const auto inner = entry.find("config");
    if (inner != entry.end() && inner->is_object()) {
      if (inner->contains("name") && (*inner)["name"].is_string()) layer.name = (*inner)["name"].get<std::string>();
      if (inner->contains("layers")) layer.model = &*inner;
    } else if (inner != entry.end() && inner->is_array()) {
      layer.model = &*inner;
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace siskin
