// A model as a folder for TensorFlow.js: model.json and its weights in pieces of 4 MB, opened with tf.loadLayersModel.
// https://github.com/tensorflow/tfjs/tree/master/tfjs-converter ("Format conversion")
#pragma once

#include <vector>

#include "export/exported_file.h"
#include "export/keras_layers.h"

namespace siskin {

// The model as Keras 2 describes one, which is what TensorFlow.js reads.
Json Keras2Config(const KerasNetwork& network, const std::string& name);

// Makes the folder if it is not there; model.json is written last: it names only files that are complete. kIo.
std::vector<ExportedFile> WriteTfjs(const ClassifierModel& model, const std::filesystem::path& folder, FileOps& ops);

}  // namespace siskin
