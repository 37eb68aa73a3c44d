// Layers as a file has them, matched with the layers of a network: by name where Keras or a table of foreign names
// (naming.h) gives names, by order within a class where layers are only numbered (conv2d_7). Every reader of a format
// with names ends in FileContents; this file knows nothing of formats.
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

// What a reader makes of a file. Tensors have Keras' layouts (kernels HWIO, dense [in, out]).
struct FileContents {
  TensorMap tensors;
  std::vector<FileModel> models;
};

// "Conv2D" for "conv2d" and "conv2d_7" (and for the spellings of Keras 1); empty if `name` is no automatic name of a
// class with weights that Siskin knows.
std::string_view AutomaticClass(std::string_view name);

// "block1/conv/kernel" -> "block1/conv", "kernel"; without a '/' the first is empty.
std::pair<std::string, std::string> SplitLast(const std::string& path);

// Tensors grouped by what stands before the last '/', in order of first appearance. Models list the trainable weights
// of all layers first, so that a layer's are not neighbours, but in order. A layer's name is its scope without what
// stands before the last '/' of that; its tensors are called prefix + name.
std::vector<FileLayer> GroupByScope(const std::vector<std::string>& names, const std::string& prefix = "");

// The tensors of the one model that fits `layout` exactly, under the layout's names. `inner`: its name; empty: any.
// A prefix that all layers of a model share ("module.", wrappers.h) is left out where the names then fit.
// kModel if none fits (what is missing, extra or misshapen in the one that comes closest), if several do, or if the
// file's naming is that of a network that computes something else. `note`, if given, is set to a sentence when the
// weights' origin computes the same at some image sizes only.
TensorMap TakeModel(FileContents contents, const NetworkLayout& layout, const std::string& inner,
                    std::string_view where, std::string* note = nullptr);

// Whether TakeModel would find a model. kModel if the file's naming is that of a network that computes something else.
bool HasModel(const FileContents& contents, const NetworkLayout& layout, const std::string& inner,
              std::string_view where);

}  // namespace siskin
