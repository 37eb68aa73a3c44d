// The weights of an ONNX model that keeps its layers and their names: its initializers and which node uses them. Models
// that do not: onnx_structure.h.
#pragma once

#include <string_view>

#include "weights/match/match.h"

namespace siskin {

// Layers by the names of their weights: Siskin's own ("conv1_bn/gamma") or PyTorch's ("layer1.0.bn1.weight"); with the
// layers of a head ("head_logits") and, as the model "network", without. kModel if the bytes are no such model, or
// anything in it claims more than there is.
FileContents ReadOnnx(std::string_view bytes, std::string_view where);

}  // namespace siskin
