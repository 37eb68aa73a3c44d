// Constants of a frozen TensorFlow graph (GraphDef, .pb). Reads the few protobuf fields that this needs; the graph is
// never run. https://protobuf.dev/programming-guides/encoding and tensorflow/core/framework/{graph,tensor}.proto.
#pragma once

#include <string_view>
#include <vector>

#include "tensor/tensor.h"
#include "weights/match.h"

namespace siskin {

// Whether the bytes can be a GraphDef at all: they begin with a node that has a name.
bool LooksLikeGraphDef(std::string_view bytes);

// The fp32 constants by node name. kModel if the bytes are no GraphDef or anything in it claims more than there is.
TensorMap ReadGraphConstants(std::string_view bytes, std::string_view where);

// The networks of Google's "slim" models that Siskin knows, with Keras' layer names: every MobileNet v1, by its name
// scope ("MobilenetV1"). `with_top`: with its classifier, whose class 0 is "background".
std::vector<FileModel> ModelsInGraph(const TensorMap& constants, bool with_top);

}  // namespace siskin
