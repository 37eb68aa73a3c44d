#include "weights/file/file_kind.h"

#include <algorithm>
#include <iterator>
#include <system_error>

#include "weights/file/signatures.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

struct Magic {
  size_t offset;
  std::string_view bytes;
  FileKind kind;
};
constexpr Magic kMagics[] = {
    {0, "\x89HDF\r\n\x1a\n"sv, FileKind::kHdf5},
    {4, "TFL3"sv, FileKind::kTflite},
    {0, "\xFF\xD8\xFF"sv, FileKind::kPhoto},
    {0, "\x89PNG"sv, FileKind::kPhoto},
    {8, "WEBP"sv, FileKind::kPhoto},
    {0, "GIF8"sv, FileKind::kPhoto},
    {4, "ftyphei"sv, FileKind::kPhoto},
    {0, "\x80\x02"sv, FileKind::kPickle},
    {0, "\x80\x03"sv, FileKind::kPickle},
    {0, "\x80\x04"sv, FileKind::kPickle},
    {0, "\x80\x05"sv, FileKind::kPickle},
    {0, "/* A classifier of "sv, FileKind::kCHeader},
};

// Members of an archive stand at its begin, each before its bytes, and again at its end: Keras' three are found there,
// PyTorch writes data.pkl first.
FileKind KindOfArchive(std::string_view bytes) {
  constexpr size_t kEnds = 4096;
  const std::string_view begin = bytes.substr(0, kEnds),
                         end = bytes.substr(bytes.size() - std::min(bytes.size(), kEnds));
  const auto has = [&](std::string_view member) {
    return begin.find(member) != std::string_view::npos || end.find(member) != std::string_view::npos;
  };
  if (has("model.weights.h5")) return FileKind::kKeras;
  return has("/data.pkl") ? FileKind::kTorch : FileKind::kArchive;
}

bool IsText(std::string_view bytes) {
  constexpr size_t kLooked = 512;
  return std::ranges::all_of(bytes.substr(0, kLooked), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 || byte == '\n' || byte == '\r' || byte == '\t';
  });
}

FileKind KindOfText(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return FileKind::kText;
  return text[start] == '{' || text[start] == '[' ? FileKind::kJson : FileKind::kText;
}

}  // namespace

FileKind KindOfFile(std::string_view bytes) {
  if (bytes.empty()) return FileKind::kEmpty;
  for (const Magic& magic : kMagics) {
    if (bytes.size() > magic.offset && bytes.substr(magic.offset).starts_with(magic.bytes)) return magic.kind;
  }
  if (bytes.starts_with("PK\x03\x04")) return KindOfArchive(bytes);
  if (LooksLikeTfjs(bytes)) return FileKind::kTfjs;
  if (bytes.size() > 8 && bytes[8] == '{' && !IsText(bytes)) return FileKind::kSafetensors;
  if (LooksLikeGraphDef(bytes)) return FileKind::kGraphDef;
  if (LooksLikeOnnx(bytes)) return FileKind::kOnnx;
  return IsText(bytes) ? KindOfText(bytes) : FileKind::kUnknown;
}

std::string_view Describe(FileKind kind) {
  switch (kind) {
    case FileKind::kUnknown:
      return "a file that Siskin does not know";
    case FileKind::kEmpty:
      return "an empty file";
    case FileKind::kSafetensors:
      return "a safetensors file";
    case FileKind::kOnnx:
      return "an ONNX model";
    case FileKind::kKeras:
      return "a Keras model (.keras)";
    case FileKind::kHdf5:
      return "an HDF5 file, such as Keras' .h5";
    case FileKind::kTfjs:
      return "a TensorFlow.js model (model.json)";
    case FileKind::kGraphDef:
      return "a TensorFlow graph (.pb)";
    case FileKind::kTflite:
      return "a TensorFlow Lite model";
    case FileKind::kTorch:
      return "a PyTorch checkpoint";
    case FileKind::kPickle:
      return "a Python pickle, such as a PyTorch checkpoint";
    case FileKind::kCHeader:
      return "the C header of an exported model";
    case FileKind::kPhoto:
      return "a photo";
    case FileKind::kArchive:
      return "a ZIP archive";
    case FileKind::kJson:
      return "a JSON file";
    case FileKind::kText:
      return "a text file";
  }
  return "?";
}

std::string DescribeFolder(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / "model.json", error)) return "the folder of a TensorFlow.js model (model.json)";
  if (fs::exists(folder / "saved_model.pb", error)) return "the folder of a TensorFlow SavedModel";
  return "a folder";
}

bool HoldsWeights(FileKind kind) {
  constexpr FileKind kKinds[] = {FileKind::kSafetensors, FileKind::kOnnx, FileKind::kKeras,
                                 FileKind::kHdf5,        FileKind::kTfjs, FileKind::kGraphDef};
  return std::ranges::find(kKinds, kind) != std::end(kKinds);
}

}  // namespace siskin
