#include "weights/onnx/onnx_file.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "tensor/half.h"
#include "weights/file/protobuf.h"

namespace siskin {
namespace {

// Numbers of the fields, from onnx.proto.
constexpr uint32_t kModelGraph = 7;
constexpr uint32_t kGraphNode = 1, kGraphInitializer = 5, kGraphInput = 11, kValueName = 1;
constexpr uint32_t kNodeInput = 1, kNodeOutput = 2, kNodeOp = 4, kNodeAttribute = 5;
constexpr uint32_t kAttributeName = 1, kAttributeFloat = 2, kAttributeInt = 3, kAttributeText = 4, kAttributeTensor = 5,
                   kAttributeInts = 8;
constexpr uint32_t kTensorDims = 1, kTensorType = 2, kTensorFloats = 4, kTensorHalves = 5, kTensorIntegers = 7,
                   kTensorName = 8, kTensorRaw = 9, kTensorExternal = 13, kTensorLocation = 14;
constexpr uint64_t kOnnxFloat = 1, kOnnxInt64 = 7, kOnnxHalf = 10, kOnnxBfloat16 = 16;

constexpr size_t kMaxOnnxNodes = 1'000'000;
constexpr size_t kMaxInitializers = 100'000;  // InceptionResNetV2 has 898
constexpr size_t kMaxInputs = 16;             // of a node; Inception's concatenations have 6, flattened
constexpr size_t kMaxAttributes = 32;         // of a node; a convolution has 6
constexpr size_t kMaxNumbers = 16;            // in a list: dimensions, paddings, axes

using Type = ProtoField::Type;

// One number, or a packed list of them.
bool ReadNumbers(const ProtoField& field, std::vector<int64_t>* numbers) {
  if (field.type == Type::kVarint) numbers->push_back(static_cast<int64_t>(field.value));
  std::string_view rest = field.type == Type::kBytes ? field.bytes : std::string_view();
  uint64_t value = 0;
  while (!rest.empty() && numbers->size() <= kMaxNumbers) {
    if (!TakeVarint(&rest, &value)) return false;
    numbers->push_back(static_cast<int64_t>(value));
  }
  return numbers->size() <= kMaxNumbers;
}

bool ReadTensorFields(std::string_view bytes, OnnxTensor* tensor) {
  ProtoMessage message(bytes);
  ProtoField field;
  while (message.Next(&field)) {
    if (field.number == kTensorDims && !ReadNumbers(field, &tensor->dims)) return false;
    if (field.number == kTensorType && field.type == Type::kVarint) tensor->type = field.value;
    if (field.number == kTensorName) tensor->name = field.bytes;
    if (field.number == kTensorFloats && field.type == Type::kBytes) tensor->floats = field.bytes;
    if (field.number == kTensorIntegers && field.type == Type::kBytes) tensor->integers = field.bytes;
    if (field.number == kTensorHalves && field.type == Type::kBytes) tensor->halves = field.bytes;
    if (field.number == kTensorRaw) tensor->raw = field.bytes;
    if (field.number == kTensorExternal) tensor->elsewhere = true;
    if (field.number == kTensorLocation && field.value != 0) tensor->elsewhere = true;
  }
  return message.ok();
}

bool ReadAttribute(std::string_view bytes, OnnxNode* node) {
  ProtoMessage message(bytes);
  ProtoField field;
  std::string_view name;
  while (message.Next(&field)) {
    if (field.number == kAttributeName) name = field.bytes;
  }
  node->attributes.emplace_back(name, bytes);
  return message.ok() && node->attributes.size() <= kMaxAttributes;
}

bool ReadNode(std::string_view bytes, OnnxNode* node) {
  ProtoMessage message(bytes);
  ProtoField field;
  while (message.Next(&field)) {
    if (field.number == kNodeInput && node->inputs.size() < kMaxInputs) node->inputs.push_back(field.bytes);
    if (field.number == kNodeOutput && node->output.empty()) node->output = field.bytes;
    if (field.number == kNodeOp) node->op = field.bytes;
    if (field.number == kNodeAttribute && !ReadAttribute(field.bytes, node)) return false;
  }
  return message.ok();
}

// The last field of that number in the attribute, as protobuf has it; false if there is none.
bool FindField(const OnnxNode& node, std::string_view name, uint32_t number, Type type, ProtoField* found) {
  const auto attribute = std::ranges::find(node.attributes, name, [](const auto& entry) { return entry.first; });
  if (attribute == node.attributes.end()) return false;
  ProtoMessage message(attribute->second);
  ProtoField field;
  bool any = false;
  while (message.Next(&field)) {
    if (field.number != number || field.type != type) continue;
    *found = field;
    any = true;
  }
  return any;
}

std::optional<DType> FloatType(uint64_t type) {
  if (type == kOnnxFloat) return DType::kF32;
  if (type == kOnnxHalf) return DType::kF16;
  if (type == kOnnxBfloat16) return DType::kBF16;
  return {};
}

// Of numbers of 16 bits that are written as varints: their bytes, at most two more than max_bytes; up to where they
// end.
std::string UnpackHalves(std::string_view varints, uint64_t max_bytes) {
  std::string bytes;
  uint64_t value = 0;
  while (bytes.size() <= max_bytes && TakeVarint(&varints, &value) && value <= 0xFFFF) {
    const auto bits = static_cast<uint16_t>(value);
    bytes.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
  }
  return bytes;
}

void CheckCount(const OnnxFile& file, std::string_view where) {
  if (file.initializers.size() > kMaxInitializers) {
    FailOnnx(where, fmt::format("it has more than {} initializers", kMaxInitializers));
  }
}

void AddInitializer(std::string_view bytes, std::string_view name, OnnxFile* file, std::string_view where) {
  OnnxTensor tensor;
  if (!ReadTensorFields(bytes, &tensor)) FailOnnx(where, "an initializer cannot be taken apart");
  if (!name.empty()) tensor.name = name;
  if (!IsValidUtf8(tensor.name)) FailOnnx(where, "the name " + Printable(tensor.name) + " is not UTF-8");
  if (tensor.elsewhere) {
    Fail(ErrorKind::kModel, "{}: keeps {} in another file, which is not opened; save the model as one file", where,
         Printable(tensor.name));
  }
  if (!file->initializers.emplace(tensor.name, tensor).second) {
    FailOnnx(where, "it has two initializers named " + Printable(tensor.name));
  }
  CheckCount(*file, where);
}

void AddNode(std::string_view bytes, OnnxFile* file, std::string_view where) {
  file->nodes.emplace_back();
  OnnxNode& node = file->nodes.back();
  if (file->nodes.size() > kMaxOnnxNodes || !ReadNode(bytes, &node)) {
    FailOnnx(where, fmt::format("node {} cannot be taken apart", file->nodes.size() - 1));
  }
  ProtoField value;
  if (node.op == "Constant" && FindField(node, "value", kAttributeTensor, Type::kBytes, &value)) {
    AddInitializer(value.bytes, node.output, file, where);
  }
}

// PyTorch writes equal weights once and gives them their other names with Identity.
void AddTwins(OnnxFile* file, std::string_view where) {
  for (const OnnxNode& node : file->nodes) {
    if (node.op != "Identity" || node.inputs.empty()) continue;
    const auto found = file->initializers.find(node.inputs[0]);
    if (found != file->initializers.end()) file->initializers.emplace(node.output, found->second);
    CheckCount(*file, where);
  }
}

void AddInput(std::string_view bytes, OnnxFile* file) {
  ProtoMessage message(bytes);
  std::string_view name;
  if (message.NextBytes(kValueName, &name) && file->inputs.size() < kMaxInitializers) file->inputs.push_back(name);
}

}  // namespace

int64_t OnnxNode::Int(std::string_view name, int64_t otherwise) const {
  ProtoField field;
  return FindField(*this, name, kAttributeInt, Type::kVarint, &field) ? static_cast<int64_t>(field.value) : otherwise;
}

float OnnxNode::Float(std::string_view name, float otherwise) const {
  ProtoField field;
  if (FindField(*this, name, kAttributeFloat, Type::kFixed32, &field)) {
    std::memcpy(&otherwise, field.bytes.data(), sizeof(otherwise));
  }
  return otherwise;
}

std::vector<int64_t> OnnxNode::Ints(std::string_view name) const {
  std::vector<int64_t> numbers;
  const auto attribute = std::ranges::find(attributes, name, [](const auto& entry) { return entry.first; });
  if (attribute == attributes.end()) return numbers;
  ProtoMessage message(attribute->second);
  ProtoField field;
  while (message.Next(&field)) {
    if (field.number == kAttributeInts && !ReadNumbers(field, &numbers)) return {};
  }
  return numbers;
}

std::string_view OnnxNode::Text(std::string_view name) const {
  ProtoField field;
  return FindField(*this, name, kAttributeText, Type::kBytes, &field) ? field.bytes : std::string_view();
}

OnnxFile ParseOnnx(std::string_view bytes, std::string_view where) {
  ProtoMessage model(bytes);
  std::string_view graph;
  if (!model.NextBytes(kModelGraph, &graph)) FailOnnx(where, "it has no graph");
  OnnxFile file;
  ProtoMessage message(graph);
  ProtoField field;
  while (message.Next(&field)) {
    if (field.number == kGraphInitializer) AddInitializer(field.bytes, "", &file, where);
    if (field.number == kGraphInput) AddInput(field.bytes, &file);
    if (field.number == kGraphNode) AddNode(field.bytes, &file, where);
  }
  while (model.Next(&field)) {
  }
  if (!message.ok() || !model.ok()) FailOnnx(where, "it ends in the middle");
  AddTwins(&file, where);
  return file;
}

Tensor ReadOnnxTensor(std::string_view name, const OnnxTensor& fields, uint64_t max_bytes, std::string_view where) {
  const Shape shape(fields.dims);
  const std::string what = "initializer " + Printable(name);
  const std::optional<DType> type = FloatType(fields.type);
  if (!type) FailOnnx(where, what + " is neither fp32 nor fp16 nor bfloat16");
  if (!FitsIn(shape, sizeof(float), max_bytes)) {
    FailOnnx(where, fmt::format("{} has the shape {}, which is beyond reason", what, shape.ToString()));
  }
  const uint64_t bytes = static_cast<uint64_t>(shape.num_elements()) * SizeOf(*type);
  const std::string unpacked = fields.raw.empty() && *type != DType::kF32 ? UnpackHalves(fields.halves, bytes) : "";
  const std::string_view data = !fields.raw.empty() ? fields.raw : *type == DType::kF32 ? fields.floats : unpacked;
  if (data.size() != bytes) {
    FailOnnx(where, fmt::format("{} of shape {} has {} bytes of data", what, shape.ToString(), data.size()));
  }
  Tensor tensor(shape, *type);
  if (bytes != 0) std::memcpy(tensor.bytes().data(), data.data(), bytes);
  return Widened(std::move(tensor));
}

std::vector<int64_t> ReadOnnxIntegers(const OnnxTensor& tensor) {
  if (tensor.type != kOnnxInt64) return {};
  std::vector<int64_t> numbers;
  if (tensor.raw.empty()) {
    ProtoField packed;
    packed.type = Type::kBytes;
    packed.bytes = tensor.integers;
    return ReadNumbers(packed, &numbers) ? numbers : std::vector<int64_t>();
  }
  if (tensor.raw.size() > kMaxNumbers * sizeof(int64_t)) return {};
  numbers.resize(tensor.raw.size() / sizeof(int64_t));
  if (!numbers.empty()) std::memcpy(numbers.data(), tensor.raw.data(), numbers.size() * sizeof(int64_t));
  return numbers;
}

void FailOnnx(std::string_view where, const std::string& reason) {
  Fail(ErrorKind::kModel, "{}: is not a valid ONNX model: {}; it is damaged, cut off or of another kind", where,
       reason);
}

}  // namespace siskin
