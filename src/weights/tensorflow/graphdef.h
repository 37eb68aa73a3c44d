// Constants of a frozen TensorFlow graph (GraphDef, .pb). Reads the few protobuf fields that this needs; the graph is
// never run. https://protobuf.dev/programming-guides/encoding and tensorflow/core/framework/{graph,tensor}.proto.
#pragma once

#include <string_view>
#include <vector>

#include "tensor/tensor.h"
#include "weights/match/match.h"

namespace siskin {

// The fp32 constants by node name. kModel if the bytes are no GraphDef or anything in it claims more than there is.
TensorMap ReadGraphConstants(std::string_view bytes, std::string_view where);

// Constants that are called like the variables of a network of TensorFlow's "slim" models, as layers: a model for each
// name scope ("MobilenetV1") that has a MobileNet's first layer. Layers keep slim's names: names_mobilenet.cc.
std::vector<FileModel> ModelsInGraph(const TensorMap& constants);

}  // namespace siskin
