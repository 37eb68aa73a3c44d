#include "cli/output_guard.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "cli/output.h"
#include "data/inputs.h"
#include "images/decode.h"
#include "weights/store/store.h"

namespace siskin::cli {
namespace {

namespace fs = std::filesystem;

// Two names of one file have the same, however they are spelled.
using FileId = std::pair<uint64_t, uint64_t>;

// {0, 0}, which no file has, if there is none.
FileId IdOf(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return {0, 0};
  return {info.st_dev, info.st_ino};
}

bool IsFolder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool IsRegularFile(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool IsPhoto(const fs::path& file) {
  std::string head;
  return IsRegularFile(file) && ReadBeginning(file, &head) && *ProbeImage(head).format != '\0';
}

// Whether `inner` is `folder` or lies below it.
bool IsWithin(const fs::path& inner, const fs::path& folder) {
  std::error_code ignored;
  fs::path at = fs::weakly_canonical(inner, ignored);
  for (; at.has_relative_path(); at = at.parent_path()) {
    if (SameFile(at, folder)) return true;
  }
  return SameFile(at, folder);
}

bool HoldsPhotos(const fs::path& folder) {
  std::error_code ignored;
  const auto is_photo = [](const fs::directory_entry& entry) { return IsPhoto(entry.path()); };
  return std::ranges::any_of(fs::directory_iterator(folder, ignored), fs::directory_iterator(), is_photo);
}

// Weights that networks of this run may be made of.
bool IsInWeightStore(const fs::path& file, const std::string& head) {
  if (head.find("siskin-weights-1") == std::string::npos) return false;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  return SameFile(folder, WeightStore::DefaultFolder());
}

// "-o" of "-o,--output".
std::string ShortName(const std::string& names) {
  return names.substr(0, names.find(','));
}

[[noreturn]] void FailInput(const fs::path& output, const std::string& option, const fs::path& input) {
  const std::string also = output == input ? "" : fmt::format(" (as {})", Printable(input.native()));
  Fail(ErrorKind::kUsage, "{}: this run reads it{}, and {} would replace it; give {} another name",
       Printable(output.native()), also, option, option);
}

}  // namespace

OutputGuard::OutputGuard(const OptionTable& options) : force_(options.force) {
  for (const OptionTable::Entry* entry : options.Chosen()) {
    if (entry->value.use == TextValue::Use::kWrites) AddOutputs(*entry);
    if (entry->value.use != TextValue::Use::kReads) continue;
    for (const std::string& value : entry->value.values()) {
      inputs_.push_back({ShortName(entry->name), value == "-" ? "/dev/stdin" : value});  // a list may come from a file
    }
  }
  CheckTwice();
  for (const OptionTable::Entry* entry : options.Chosen()) {
    if (entry->value.type == &kRunFolder) CheckRunFolder(*entry->value.text);
  }
  for (const Input& input : inputs_) {
    std::vector<fs::path> files = {input.path};
    // Only an output that is there already can be one of the photos: else a large folder is not listed twice.
    if (AnyOutputExists() && IsFolder(input.path)) files = PhotosBelow(input.path);
    CheckInputs(files);
  }
  for (const Output& output : outputs_) CheckKind(output);
}

void OutputGuard::AddOutputs(const OptionTable::Entry& entry) {
  const std::string& name = *entry.value.text;
  const std::string option = ShortName(entry.name);
  const FileType& type = *entry.value.type;
  if (name.empty()) return;
  if (name == "-") {
    if (type.is_text) return;
    Fail(ErrorKind::kUsage, "{} -: {} cannot go to standard output; name a file or folder (./- for one of that name)",
         option, type.name);
  }
  if (type.is_text && IsStandardOutput(name)) return;
  if (!entry.value.plan) {
    outputs_.push_back({option, {name, &type}});
    return;
  }
  for (PlannedFile& file : entry.value.plan(name)) outputs_.push_back({option, std::move(file)});
}

void OutputGuard::CheckTwice() const {
  std::map<fs::path, const Output*> names;
  for (const Output& output : outputs_) {
    std::error_code ignored;
    const fs::path& path = output.file.path;
    if (fs::exists(path, ignored) && !IsRegularFile(path)) continue;  // a folder, or /dev/null, which takes both
    const auto [other, is_new] = names.emplace(fs::weakly_canonical(path, ignored), &output);
    if (is_new) continue;
    Fail(ErrorKind::kUsage, "{}: both {} and {} would write it; give one of them another name",
         Printable(path.native()), other->second->option, output.option);
  }
}

void OutputGuard::CheckRunFolder(const fs::path& folder) const {
  for (const Input& input : inputs_) {
    if (!IsFolder(input.path) || !IsWithin(folder, input.path)) continue;
    if (!SameFile(folder, input.path) && !HoldsPhotos(folder)) continue;
    Fail(ErrorKind::kUsage,
         "{}: holds the photos ({}); the logs and features of a run would lie among them, give another --run-dir",
         Printable(folder.native()), input.option);
  }
}

void OutputGuard::CheckKind(const Output& output) const {
  const fs::path& path = output.file.path;
  if (!IsRegularFile(path)) return;  // nothing is there, or writing it says what is wrong
  std::string head;
  const bool readable = ReadBeginning(path, &head);
  if (IsInWeightStore(path, head)) {
    Fail(ErrorKind::kUsage,
         "{}: is one of the weights that `siskin weights` keeps, and {} would replace it; give {} "
         "another name",
         Printable(path.native()), output.option, output.option);
  }
  if (force_ || (readable && MayBeReplacedBy(*output.file.type, head))) return;
  const std::string found = readable ? DescribeFile(head) : "a file that cannot be read";
  const char* cause =
      found.ends_with("photo") ? " (a pattern like *.jpg after an option gives it the first photo)" : "";
  Fail(ErrorKind::kUsage, "{}: is {}, and {} would replace it with {}{}; give {} another name, or add --force",
       Printable(path.native()), found, output.option, output.file.type->name, cause, output.option);
}

bool OutputGuard::AnyOutputExists() const {
  return std::ranges::any_of(outputs_, [](const Output& output) { return IsRegularFile(output.file.path); });
}

void OutputGuard::CheckInputs(std::span<const fs::path> inputs) const {
  std::map<FileId, const Output*> there;
  for (const Output& output : outputs_) {
    if (IsRegularFile(output.file.path)) there.emplace(IdOf(output.file.path), &output);
  }
  if (there.empty()) return;
  for (const fs::path& input : inputs) {
    if (const auto found = there.find(IdOf(input)); found != there.end()) {
      FailInput(found->second->file.path, found->second->option, input);
    }
  }
}

void OutputGuard::CheckOutput(const fs::path& output) const {
  for (const Input& input : inputs_) {
    if (!SameFile(output, input.path)) continue;
    Fail(ErrorKind::kUsage, "{}: this run reads it and would replace it; it is in its place already",
         Printable(output.native()));
  }
}

}  // namespace siskin::cli
