// Whether bytes can be a file of another program at all, by their beginning: who names a file's kind needs no reader.
#pragma once

#include <string_view>

namespace siskin {

// An ONNX model: a version, and a graph.
bool LooksLikeOnnx(std::string_view bytes);

// TensorFlow's GraphDef: it begins with a node that has a name and an operation.
bool LooksLikeGraphDef(std::string_view bytes);

// The model.json of TensorFlow.js: a JSON object that speaks of a weights manifest.
bool LooksLikeTfjs(std::string_view bytes);

}  // namespace siskin
