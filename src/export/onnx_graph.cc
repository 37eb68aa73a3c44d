#include "export/onnx_graph.h"

#include "base/error.h"

namespace siskin {
namespace {

// Operator set 17 (2022) and the IR version it came with: what every runtime of the last years reads.
constexpr uint64_t kIrVersion = 8, kOpset = 17;

// Field numbers of onnx.proto, by message.
namespace model {
enum : uint32_t { kIr = 1, kProducer = 2, kProducerVersion = 3, kGraph = 7, kOpsetImport = 8, kMetadata = 14 };
}
namespace graph {
enum : uint32_t { kNode = 1, kName = 2, kInitializer = 5, kInput = 11, kOutput = 12 };
}
namespace node {
enum : uint32_t { kInput = 1, kOutput = 2, kName = 3, kOpType = 4, kAttribute = 5 };
}
namespace attribute {
enum : uint32_t { kName = 1, kFloat = 2, kInt = 3, kInts = 8, kType = 20 };
enum : uint64_t { kTypeFloat = 1, kTypeInt = 2, kTypeInts = 7 };
}  // namespace attribute
namespace tensor {
enum : uint32_t { kDims = 1, kDataType = 2, kName = 8, kRawData = 9 };
}
namespace value {
enum : uint32_t { kName = 1, kType = 2 };
enum : uint32_t { kTensorType = 1, kElementType = 1, kShape = 2, kDimension = 1, kSize = 1, kSymbol = 2 };
}  // namespace value

uint64_t DataType(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return 1;
    case DType::kU8:
      return 2;
    case DType::kI64:
      return 7;
    default:
      Fail(ErrorKind::kInternal, "ONNX export has no use for tensors of type {}", Name(dtype));
  }
}

// OperatorSetIdProto and StringStringEntryProto are both pairs of fields 1 and 2.
ProtobufWriter Opset() {
  ProtobufWriter opset;
  opset.Bytes(1, "");  // ONNX's own operators
  opset.Varint(2, kOpset);
  return opset;
}

ProtobufWriter Pair(const std::string& key, const std::string& text) {
  ProtobufWriter pair;
  pair.Bytes(1, key);
  pair.Bytes(2, text);
  return pair;
}

ProtobufWriter Attribute(const OnnxAttribute& source) {
  ProtobufWriter message;
  message.Bytes(attribute::kName, source.name);
  if (const auto* number = std::get_if<int64_t>(&source.value)) {
    message.Varint(attribute::kInt, static_cast<uint64_t>(*number));
    message.Varint(attribute::kType, attribute::kTypeInt);
  } else if (const auto* real = std::get_if<float>(&source.value)) {
    message.Float(attribute::kFloat, *real);
    message.Varint(attribute::kType, attribute::kTypeFloat);
  } else {
    for (const int64_t entry : std::get<std::vector<int64_t>>(source.value)) {
      message.Varint(attribute::kInts, static_cast<uint64_t>(entry));
    }
    message.Varint(attribute::kType, attribute::kTypeInts);
  }
  return message;
}

ProtobufWriter ValueInfo(const std::string& name, DType dtype, std::span<const int64_t> dims) {
  ProtobufWriter shape;
  for (const int64_t size : dims) {
    ProtobufWriter dimension;
    if (size < 0) {
      dimension.Bytes(value::kSymbol, "N");
    } else {
      dimension.Varint(value::kSize, static_cast<uint64_t>(size));
    }
    shape.Message(value::kDimension, std::move(dimension));
  }
  ProtobufWriter tensor_type, type, info;
  tensor_type.Varint(value::kElementType, DataType(dtype));
  tensor_type.Message(value::kShape, std::move(shape));
  type.Message(value::kTensorType, std::move(tensor_type));
  info.Bytes(value::kName, name);
  info.Message(value::kType, std::move(type));
  return info;
}

}  // namespace

std::string OnnxGraph::Node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
                            const std::vector<OnnxAttribute>& attributes) {
  ProtobufWriter message;
  for (const std::string& input : inputs) message.Bytes(node::kInput, input);
  message.Bytes(node::kOutput, output);
  message.Bytes(node::kName, output);
  message.Bytes(node::kOpType, op);
  for (const OnnxAttribute& entry : attributes) message.Message(node::kAttribute, Attribute(entry));
  graph_.Message(graph::kNode, std::move(message));
  return output;
}

std::string OnnxGraph::Constant(const std::string& name, const Tensor& source) {
  ProtobufWriter message;
  message.PackedVarints(tensor::kDims, source.shape().dims());
  message.Varint(tensor::kDataType, DataType(source.dtype()));
  message.Bytes(tensor::kName, name);
  const auto bytes = source.bytes();
  message.Bytes(tensor::kRawData, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  graph_.Message(graph::kInitializer, std::move(message));
  return name;
}

std::string OnnxGraph::Constant(const std::string& name, std::span<const float> values) {
  return Constant(name, Tensor::FromFloats({static_cast<int64_t>(values.size())}, values));
}

std::string OnnxGraph::Constant(const std::string& name, std::span<const int64_t> values) {
  Tensor numbers(Shape{static_cast<int64_t>(values.size())}, DType::kI64);
  std::copy(values.begin(), values.end(), numbers.values<int64_t>().begin());
  return Constant(name, numbers);
}

void OnnxGraph::Input(const std::string& name, DType dtype, std::span<const int64_t> dims) {
  graph_.Message(graph::kInput, ValueInfo(name, dtype, dims));
}

void OnnxGraph::Output(const std::string& name, DType dtype, std::span<const int64_t> dims) {
  graph_.Message(graph::kOutput, ValueInfo(name, dtype, dims));
}

ProtobufWriter OnnxGraph::TakeModel(const std::string& name, const std::string& producer_version) {
  graph_.Bytes(graph::kName, name);
  ProtobufWriter file;
  file.Varint(model::kIr, kIrVersion);
  file.Bytes(model::kProducer, "siskin");
  file.Bytes(model::kProducerVersion, producer_version);
  file.Message(model::kOpsetImport, Opset());
  for (const auto& [key, text] : metadata_) file.Message(model::kMetadata, Pair(key, text));
  file.Message(model::kGraph, std::exchange(graph_, {}));
  return file;
}

}  // namespace siskin
