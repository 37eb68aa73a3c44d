// A model as a list of Keras' standard layers: what both .keras files and TensorFlow.js describe in their configs.
// Holds the preprocessing before the network and the scores after it. https://keras.io/api/layers/
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/classifier_model.h"

namespace siskin {

struct KerasLayer {
  std::string class_name;            // "SeparableConv2D"
  std::string name;                  // Siskin's, which is Keras' where Keras has one
  Json config = Json::object();      // arguments of the class, without the name
  std::vector<std::string> inputs;   // names of layers
  std::vector<int64_t> output;       // shape of one photo's: [height, width, channels] or [channels]
  std::vector<std::string> weights;  // names of tensors in Keras' order of layer.weights
};

struct KerasNetwork {
  std::vector<KerasLayer> layers;  // topological; the first takes photos [height, width, 3] as floats from 0 to 255
                                   // ("image"), the last gives their scores [classes] ("scores")
  TensorMap added;                 // tensors of layers that the model does not have: of preprocessing

  // A layer's tensor: one of the model's, or an added one.
  const Tensor& WeightNamed(const std::string& name, const TensorMap& model_weights) const;
};

// Class names, threshold and the like, for the members of a file that its format leaves to its writer.
Json ExportNotes(const ModelCard& card);

KerasNetwork KerasLayers(const ClassifierModel& model);

}  // namespace siskin
