#include "weights/onnx/onnx.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "weights/file/protobuf.h"
#include "weights/match/channels_first.h"
#include "weights/onnx/onnx_file.h"

namespace siskin {
namespace {

constexpr uint64_t kMaxOnnxBytes = uint64_t{1} << 30;
constexpr std::string_view kHeadPrefix = "head_";  // layers that Siskin puts on top of a network
constexpr std::string_view kOnes = "ones";         // a gamma that our network does not have, in Siskin's own export

// Follows the nodes and takes the weights that they use.
class LayerReader {
 public:
  LayerReader(const OnnxFile& file, std::string_view where) : file_(file), where_(where) {}

  FileContents Read() {
    for (const OnnxNode& node : file_.nodes) {
      if (node.op == "Conv") Add(node, 1, 2, true);
      if (node.op == "Gemm") Add(node, 1, 2, node.Int("transB", 0) != 0);
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
  // The layer of inputs first .. last of the node, as far as they are weights. Nodes whose weights have the same scope
  // are one layer (a separable convolution).
  void Add(const OnnxNode& node, size_t first, size_t last, bool channels_first) {
    for (size_t i = first; i <= last && i < node.inputs.size(); ++i) {
      const std::string name(node.inputs[i]);
      const auto found = file_.initializers.find(name);
      if (found == file_.initializers.end() || contents_.tensors.contains(name)) continue;
      Tensor tensor = ReadOnnxTensor(name, found->second, bytes_left_, where_);
      bytes_left_ -= tensor.num_bytes();
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

  const OnnxFile& file_;
  std::string_view where_;
  uint64_t bytes_left_ = kMaxOnnxBytes;
  std::map<std::string, size_t> index_;  // layer -> place in whole_
  FileModel whole_;
  FileContents contents_;
};

}  // namespace

FileContents ReadOnnx(std::string_view bytes, std::string_view where) {
  const OnnxFile file = ParseOnnx(bytes, where);
  return LayerReader(file, where).Read();
}

}  // namespace siskin
