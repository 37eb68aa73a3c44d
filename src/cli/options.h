// How a verb declares its command line. Keeps CLI11 out of the verbs' files: it costs seconds in every file that
// includes it, and no verb needs more than these few kinds of options.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace siskin::cli {

// Names are "-o,--output" or "--top". The value that a variable has when it is declared is the default that help shows.
// A variable is written while the command line is parsed and must live until then.
class Options {
 public:
  explicit Options(CLI::App& app) : app_(&app) {}

  // summary: one line, for the list of verbs as well; more: a sentence or two for the verb's own help.
  void Describe(const std::string& summary, const std::string& more = "");
  void Footer(const std::string& explanation);            // exit codes, examples
  void Group(const std::string& name) { group_ = name; }  // of the options that follow

  void Argument(const std::string& name, std::string* value, const std::string& help);
  void OptionalArgument(const std::string& name, std::string* value, const std::string& help);
  void Arguments(const std::string& name, std::vector<std::string>* values, const std::string& help);  // one or more

  void Flag(const std::string& names, bool* value, const std::string& help);
  void Text(const std::string& names, const std::string& placeholder, std::string* value, const std::string& help);
  void RequiredText(const std::string& names, const std::string& placeholder, std::string* value,
                    const std::string& help);
  // May be given several times, or with commas between values.
  void Texts(const std::string& names, const std::string& placeholder, std::vector<std::string>* values,
             const std::string& help);
  void Choice(const std::string& names, const std::vector<std::string>& choices, std::string* value,
              const std::string& help);
  void Whole(const std::string& names, int* value, int low, int high, const std::string& help);
  void Whole(const std::string& names, uint64_t* value, const std::string& help);  // up to 2^63 - 1
  void Number(const std::string& names, double* value, double low, double high, const std::string& help);
  void Number(const std::string& names, std::optional<double>* value, double low, double high, const std::string& help);
  // Options whose value somebody else understands: `take` gets the text; of a switch, --name or --no-name, it gets
  // "true" or "false".
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

  CLI::App* app_;
  std::string group_ = "Options";
};

inline constexpr int kNoLimit = std::numeric_limits<int>::max();

}  // namespace siskin::cli
