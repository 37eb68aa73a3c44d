#include "weights/onnx.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "weights/channels_first.h"
#include "weights/protobuf.h"

namespace siskin {
namespace {

// Numbers of the fields, from onnx.proto.
constexpr uint32_t kModelVersion = 1, kModelGraph = 7;
constexpr uint32_t kGraphNode = 1, kGraphInitializer = 5;
constexpr uint32_t kNodeInput = 1, kNodeOutput = 2, kNodeOp = 4, kNodeAttribute = 5;
constexpr uint32_t kAttributeName = 1, kAttributeInt = 3;
constexpr uint32_t kTensorDims = 1, kTensorType = 2, kTensorFloats = 4, kTensorName = 8, kTensorRaw = 9,
                   kTensorExternal = 13, kTensorLocation = 14;
constexpr uint64_t kTypeFloat = 1;

constexpr size_t kMaxNodes = 1'000'000;
constexpr size_t kMaxInitializers = 100'000;  // InceptionResNetV2 has 898
constexpr size_t kMaxInputs = 5;              // those of BatchNormalization; of other nodes no more are of interest
constexpr size_t kMaxRank = 16;
constexpr uint64_t kMaxTensorBytes = uint64_t{1} << 30;
constexpr std::string_view kHeadPrefix = "head_";  // layers that Siskin puts on top of a network
constexpr std::string_view kOnes = "ones";         // a gamma that our network does not have, in Siskin's own export

using Type = ProtoField::Type;

[[noreturn]] void FailModel(std::string_view where, const std::string& reason) {
  Fail(ErrorKind::kModel, "{}: is not a valid ONNX model: {}; it is damaged, cut off or of another kind", where,
       reason);
}

struct TensorFields {
  std::string_view name, floats, raw;
  std::vector<int64_t> dims;
  uint64_t type = 0;
  bool elsewhere = false;  // its numbers are in another file
};

// One number, or a packed list of them.
bool ReadDims(const ProtoField& field, std::vector<int64_t>* dims) {
  if (field.type == Type::kVarint) dims->push_back(static_cast<int64_t>(field.value));
  std::string_view rest = field.type == Type::kBytes ? field.bytes : std::string_view();
  uint64_t value = 0;
  while (!rest.empty() && dims->size() <= kMaxRank) {
    if (!TakeVarint(&rest, &value)) return false;
    dims->push_back(static_cast<int64_t>(value));
  }
  return dims->size() <= kMaxRank;
}

bool ReadTensorFields(std::string_view bytes, TensorFields* tensor) {
  ProtoMessage message(bytes);
  ProtoField field;
  while (message.Next(&field)) {
    if (field.number == kTensorDims && !ReadDims(field, &tensor->dims)) return false;
    if (field.number == kTensorType && field.type == Type::kVarint) tensor->type = field.value;
    if (field.number == kTensorName) tensor->name = field.bytes;
    if (field.number == kTensorFloats && field.type == Type::kBytes) tensor->floats = field.bytes;
    if (field.number == kTensorRaw) tensor->raw = field.bytes;
    if (field.number == kTensorExternal) tensor->elsewhere = true;
    if (field.number == kTensorLocation && field.value != 0) tensor->elsewhere = true;
  }
  return message.ok();
}

struct Node {
  std::string op, output;  // of several outputs the last
  std::vector<std::string> inputs;
  bool transposed = false;  // Gemm: the matrix is [out, in]
};

bool ReadAttribute(std::string_view bytes, Node* node) {
  ProtoMessage message(bytes);
  ProtoField field;
  std::string_view name;
  uint64_t value = 0;
  while (message.Next(&field)) {
    if (field.number == kAttributeName) name = field.bytes;
    if (field.number == kAttributeInt && field.type == Type::kVarint) value = field.value;
  }
  if (name == "transB") node->transposed = value != 0;
  return message.ok();
}

bool ReadNode(std::string_view bytes, Node* node) {
  ProtoMessage message(bytes);
  ProtoField field;
  while (message.Next(&field)) {
    if (field.number == kNodeInput && node->inputs.size() < kMaxInputs) node->inputs.emplace_back(field.bytes);
    if (field.number == kNodeOutput) node->output = field.bytes;
    if (field.number == kNodeOp) node->op = field.bytes;
    if (field.number == kNodeAttribute && !ReadAttribute(field.bytes, node)) return false;
  }
  return message.ok();
}

// The weights' fields, still in the file, and the nodes.
struct OnnxGraph {
  std::map<std::string, TensorFields> initializers;
  std::vector<Node> nodes;
};

void AddInitializer(std::string_view bytes, OnnxGraph* graph, std::string_view where) {
  TensorFields fields;
  if (!ReadTensorFields(bytes, &fields)) FailModel(where, "an initializer cannot be taken apart");
  if (!IsValidUtf8(fields.name)) FailModel(where, "the name " + Printable(fields.name) + " is not UTF-8");
  if (fields.elsewhere) {
    Fail(ErrorKind::kModel, "{}: keeps {} in another file, which is not opened; save the model as one file", where,
         Printable(fields.name));
  }
  if (!graph->initializers.emplace(std::string(fields.name), fields).second) {
    FailModel(where, "it has two initializers named " + Printable(fields.name));
  }
  if (graph->initializers.size() > kMaxInitializers) {
    FailModel(where, fmt::format("it has more than {} initializers", kMaxInitializers));
  }
}

OnnxGraph ReadGraph(std::string_view bytes, std::string_view where) {
  ProtoMessage model(bytes);
  std::string_view graph_bytes;
  if (!model.NextBytes(kModelGraph, &graph_bytes)) FailModel(where, "it has no graph");
  OnnxGraph graph;
  ProtoMessage message(graph_bytes);
  ProtoField field;
  while (message.Next(&field)) {
    if (field.number == kGraphInitializer) AddInitializer(field.bytes, &graph, where);
    if (field.number != kGraphNode) continue;
    graph.nodes.emplace_back();
    if (graph.nodes.size() > kMaxNodes || !ReadNode(field.bytes, &graph.nodes.back())) {
      FailModel(where, fmt::format("node {} cannot be taken apart", graph.nodes.size() - 1));
    }
  }
  while (model.Next(&field)) {
  }
  if (!message.ok() || !model.ok()) FailModel(where, "it ends in the middle");
  return graph;
}

// Follows the nodes and takes the weights that they use.
class LayerReader {
 public:
  LayerReader(const OnnxGraph& graph, std::string_view where) : graph_(graph), where_(where) {}

  FileContents Read() {
    for (const Node& node : graph_.nodes) {
      if (node.op == "Identity") AddTwin(node);
      if (node.op == "Conv") Add(node, 1, 2, true);
      if (node.op == "Gemm") Add(node, 1, 2, node.transposed);
      if (node.op == "BatchNormalization") Add(node, 1, 4, false);
    }
    FileModel network{"network", {}};
    for (const FileLayer& layer : whole_.layers) {
      if (!layer.name.starts_with(kHeadPrefix)) network.layers.push_back(layer);
    }
    const bool has_head = network.layers.size() < whole_.layers.size();
    contents_.models.push_back(std::move(whole_));
    if (has_head) contents_.models.push_back(std::move(network));
    return std::move(contents_);
  }

 private:
  // PyTorch writes equal weights once and gives them their other names this way.
  void AddTwin(const Node& node) {
    const TensorFields* fields = node.inputs.empty() ? nullptr : Find(node.inputs[0]);
    if (fields != nullptr) twins_.emplace(node.output, fields);
  }

  // Null if the value is no weight.
  const TensorFields* Find(const std::string& name) const {
    const auto found = graph_.initializers.find(name);
    if (found != graph_.initializers.end()) return &found->second;
    const auto twin = twins_.find(name);
    return twin == twins_.end() ? nullptr : twin->second;
  }

  // The layer of inputs first .. last of the node, as far as they are weights. Nodes whose weights have the same scope
  // are one layer (a separable convolution).
  void Add(const Node& node, size_t first, size_t last, bool channels_first) {
    for (size_t i = first; i <= last && i < node.inputs.size(); ++i) {
      const std::string& name = node.inputs[i];
      const TensorFields* fields = Find(name);
      if (fields == nullptr || contents_.tensors.contains(name)) continue;
      Tensor tensor = ReadTensor(name, *fields);
      if (IsOnes(name, tensor)) continue;
      LayerOf(name).tensors.push_back(name);
      contents_.tensors.emplace(name, channels_first ? FromChannelsFirst(std::move(tensor)) : std::move(tensor));
    }
  }

  static bool IsOnes(const std::string& name, const Tensor& tensor) {
    if (SplitLast(name).second != kOnes) return false;
    const auto values = tensor.values<float>();
    return std::all_of(values.begin(), values.end(), [](float value) { return value == 1; });
  }

  FileLayer& LayerOf(const std::string& tensor) {
    const size_t end = tensor.find_last_of("/.");
    std::string name = end == std::string::npos ? tensor : tensor.substr(0, end);
    const auto [found, is_new] = index_.emplace(name, whole_.layers.size());
    if (is_new) whole_.layers.push_back({std::move(name), "", {}});
    return whole_.layers[found->second];
  }

  Tensor ReadTensor(const std::string& name, const TensorFields& fields) {
    const Shape shape(fields.dims);
    const std::string what = "initializer " + Printable(name);
    if (fields.type != kTypeFloat) FailModel(where_, what + " is not fp32");
    if (!FitsIn(shape, sizeof(float), bytes_left_)) {
      FailModel(where_, fmt::format("{} has the shape {}, which is beyond reason", what, shape.ToString()));
    }
    const uint64_t bytes = static_cast<uint64_t>(shape.num_elements()) * sizeof(float);
    const std::string_view data = fields.raw.empty() ? fields.floats : fields.raw;
    if (data.size() != bytes) {
      FailModel(where_, fmt::format("{} of shape {} has {} bytes of data", what, shape.ToString(), data.size()));
    }
    bytes_left_ -= bytes;
    Tensor tensor(shape);
    if (bytes != 0) std::memcpy(tensor.data(), data.data(), bytes);
    return tensor;
  }

  const OnnxGraph& graph_;
  std::string_view where_;
  uint64_t bytes_left_ = kMaxTensorBytes;
  std::map<std::string, const TensorFields*> twins_;
  std::map<std::string, size_t> index_;  // layer -> place in whole_
  FileModel whole_;
  FileContents contents_;
};

bool Uses(const OnnxGraph& graph, std::string_view op) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) { return node.op == op; });
}

}  // namespace

bool LooksLikeOnnx(std::string_view bytes) {
  ProtoMessage model(bytes);
  ProtoField field;
  std::string_view graph;
  return model.Next(&field) && field.number == kModelVersion && field.type == Type::kVarint &&
         model.NextBytes(kModelGraph, &graph);
}

FileContents ReadOnnx(std::string_view bytes, std::string_view where) {
  const OnnxGraph graph = ReadGraph(bytes, where);
  if (Uses(graph, "Conv") && !Uses(graph, "BatchNormalization")) {
    Fail(ErrorKind::kModel,
         "{}: its batch normalisation was folded into the convolutions when it was exported, and with it the names and "
         "numbers of the layers; take the file that it was exported from (.keras, .h5, safetensors)",
         where);
  }
  return LayerReader(graph, where).Read();
}

}  // namespace siskin
