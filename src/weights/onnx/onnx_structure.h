// The weights of an ONNX model whose layers have no names any more, because the exporter has folded batch normalisation
// into the convolutions (torch.onnx.export, tf2onnx, onnxsim): found by what the graph computes. It is compared with
// our network step by step (structure.h); the names of nodes and initializers mean nothing here.
#pragma once

#include <string>
#include <string_view>

#include "graph/graph.h"
#include "tensor/tensor.h"

namespace siskin {

// The parameters of the network that `build` builds, from the bytes of an ONNX model. A convolution that has swallowed
// its batch normalisation keeps its kernel; the normalisation gets gamma 1, mean 0, a variance of 1 - epsilon and as
// beta what was left of it as bias: the same outputs. `note` is set to what the user has to know: that, and at which
// image size the file pads as our network does, if not at the one asked for. The file may go on after the network, and
// scale its pixels before it. kModel if the file computes something else (which of our layers it lacks), if the
// network is in it twice, or the file is damaged.
TensorMap TakeByStructure(std::string_view bytes, std::string_view where, const GraphBuilder& build, std::string* note);

}  // namespace siskin
