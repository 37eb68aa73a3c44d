#include "export/embed.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// Octal escapes take three digits at most, so that whatever follows stays itself; \? cannot become a trigraph.
std::string CString(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\' || c == '?') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte >= 0x7F) {
      out += fmt::format("\\{:03o}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string CFloats(std::span<const float> values) {
  std::vector<std::string> texts;
  for (const float value : values) texts.push_back(fmt::format("{:.9g}", value));  // reads back as the same float
  return fmt::format("{{{}}}", fmt::join(texts, ", "));
}

// NAME of NAME.h.
std::string NameOf(const fs::path& header) {
  const std::string name = header.stem();
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  const bool identifier = !name.empty() && std::ranges::all_of(name, plain) && std::isdigit(name[0] & 0x7F) == 0;
  if (header.extension() != ".h" || !identifier) {
    Fail(ErrorKind::kUsage,
         "{}: names in C will begin with the name of the header; use one like pets.h, of letters, digits and _",
         Printable(header.native()));
  }
  return name;
}

constexpr char kHeader[] =
    R"(/* A classifier of {num_classes} classes ({network}), written by siskin {version}; do not edit.
 *
 * {name}.S puts {name}.safetensors into the program:
 *
 *   cc main.c {name}.S $(pkg-config --cflags --libs siskin_core)   (in C23: #embed "{name}.safetensors")
 *   siskin_classifier* c = siskin_open_memory({name}_model, {upper}_MODEL_BYTES, 0, &error);   // siskin/c_api.h
 */
#ifndef SISKIN_EXPORTED_{upper}_H_
#define SISKIN_EXPORTED_{upper}_H_

#ifdef __cplusplus
extern "C" {{
#endif

#define {upper}_NUM_CLASSES {num_classes}
#define {upper}_INPUT_WIDTH {width}
#define {upper}_INPUT_HEIGHT {height}
#define {upper}_THRESHOLD {threshold}
#define {upper}_MODEL_BYTES {bytes}

/* In the order of the scores. */
static const char* const {name}_class_names[{upper}_NUM_CLASSES] = {{
{classes}
}};

/* What the network sees: byte * scale + shift, {order} first. libsiskin does this itself. */
static const float {name}_scale[3] = {scale};
static const float {name}_shift[3] = {shift};

extern const unsigned char {name}_model[{upper}_MODEL_BYTES]; /* the model file */

#ifdef __cplusplus
}}
#endif

#endif /* SISKIN_EXPORTED_{upper}_H_ */
)";

constexpr char kAssembler[] = R"(/* The model file as {name}_model; for ELF (Linux, BSD, most embedded systems). */
    .section .rodata
    .global {name}_model
    .type {name}_model, %object
    .balign 64
{name}_model:
    .incbin "{name}.safetensors"
    .size {name}_model, . - {name}_model
    .section .note.GNU-stack, "", %progbits
)";

}  // namespace

std::string EmbeddedHeader(const ModelCard& card, const std::string& name, uint64_t model_bytes) {
  std::vector<std::string> names;
  for (const std::string& class_name : card.class_names) names.push_back("    " + CString(class_name));
  const Preprocessing& p = card.preprocessing;
  return fmt::format(kHeader, fmt::arg("name", name), fmt::arg("upper", Upper(name)),
                     fmt::arg("version", SISKIN_VERSION), fmt::arg("network", card.network.network),
                     fmt::arg("num_classes", card.class_names.size()), fmt::arg("width", p.width),
                     fmt::arg("height", p.height), fmt::arg("threshold", card.threshold),
                     fmt::arg("bytes", model_bytes), fmt::arg("classes", fmt::join(names, ",\n")),
                     fmt::arg("order", p.bgr ? "blue" : "red"), fmt::arg("scale", CFloats(p.scale)),
                     fmt::arg("shift", CFloats(p.shift)));
}

std::vector<ExportedFile> WriteEmbedded(const ClassifierModel& model, const fs::path& header, FileOps& ops) {
  const std::string name = NameOf(header);
  const fs::path folder = header.parent_path();
  const fs::path weights = folder / (name + ".safetensors");
  // Of pets.safetensors to pets.h: the model is in its place already, and what is read is not replaced.
  if (!SameFile(weights, model.file)) SaveModel(weights, model, ops);
  const uint64_t bytes = fs::file_size(weights);
  const std::string assembler = fmt::format(kAssembler, fmt::arg("name", name));
  return {WriteExportedFile(header, EmbeddedHeader(model.card, name, bytes), ops),
          WriteExportedFile(folder / (name + ".S"), assembler, ops),
          {weights, bytes}};
}

}  // namespace siskin
