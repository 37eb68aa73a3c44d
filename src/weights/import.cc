#include "weights/import.h"

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "tensor/half.h"
#include "weights/file/file_kind.h"
#include "weights/file/safetensors.h"
#include "weights/file/signatures.h"
#include "weights/keras/hdf5.h"
#include "weights/keras/keras.h"
#include "weights/match/match.h"
#include "weights/match/torch.h"
#include "weights/match/wrappers.h"
#include "weights/onnx/onnx.h"
#include "weights/onnx/onnx_structure.h"
#include "weights/store/archive.h"
#include "weights/tensorflow/files_beside.h"
#include "weights/tensorflow/graphdef.h"
#include "weights/tensorflow/tfjs.h"

namespace siskin {
namespace {

// Of the members of a .keras archive. InceptionResNetV2 takes 225 MB and 0.5 MB.
constexpr size_t kMaxWeightsBytes = size_t{1} << 30, kMaxConfigBytes = size_t{16} << 20;
constexpr std::string_view kZipMagic = "PK\x03\x04";
constexpr std::string_view kHdf5Magic = "\x89HDF\r\n\x1a\n";
constexpr char kConfigMember[] = "config.json", kWeightsMember[] = "model.weights.h5";

// The note of ImportWeights, from what siskin-import says of its sandbox.
std::string SandboxNote(const std::map<std::string, std::string>& metadata) {
  const auto sandbox = metadata.find("sandbox");
  if (sandbox == metadata.end() || sandbox->second.find("without") == std::string::npos) return "";
  return "HDF5 was read in a weaker sandbox than intended: " + Printable(sandbox->second);
}

FileContents FromHdf5(std::string_view bytes, const Json* config, std::string_view where, std::string* note) {
  SafetensorsFile file = ReadHdf5InSandbox(bytes, where);
  *note = SandboxNote(file.metadata);
  std::vector<FileModel> models = ModelsInHdf5(file, config, where);
  return {std::move(file.tensors), std::move(models)};
}

FileContents FromKerasArchive(std::string_view bytes, std::string_view where, std::string* note) {
  const auto read = [&](const std::string& member, size_t max_bytes) {
    return std::move(ReadArchive(bytes, {&member, 1}, max_bytes, where).at(member));
  };
  const Json config = ParseJson(read(kConfigMember, kMaxConfigBytes), fmt::format("{}: {}", where, kConfigMember));
  return FromHdf5(read(kWeightsMember, kMaxWeightsBytes), &config, where, note);
}

FileContents FromGraph(std::string_view bytes, std::string_view where) {
  TensorMap constants = ReadGraphConstants(bytes, where);
  std::vector<FileModel> models = ModelsInGraph(constants);
  if (models.empty()) {
    Fail(ErrorKind::kModel, "{}: is a TensorFlow graph, but none of a network that Siskin knows (MobileNet v1)", where);
  }
  return {std::move(constants), std::move(models)};
}

FileContents FromTfjs(std::string_view bytes, const ReadBeside& beside, std::string_view where) {
  const auto none = [&](const std::string& name, uint64_t) -> std::string {
    Fail(ErrorKind::kModel, "{}: needs the file {} beside it", where, Printable(name));
  };
  return ReadTfjs(bytes, beside ? beside : none, where);
}

// By the names of the layers where they are left, else by what the graph computes.
TensorMap FromOnnx(std::string_view bytes, std::string_view where, const NetworkLayout& layout,
                   const ImportOptions& options, std::string* note) {
  FileContents contents = ReadOnnx(bytes, where);
  if (!options.build || HasModel(contents, layout, options.inner, where)) {
    return TakeModel(std::move(contents), layout, options.inner, where, note);
  }
  contents = {};  // as large as the network
  return TakeByStructure(bytes, where, options.build, note);
}

// Those whose names begin with `prefix`, under what follows it.
TensorMap Below(const std::string& prefix, TensorMap tensors) {
  if (prefix.empty()) return tensors;
  TensorMap below;
  for (auto& [name, tensor] : tensors) {
    if (name.starts_with(prefix)) below.emplace(name.substr(prefix.size()), std::move(tensor));
  }
  return below;
}

// The prefix that a wrapper put before our names; empty: there is none.
std::string WrapperPrefix(const TensorMap& tensors, const NetworkLayout& layout) {
  const std::vector<std::string> expected = ParameterNames(layout);
  const auto fits = [&](const std::string& prefix) {
    return std::ranges::all_of(expected, [&](const std::string& name) { return tensors.contains(prefix + name); });
  };
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  for (const std::string& prefix : SharedPrefixes(names)) {
    if (fits(prefix)) return prefix;
  }
  return "";
}

// Our own names, which need no matching; with `inner`, those in that scope.
TensorMap OwnTensors(TensorMap tensors, const std::string& inner, const NetworkLayout& layout) {
  const std::string prefix = inner.empty() ? WrapperPrefix(tensors, layout) : inner + "/";
  return Below(prefix, std::move(tensors));
}

TensorMap FromSafetensors(std::string_view bytes, std::string_view where, const NetworkLayout& layout,
                          const std::string& inner, std::string* note) {
  TensorMap tensors = ParseSafetensors(bytes, where).tensors;
  for (auto& [name, tensor] : tensors) tensor = Widened(std::move(tensor));
  if (!LooksLikeTorch(tensors)) return OwnTensors(std::move(tensors), inner, layout);
  return TakeModel(FromTorch(std::move(tensors), where), layout, inner, where, note);
}

bool LooksLikeSafetensors(std::string_view bytes) {
  return bytes.size() > 8 && bytes[8] == '{';
}

[[noreturn]] void FailUnreadable(FileKind kind, std::string_view where) {
  if (kind == FileKind::kTorch || kind == FileKind::kPickle) {
    Fail(ErrorKind::kModel, "{}: is {}: {}", where, Describe(kind), kTorchRemedy);
  }
  Fail(ErrorKind::kModel,
       "{}: is no weights file that Siskin can read, but {}; it reads safetensors, Keras .keras, .weights.h5 and .h5, "
       "TensorFlow.js model.json, frozen TensorFlow graphs (.pb) and ONNX",
       where, Describe(kind));
}

FileContents ReadForeign(std::string_view bytes, std::string_view where, const ImportOptions& options,
                         std::string* note) {
  if (KindOfFile(bytes) == FileKind::kTorch) FailUnreadable(FileKind::kTorch, where);
  if (bytes.starts_with(kZipMagic)) return FromKerasArchive(bytes, where, note);
  if (bytes.starts_with(kHdf5Magic)) return FromHdf5(bytes, nullptr, where, note);
  if (LooksLikeTfjs(bytes)) return FromTfjs(bytes, options.beside, where);
  if (LooksLikeGraphDef(bytes)) return FromGraph(bytes, where);
  FailUnreadable(KindOfFile(bytes), where);
}

void RequireNoFolder(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_directory(file, error)) return;
  Fail(ErrorKind::kModel, "{}: is {}; give the file itself", Printable(file.native()), DescribeFolder(file));
}

TensorMap TakeTensors(std::string_view bytes, std::string_view where, const NetworkLayout& layout,
                      const ImportOptions& options, std::string* note) {
  if (LooksLikeSafetensors(bytes)) return FromSafetensors(bytes, where, layout, options.inner, note);
  if (!LooksLikeGraphDef(bytes) && LooksLikeOnnx(bytes)) return FromOnnx(bytes, where, layout, options, note);
  return TakeModel(ReadForeign(bytes, where, options, note), layout, options.inner, where, note);
}

}  // namespace

TensorMap ImportWeightsFromBytes(std::string_view bytes, std::string_view where, const NetworkLayout& layout,
                                 const ImportOptions& options, std::string* note) {
  std::string ignored;
  if (note == nullptr) note = &ignored;
  note->clear();
  TensorMap tensors = TakeTensors(bytes, where, layout, options, note);
  CheckWeights(tensors, layout, where);
  return tensors;
}

TensorMap ImportWeights(const std::filesystem::path& file, const NetworkLayout& layout, const ImportOptions& options,
                        std::string* note) {
  RequireNoFolder(file);
  const MappedFile map(file);
  ImportOptions with_files = options;
  with_files.beside = FilesBeside(file);
  return ImportWeightsFromBytes(map.text(), Printable(file.native()), layout, with_files, note);
}

}  // namespace siskin
