// weights/keras/keras.h and weights/match/match.h: how Keras lays out models. The input is what siskin-import would
// deliver: config (may be empty), attributes, then the names of tensors, each ended by a NUL.
#include <optional>

#include "base/json.h"
#include "fuzz/target.h"
#include "weights/import.h"
#include "weights/keras/keras.h"
#include "weights/testing_weights.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  const std::string_view config_text = TakeText(&input);
  SafetensorsFile hdf5;
  hdf5.metadata["attributes"] = TakeText(&input);
  const NetworkLayout layout = testing::SmallLayout(true);
  // Shapes as the network has them, in turn: so that names decide.
  std::vector<Shape> shapes;
  for (const LayerLayout& layer : layout) {
    for (const ParameterSpec& parameter : layer.parameters) shapes.push_back(parameter.shape);
  }
  for (size_t i = 0; !input.empty(); ++i) hdf5.tensors.emplace(TakeText(&input), Tensor(shapes[i % shapes.size()]));

  std::optional<Json> config;
  if (!config_text.empty()) config = ParseJson(config_text, "config.json");
  std::vector<FileModel> models = ModelsInHdf5(hdf5, config ? &*config : nullptr, "input");
  const TensorMap taken = TakeModel({std::move(hdf5.tensors), std::move(models)}, layout, "", "input");
  CheckWeights(taken, layout, "input");
}

}  // namespace siskin::fuzz
