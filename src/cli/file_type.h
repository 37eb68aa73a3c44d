// What the program writes: each kind of file by name and by how it begins, so that one of the same kind can be told
// from somebody else's.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace siskin::cli {

struct FileType {
  // Bytes that stand at a place in every file of this type.
  struct Mark {
    size_t offset;
    std::string_view bytes;
  };

  const char* name;           // "answers for photos"
  bool is_text;               // may go to a terminal or into a pipe
  bool has_text_format;       // one of its formats is lines for a person, which have no beginning in common
  std::vector<Mark> marks{};  // of its formats; none: another rule than the beginning tells (see PlannedFile)
};

// Results, in all formats of `--format`.
extern const FileType kAnswers, kMetrics, kComparison, kPhotoCheck, kCard, kNetworkTable;
// Of one format each.
extern const FileType kPhotoAnswers, kReport, kDiagram, kPreview, kModel, kFeatures, kFeatureList;
extern const FileType kOnnx, kKeras, kTfjsIndex, kTfjsShard, kHeader, kAssembler;
// Folders; and files of a run folder: the first may replace nothing, the second anything.
extern const FileType kRunFolder, kPhotoFolder, kFolder, kRunFile, kOwnRunFile;

// A file that a run is going to write.
struct PlannedFile {
  std::filesystem::path path;
  const FileType* type = nullptr;
};

// The first bytes of a regular file, as many as tell what it is. False if it cannot be read.
bool ReadBeginning(const std::filesystem::path& file, std::string* head);

// Whether a file that begins so may be replaced by one of `type`: it is empty, or of the same type.
bool MayBeReplacedBy(const FileType& type, std::string_view head);

// "a JPEG photo", "a model file", "a CSV file (path,class)", "text", ...
std::string DescribeFile(std::string_view head);

}  // namespace siskin::cli
