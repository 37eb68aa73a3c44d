#include "cli/file_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>

#include "base/error.h"
#include "base/utf8.h"
#include "images/decode.h"

namespace siskin::cli {
namespace {

using namespace std::string_view_literals;

constexpr size_t kHeaderLengthBytes = 8;  // safetensors: before the JSON
constexpr size_t kPngHeaderBytes = 37;    // signature, IHDR, and the length of the next chunk
constexpr size_t kZipNameOffset = 30;     // of the first member

constexpr std::string_view kModelStart = R"({"__metadata__":{"format":"pt","siskin":)";
constexpr FileType::Mark kListHeader = {0, "path\n"};
constexpr std::string_view kJsonReport = "{\n  \"v\": 1,\n";

bool HasMark(std::string_view head, const FileType::Mark& mark) {
  return head.size() > mark.offset && head.substr(mark.offset).starts_with(mark.bytes);
}

std::string_view FirstLine(std::string_view text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

std::string_view SecondLine(std::string_view text) {
  text.remove_prefix(FirstLine(text).size());
  text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
  return FirstLine(text);
}

// The list of the features, or a line of several columns and one of as many below it. Without a second line it may be a
// sentence: its commas have a blank after them.
bool LooksLikeTable(std::string_view head) {
  if (HasMark(head, kListHeader)) return true;
  const std::string_view first = FirstLine(head), second = SecondLine(head);
  return std::ranges::any_of(",;\t"sv, [&](char separator) {
    const auto columns = std::ranges::count(first, separator);
    if (columns == 0) return false;
    return second.empty() ? first.find(std::string{separator, ' '}) == std::string_view::npos
                          : std::ranges::count(second, separator) == columns;
  });
}

bool IsText(std::string_view head) {
  if (head.find('\0') != std::string_view::npos) return false;
  constexpr size_t kLongestCharacter = 4;  // the beginning may end in the middle of one
  for (size_t cut = 0; cut < std::min(kLongestCharacter, head.size()); ++cut) {
    if (IsValidUtf8(head.substr(0, head.size() - cut))) return true;
  }
  return head.empty();
}

// What `siskin predict` says about a photo, whose name may look like anything.
bool LooksLikeAnswer(std::string_view head) {
  const std::string_view line = FirstLine(head);
  return line.ends_with(" %") || line.find("  error: ") != std::string_view::npos;
}

// Lines for a person: no table, no markup, no source code, nothing that a program might read.
bool IsPlainText(std::string_view head) {
  if (!IsText(head)) return false;
  if (LooksLikeAnswer(head)) return true;
  constexpr std::string_view kMarkup[] = {"<", "{", "[", "#", "//", "/*", "%", "---", "\"", ";", "import ", "from "};
  const auto begins = [&](std::string_view markup) { return head.starts_with(markup); };
  return std::ranges::none_of(kMarkup, begins) && !LooksLikeTable(head);
}

struct KnownFile {
  FileType::Mark mark;
  const char* name;
};

constexpr std::array kKnownFiles = {
    KnownFile{{kHeaderLengthBytes, kModelStart}, "a model file"},
    KnownFile{{kHeaderLengthBytes, R"({"__metadata__":{"format":"siskin-weights-1")"}, "weights of a network"},
    KnownFile{{kHeaderLengthBytes, R"({")"}, "a safetensors file"},
    KnownFile{{0, "\x93NUMPY"}, "a NumPy array"},
    KnownFile{{0, "\x89HDF\r\n\x1a\n"}, "an HDF5 file"},
    KnownFile{{kZipNameOffset, "metadata.json"}, "a Keras model"},
    KnownFile{{0, "PK\x03\x04"}, "a ZIP archive"},
    KnownFile{{0, "GIF8"}, "a GIF picture"},
    KnownFile{{4, "ftyp"}, "a HEIC or AVIF picture, or a video"},
    KnownFile{{0, "II*\0"sv}, "a TIFF or camera raw file"},
    KnownFile{{0, "MM\0*"sv}, "a TIFF or camera raw file"},
    KnownFile{{0, "%PDF"}, "a PDF"},
    KnownFile{{0, "<svg"}, "an SVG picture"},
    KnownFile{{0, "<?xml"}, "an XML file"},
    KnownFile{{0, "<!DOCTYPE"}, "a web page"},
    KnownFile{{0, "<!doctype"}, "a web page"},
    KnownFile{{0, "<html"}, "a web page"},
    KnownFile{{0, "{"}, "a JSON file"},
    KnownFile{{0, "["}, "a JSON file"},
    KnownFile{{0, "#!"}, "a program"},
};

}  // namespace

// The columns are those of docs/formats.md; tests/outputs_test.cc runs every verb twice in every format.
const FileType kAnswers = {
    "answers",
    true,
    true,
    {{0, "path,label,score,error"}, {0, "path,group,label,score,error"}, {0, R"({"v":1,"path":)"}}};
const FileType kMetrics = {"metrics", true, true, {{0, "class,photos,precision,"}, {0, kJsonReport}}};
const FileType kComparison = {
    "a comparison", true, true, {{0, "network,size,"}, {0, "path,class,a,a_score,"}, {0, kJsonReport}}};
const FileType kPhotoCheck = {"a report on photos", true, true, {{0, kJsonReport}}};
const FileType kCard = {"a description", true, true, {{0, kJsonReport}}};
const FileType kNetworkTable = {"a table of networks", true, true, {{0, kJsonReport}}};
const FileType kPhotoAnswers = {"the answer for every photo", true, false, {{0, "path,class,label,score,"}}};
const FileType kReport = {"a report",
                          true,
                          false,
                          {{0,
                            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                            "<meta http-equiv=\"Content-Security-Policy\""}}};
const FileType kDiagram = {"a diagram", true, false, {{0, R"(<svg xmlns="http://www.w3.org/2000/svg" width=")"}}};
const FileType kPreview = {"a preview", false, false, {{kPngHeaderBytes, "tEXtSoftware\0Siskin"sv}}};
const FileType kModel = {"a model", false, false, {{kHeaderLengthBytes, kModelStart}}};
const FileType kFeatures = {"a NumPy array", false, false, {{0, "\x93NUMPY"}}};
const FileType kFeatureList = {"the list of photos", true, false, {kListHeader}};
const FileType kOnnx = {"an ONNX model", false, false, {{2, "\x12\x06siskin"}}};
const FileType kKeras = {"a Keras model", false, false, {{kZipNameOffset, "metadata.json"}}};
const FileType kTfjsIndex = {
    "a TensorFlow.js model", false, false, {{0, R"({"format":"layers-model","generatedBy":"siskin )"}}};
const FileType kTfjsShard = {"weights of TensorFlow.js", false, false};
const FileType kHeader = {"a C header", false, false, {{0, "/* A classifier of "}}};
const FileType kAssembler = {"an assembler file", false, false, {{0, "/* The model file as "}}};
const FileType kRunFolder = {"a run folder", false, false};
const FileType kFolder = {"a folder", false, false};
const FileType kRunFile = {"a file of the run", false, false, {{SIZE_MAX, ""}}};
const FileType kOwnRunFile = {"a file of the run", false, false};
const FileType kPhotoFolder = {"a folder of pictures", false, false};

bool ReadBeginning(const std::filesystem::path& file, std::string* head) {
  constexpr size_t kEnough = 4096;
  std::ifstream in(file, std::ios::binary);
  head->resize(kEnough);
  in.read(head->data(), kEnough);
  head->resize(static_cast<size_t>(in.gcount()));
  return in.good() || in.eof();
}

bool MayBeReplacedBy(const FileType& type, std::string_view head) {
  if (head.empty() || type.marks.empty()) return true;
  if (std::ranges::any_of(type.marks, [&](const FileType::Mark& mark) { return HasMark(head, mark); })) return true;
  return type.has_text_format && IsPlainText(head);
}

std::string DescribeFile(std::string_view head) {
  if (HasMark(head, kPreview.marks[0])) return "a preview of augmentation";
  const DecodedImage image = ProbeImage(head);
  if (*image.format != '\0') return fmt::format("a {} photo", image.format);
  for (const KnownFile& known : kKnownFiles) {
    if (HasMark(head, known.mark)) return known.name;
  }
  if (!IsText(head)) return "a file of another kind";
  constexpr size_t kShown = 60;
  if (LooksLikeTable(head)) return fmt::format("a table ({})", Printable(FirstLine(head), kShown));
  return fmt::format("text (\"{}\")", Printable(FirstLine(head), kShown));
}

}  // namespace siskin::cli
