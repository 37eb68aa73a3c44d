// Layers as a file has them, matched with the layers of a network: by name where Keras gives names, by order within a
// class where it numbers them (conv2d_7). Knows nothing of file formats.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/layout.h"
#include "tensor/tensor.h"

namespace siskin {

// One layer with weights.
struct FileLayer {
  std::string name;                  // empty: unknown
  std::string keras_class;           // "Conv2D"; empty: unknown, or to be told from an automatic name
  std::vector<std::string> tensors;  // the names of its tensors in the file, in Keras' order of layer.weights
};

// A model, or a sub-model of it, that might be the network asked for.
struct FileModel {
  std::string name;               // empty: the whole file
  std::vector<FileLayer> layers;  // in Keras' order of model.layers
};

// "Conv2D" for "conv2d" and "conv2d_7" (and for the spellings of Keras 1); empty if `name` is no automatic name of a
// class with weights that Siskin knows.
std::string_view AutomaticClass(std::string_view name);

// The tensors of the one model that fits `layout` exactly, under the layout's names. `inner`: its name; empty: any.
// kModel if none fits (what is missing, extra or misshapen in the one that comes closest), or if several do.
TensorMap TakeModel(TensorMap tensors, const std::vector<FileModel>& models, const NetworkLayout& layout,
                    const std::string& inner, std::string_view where);

// "a, b, c and 12 more": for messages.
std::string JoinSome(const std::vector<std::string>& names);

}  // namespace siskin
