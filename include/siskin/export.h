// Writing a model as a file of another program: for ONNX Runtime, Keras, TensorFlow.js, or to be linked into a program
// in C. docs/export.md describes what each file holds. In libsiskin (siskin::siskin), not in the core.
//
//   const siskin::Exported web = siskin::Export("pets.safetensors", "tfjs", "web/pets");
//   for (const siskin::ExportedFile& file : web.files) std::cout << file.path << ": " << file.bytes << " bytes\n";
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "siskin/api.h"
#include "siskin/error.h"

namespace siskin {

struct ExportTarget {
  std::string_view name;    // "onnx"
  std::string_view ending;  // of the file to open first: ".onnx"; empty: it stands in a folder
  std::string_view writes;  // what, and for whom, in a few words
  bool is_folder() const { return ending.empty(); }
};

SISKIN_API std::span<const ExportTarget> ExportTargets();
// By its name, or with "auto" by the ending of `out`. kUsage naming the known ones.
SISKIN_API const ExportTarget& FindExportTarget(std::string_view name, const std::filesystem::path& out);

struct ExportedFile {
  std::filesystem::path path;
  uint64_t bytes = 0;
};

struct Exported {
  std::vector<ExportedFile> files;  // what was written, the file to open first
  // The lines of a program (of Python, JavaScript, C, by the target) that asks the exported model about "photo.jpg":
  // run as they stand they give the scores that Classifier gives. Ends with a newline.
  std::string usage;
};

// model: a model file; or the name of a network, as it was published, with ImageNet's classes.
// target: the name of one, or "auto" for the one that the ending of `out` tells.
// out: the file, or folder, to write; with "c" two files appear beside it. Each appears when it is whole; what was
// there under its name is replaced. Errors: kUsage (no such target, or `out` would replace `model`, or is no name that
// the target can have), kModel (not a model of siskin; the weights of the network have not been pulled), kIo (no such
// model, cannot be written, disk full).
SISKIN_API Exported Export(const std::string& model, std::string_view target, const std::filesystem::path& out);

}  // namespace siskin
