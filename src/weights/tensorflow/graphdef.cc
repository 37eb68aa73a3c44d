#include "weights/tensorflow/graphdef.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "weights/file/protobuf.h"

namespace siskin {
namespace {

// Numbers of the fields, from the .proto files.
constexpr uint32_t kGraphNode = 1;
constexpr uint32_t kNodeName = 1, kNodeOp = 2, kNodeAttr = 5;
constexpr uint32_t kEntryKey = 1, kEntryValue = 2;
constexpr uint32_t kAttrTensor = 8;
constexpr uint32_t kTensorType = 1, kTensorShape = 2, kTensorContent = 4, kTensorFloats = 5;
constexpr uint32_t kShapeDim = 2, kDimSize = 1;
constexpr uint64_t kTypeFloat = 1;  // DT_FLOAT

constexpr size_t kMaxNodes = 1'000'000;
constexpr size_t kMaxRank = 16;
// A constant of one value may have any shape, so that a few bytes ask for much memory: all of them together get this
// beyond what is in the file. Real graphs fill the statistics of a batch normalisation so: 0.1 MB for Inception-ResNet.
constexpr uint64_t kMaxFilledBytes = uint64_t{16} << 20;

struct Node {
  std::string_view name, op, value;  // value: the TensorProto of attribute "value"
};

bool ReadAttribute(std::string_view bytes, Node* node) {
  ProtoMessage entry(bytes);
  ProtoField field;
  std::string_view key, value;
  while (entry.Next(&field)) {
    if (field.number == kEntryKey) key = field.bytes;
    if (field.number == kEntryValue) value = field.bytes;
  }
  if (!entry.ok() || key != "value") return entry.ok();
  ProtoMessage attribute(value);
  attribute.NextBytes(kAttrTensor, &node->value);
  return attribute.ok();
}

bool ReadNode(std::string_view bytes, Node* node) {
  ProtoMessage message(bytes);
  ProtoField field;
  while (message.Next(&field)) {
    if (field.number == kNodeName) node->name = field.bytes;
    if (field.number == kNodeOp) node->op = field.bytes;
    if (field.number == kNodeAttr && !ReadAttribute(field.bytes, node)) return false;
  }
  return message.ok();
}

struct TensorFields {
  uint64_t type = 0;
  std::vector<int64_t> dims;
  std::string_view content, floats;  // little-endian floats; `floats` may be fewer than the shape says
};

bool ReadShape(std::string_view bytes, std::vector<int64_t>* dims) {
  ProtoMessage shape(bytes);
  std::string_view dim_bytes;
  while (shape.NextBytes(kShapeDim, &dim_bytes)) {
    ProtoMessage dim(dim_bytes);
    ProtoField field;
    uint64_t size = 0;
    while (dim.Next(&field)) {
      if (field.number == kDimSize && field.type == ProtoField::Type::kVarint) size = field.value;
    }
    if (!dim.ok() || dims->size() == kMaxRank) return false;
    dims->push_back(static_cast<int64_t>(size));
  }
  return shape.ok();
}

bool ReadTensorFields(std::string_view bytes, TensorFields* tensor) {
  ProtoMessage message(bytes);
  ProtoField field;
  while (message.Next(&field)) {
    if (field.number == kTensorType && field.type == ProtoField::Type::kVarint) tensor->type = field.value;
    if (field.number == kTensorShape && !ReadShape(field.bytes, &tensor->dims)) return false;
    if (field.number == kTensorContent) tensor->content = field.bytes;
    if (field.number == kTensorFloats) tensor->floats = field.bytes;  // packed, or a single one
  }
  return message.ok();
}

// Copies what is there; the last value stands for all that follow (TensorProto's rule for float_val).
bool FillFrom(std::string_view floats, std::span<float> values) {
  const size_t count = floats.size() / sizeof(float);
  if (floats.size() % sizeof(float) != 0 || count == 0 || count > values.size()) return false;
  std::memcpy(values.data(), floats.data(), floats.size());
  std::fill(values.begin() + static_cast<std::ptrdiff_t>(count), values.end(), values[count - 1]);
  return true;
}

[[noreturn]] void FailGraph(std::string_view where, const std::string& reason) {
  Fail(ErrorKind::kModel, "{}: is not a valid TensorFlow graph: {}; it is damaged, cut off or of another kind", where,
       reason);
}

// What slim's layers call their variables, in Keras' order of layer.weights.
constexpr std::string_view kRoles[] = {"depthwise_weights", "weights",        "biases", "gamma", "beta",
                                       "moving_mean",       "moving_variance"};

// A network's scope is told by its first layer, wherever it stands in the graph.
constexpr std::string_view kFirstVariable = "/Conv2d_0/weights";

// The layers below "MobilenetV1/". Constants of other roles are the graph's own arithmetic.
FileModel ModelInScope(const TensorMap& constants, const std::string& scope) {
  std::map<std::string, std::map<size_t, std::string>> layers;  // layer, role -> constant
  for (auto constant = constants.lower_bound(scope + "/"); constant != constants.end(); ++constant) {
    if (!constant->first.starts_with(scope + "/")) break;
    const auto [layer, role] = SplitLast(constant->first.substr(scope.size() + 1));
    const auto* const found = std::find(std::begin(kRoles), std::end(kRoles), role);
    if (found != std::end(kRoles)) layers[layer][static_cast<size_t>(found - std::begin(kRoles))] = constant->first;
  }
  FileModel model{scope, {}};
  for (const auto& [name, roles] : layers) {
    FileLayer layer{name, "", {}};
    for (const auto& [role, constant] : roles) layer.tensors.push_back(constant);
    model.layers.push_back(std::move(layer));
  }
  return model;
}

// Nothing if it is a constant of another type.
std::optional<Tensor> ReadTensor(const Node& node, uint64_t* bytes_left, std::string_view where) {
  const std::string name = "constant " + Printable(node.name);
  TensorFields fields;
  if (!ReadTensorFields(node.value, &fields)) FailGraph(where, name + " cannot be taken apart");
  if (fields.type != kTypeFloat) return std::nullopt;
  const Shape shape(std::move(fields.dims));
  if (!FitsIn(shape, sizeof(float), *bytes_left)) {
    FailGraph(where, fmt::format("{} has the shape {}, which is beyond reason", name, shape.ToString()));
  }
  const uint64_t bytes = static_cast<uint64_t>(shape.num_elements()) * sizeof(float);
  const bool complete = fields.content.empty() ? !fields.floats.empty() || bytes == 0 : fields.content.size() == bytes;
  if (!complete) {
    FailGraph(where, fmt::format("{} of shape {} has {} bytes of data", name, shape.ToString(), fields.content.size()));
  }
  *bytes_left -= bytes;
  Tensor tensor(shape);
  const std::string_view source = fields.content.empty() ? fields.floats : fields.content;
  if (bytes != 0 && !FillFrom(source, tensor.values<float>())) {
    FailGraph(where, fmt::format("{} of shape {} has {} bytes of data", name, shape.ToString(), source.size()));
  }
  return tensor;
}

}  // namespace

TensorMap ReadGraphConstants(std::string_view bytes, std::string_view where) {
  TensorMap constants;
  ProtoMessage graph(bytes);
  std::string_view node_bytes;
  uint64_t bytes_left = bytes.size() + kMaxFilledBytes;
  for (size_t count = 0; graph.NextBytes(kGraphNode, &node_bytes); ++count) {
    Node node;
    if (count == kMaxNodes) FailGraph(where, fmt::format("it has more than {} nodes", kMaxNodes));
    if (!ReadNode(node_bytes, &node)) FailGraph(where, fmt::format("node {} cannot be taken apart", count));
    if (node.op != "Const") continue;
    if (!IsValidUtf8(node.name)) FailGraph(where, "the name " + Printable(node.name) + " is not UTF-8");
    std::optional<Tensor> tensor = ReadTensor(node, &bytes_left, where);
    if (tensor && !constants.emplace(std::string(node.name), std::move(*tensor)).second) {
      FailGraph(where, "it has two nodes named " + Printable(node.name));
    }
  }
  if (!graph.ok()) FailGraph(where, "its list of nodes ends in the middle");
  return constants;
}

std::vector<FileModel> ModelsInGraph(const TensorMap& constants) {
  std::vector<FileModel> models;
  for (const auto& [constant, tensor] : constants) {
    if (!constant.ends_with(kFirstVariable)) continue;
    models.push_back(ModelInScope(constants, constant.substr(0, constant.size() - kFirstVariable.size())));
  }
  return models;
}

}  // namespace siskin
