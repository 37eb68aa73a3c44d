// A model as a .keras file: opens with keras.models.load_model, standard layers only.
#pragma once

#include <map>
#include <string>

#include "export/exported_file.h"
#include "export/keras_layers.h"

namespace siskin {

// The model as Keras 3 describes one in config.json. https://keras.io/api/models/model_saving_apis/
Json Keras3Config(const KerasNetwork& network, const std::string& name);

// The group of model.weights.h5 in which Keras 3 looks for the weights of each layer ("layers/conv2d_4"): classes are
// counted in the order in which Keras sorts the layers of a model, by their distance from the output.
std::map<std::string, std::string> KerasWeightGroups(const KerasNetwork& network);

// Writes the file: a zip of config.json, metadata.json and model.weights.h5. kIo.
ExportedFile WriteKeras(const ClassifierModel& model, const std::filesystem::path& out, FileOps& ops);

}  // namespace siskin
