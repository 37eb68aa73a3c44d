// What a file is that somebody gave for another one: an export, a checkpoint, a photo. By its first bytes, and only
// well enough to be named in a message; a reader decides for itself what it reads.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace siskin {

enum class FileKind {
  kUnknown,
  kEmpty,
  kSafetensors,
  kOnnx,
  kKeras,     // .keras, an archive
  kHdf5,      // .h5
  kTfjs,      // model.json
  kGraphDef,  // a frozen graph (.pb)
  kTflite,
  kTorch,    // .pt, .pth: an archive with a pickle in it
  kPickle,   // of older versions of PyTorch, and everything else in Python
  kCHeader,  // written by `siskin export`
  kPhoto,
  kArchive,
  kJson,
  kText,
};

FileKind KindOfFile(std::string_view bytes);

// "an ONNX model": after "is" in a sentence. Of kUnknown: "a file that Siskin does not know".
std::string_view Describe(FileKind kind);

// The same of a folder, with the file in it that may be meant: "a folder of a TensorFlow.js model (model.json)".
std::string DescribeFolder(const std::filesystem::path& folder);

// Whether `siskin train --weights` and `siskin weights import` read files of this kind.
bool HoldsWeights(FileKind kind);

// What to do with a file of PyTorch: a sentence without its period.
inline constexpr char kTorchRemedy[] =
    "it is a program, which Siskin does not run; save the weights in Python with "
    "safetensors.torch.save_file(model.state_dict(), \"weights.safetensors\")";

}  // namespace siskin
