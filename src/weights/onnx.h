// The weights of an ONNX model: its initializers and which node uses them, read from the few protobuf fields that this
// needs; the graph is never run. https://onnx.ai/onnx/repo-docs/IR.html, field numbers from onnx.proto.
#pragma once

#include <string_view>

#include "weights/match.h"

namespace siskin {

// Whether the bytes can be an ONNX model at all: a version, and a graph that has nodes.
bool LooksLikeOnnx(std::string_view bytes);

// Layers by the names of their weights: Siskin's own ("conv1_bn/gamma") or PyTorch's ("layer1.0.bn1.weight"); with the
// layers of a head ("head_logits") and, as the model "network", without. kModel if the bytes are no such model,
// anything in it claims more than there is, or batch normalisation was folded into the convolutions, which no network
// of ours can be trained from.
FileContents ReadOnnx(std::string_view bytes, std::string_view where);

}  // namespace siskin
