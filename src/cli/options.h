// How a verb declares its command line. Keeps CLI11 out of the verbs' files: it costs seconds in every file that
// includes it, and no verb needs more than these few kinds of options.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/file_type.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace siskin::cli {

// What the text of an option or argument names. Each says it where it is declared, so that no output of a run replaces
// one of its inputs: output_guard.h checks what the command line gave, tests/outputs_test.cc walks over all that there
// is.
struct TextValue {
  enum class Use {
    kWord,    // no file
    kReads,   // a file; or a folder, of which the photos are read; or something else that is not a file
    kWrites,  // a file or folder
  };
  Use use = Use::kWord;
  std::string* text = nullptr;                // the variable: this
  std::vector<std::string>* texts = nullptr;  // or that
  const FileType* type = nullptr;             // kWrites: what is written
  // kWrites: the files that will be written; null: the one that is named.
  std::function<std::vector<PlannedFile>(const std::filesystem::path& named)> plan = {};

  bool is_list() const { return texts != nullptr; }
  std::vector<std::string> values() const { return is_list() ? *texts : std::vector<std::string>{*text}; }
};

inline TextValue Word(std::string* text) {
  return {.use = TextValue::Use::kWord, .text = text};
}
inline TextValue Words(std::vector<std::string>* texts) {
  return {.use = TextValue::Use::kWord, .texts = texts};
}
inline TextValue Reads(std::string* text) {
  return {.use = TextValue::Use::kReads, .text = text};
}
inline TextValue ReadsAll(std::vector<std::string>* texts) {
  return {.use = TextValue::Use::kReads, .texts = texts};
}
inline TextValue Writes(std::string* text, const FileType& type,
                        std::function<std::vector<PlannedFile>(const std::filesystem::path&)> plan = {}) {
  return {.use = TextValue::Use::kWrites, .text = text, .type = &type, .plan = std::move(plan)};
}

// All options and arguments of the program that take text.
struct OptionTable {
  struct Entry {
    const CLI::App* verb = nullptr;
    std::string command;      // "weights import"
    std::string name;         // "-o,--output", "PHOTOS"
    std::string placeholder;  // of an option's value: "FILE.csv"
    TextValue value;

    bool is_option() const { return name.starts_with('-'); }
  };
  std::vector<Entry> entries;
  bool force = false;  // --force, which every verb has that writes files

  // Those of the verb that the command line chose.
  std::vector<const Entry*> Chosen() const;
};

// Names are "-o,--output" or "--top". The value that a variable has when it is declared is the default that help shows.
// A variable is written while the command line is parsed and must live until then.
class Options {
 public:
  // The table gets what is declared.
  Options(CLI::App& app, OptionTable& table, std::string command)
      : app_(&app), table_(&table), command_(std::move(command)) {}

  // summary: one line, for the list of verbs as well; more: a sentence or two for the verb's own help.
  void Describe(const std::string& summary, const std::string& more = "");
  void Footer(const std::string& explanation);            // exit codes, examples
  void Group(const std::string& name) { group_ = name; }  // of the options that follow

  void Argument(const std::string& name, const TextValue& value, const std::string& help);  // a list: one or more
  void OptionalArgument(const std::string& name, const TextValue& value, const std::string& help);

  void Flag(const std::string& names, bool* value, const std::string& help);
  // A list may be given several times, or with commas between values.
  void Text(const std::string& names, const std::string& placeholder, const TextValue& value, const std::string& help);
  void RequiredText(const std::string& names, const std::string& placeholder, const TextValue& value,
                    const std::string& help);
  void Choice(const std::string& names, const std::vector<std::string>& choices, std::string* value,
              const std::string& help);
  void Whole(const std::string& names, int* value, int low, int high, const std::string& help);
  void Whole(const std::string& names, uint64_t* value, const std::string& help);  // up to 2^63 - 1
  void Number(const std::string& names, double* value, double low, double high, const std::string& help);
  void Number(const std::string& names, std::optional<double>* value, double low, double high, const std::string& help);
  // Options whose value, which names no file, somebody else understands: `take` gets the text; of a switch, --name or
  // --no-name, it gets "true" or "false".
  void Custom(const std::string& names, const std::string& placeholder, const std::string& shown_default,
              std::function<void(const std::string&)> take, const std::string& help);
  void Switch(const std::string& name, bool shown_default, std::function<void(const std::string&)> take,
              const std::string& help);

  // A verb of the verb: `weights pull`.
  Options Verb(const std::string& name, const std::string& purpose);
  bool chosen() const;  // after parsing: this verb was given

  const CLI::App& app() const { return *app_; }

 private:
  void Finish(CLI::Option* option, const std::string& placeholder);
  CLI::Option* AddText(const std::string& names, const std::string& placeholder, const TextValue& value,
                       const std::string& help);
  void AddForce();

  CLI::App* app_;
  OptionTable* table_;
  std::string command_;
  std::string group_ = "Options";
};

inline constexpr int kNoLimit = std::numeric_limits<int>::max();

}  // namespace siskin::cli
