#include "weights/file/signatures.h"

#include <cstddef>
#include <cstdint>

#include "weights/file/protobuf.h"

namespace siskin {
namespace {

// Numbers of the fields, from onnx.proto, tensorflow/core/framework/graph.proto and node_def.proto.
constexpr uint32_t kOnnxVersion = 1, kOnnxGraph = 7;
constexpr uint32_t kFirstNode = 1, kNameOfNode = 1, kOpOfNode = 2;

// Of a model.json: the manifest may come after all of the layers. ResNet-50's has 109 KB.
constexpr size_t kSearchedJsonBytes = size_t{16} << 20;

}  // namespace

bool LooksLikeOnnx(std::string_view bytes) {
  ProtoMessage model(bytes);
  ProtoField field;
  std::string_view graph;
  return model.Next(&field) && field.number == kOnnxVersion && field.type == ProtoField::Type::kVarint &&
         model.NextBytes(kOnnxGraph, &graph);
}

bool LooksLikeGraphDef(std::string_view bytes) {
  ProtoMessage graph(bytes);
  ProtoField first;
  if (!graph.Next(&first) || first.number != kFirstNode || first.type != ProtoField::Type::kBytes) return false;
  ProtoMessage node(first.bytes);
  ProtoField field;
  std::string_view name, op;
  while (node.Next(&field)) {
    if (field.number == kNameOfNode) name = field.bytes;
    if (field.number == kOpOfNode) op = field.bytes;
  }
  return node.ok() && !name.empty() && !op.empty();
}

bool LooksLikeTfjs(std::string_view bytes) {
  const size_t start = bytes.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && bytes[start] == '{' &&
         bytes.substr(0, kSearchedJsonBytes).find("\"weightsManifest\"") != std::string_view::npos;
}

}  // namespace siskin
