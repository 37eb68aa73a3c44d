// `siskin completion`: a script for the shell, made from the same declarations as the help.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/verb.h"

namespace siskin::cli {
namespace {

std::vector<const CLI::App*> VerbsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> OptionsOf(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// Verbs of the verb ("weights": list, pull ...) and its options.
std::vector<std::string> WordsAfter(const CLI::App& verb) {
  std::vector<std::string> words;
  for (const CLI::App* inner : VerbsOf(verb)) words.push_back(inner->get_name());
  for (const std::string& option : OptionsOf(verb)) words.push_back(option);
  return words;
}

std::vector<std::string> NamesOfVerbs(const CLI::App& root) {
  std::vector<std::string> names;
  for (const CLI::App* verb : VerbsOf(root)) names.push_back(verb->get_name());
  return names;
}

// The branches of a `case` over the verb; `line` has the words for {}.
std::string Cases(const CLI::App& root, const std::string& line) {
  std::string cases;
  for (const CLI::App* verb : VerbsOf(root)) {
    cases += fmt::format("    {}) {} ;;\n", verb->get_name(),
                         fmt::format(fmt::runtime(line), fmt::join(WordsAfter(*verb), " ")));
  }
  return cases;
}

// No answer of ours lets bash complete file names.
std::string Bash(const CLI::App& root) {
  return fmt::format(
      "_siskin() {{\n"
      "  local words=''\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n"
      "{}"
      "  esac\n"
      "  if ((COMP_CWORD == 1)); then words='{}'; fi\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\")\n"
      "}}\n"
      "complete -o default -F _siskin siskin\n",
      Cases(root, "words='{}'"), fmt::join(NamesOfVerbs(root), " "));
}

std::string Zsh(const CLI::App& root) {
  return fmt::format(
      "#compdef siskin\n"
      "_siskin() {{\n"
      "  if ((CURRENT == 2)); then\n"
      "    compadd -- {}\n"
      "    return\n"
      "  fi\n"
      "  _files\n"
      "  case \"$words[2]\" in\n"
      "{}"
      "  esac\n"
      "}}\n"
      "compdef _siskin siskin\n",
      fmt::join(NamesOfVerbs(root), " "), Cases(root, "compadd -- {}"));
}

// The first line, quoted: the summary of a verb.
std::string FishQuoted(std::string text) {
  text.erase(std::min(text.find('\n'), text.size()));
  for (size_t at = text.find('\''); at != std::string::npos; at = text.find('\'', at + 2)) text.insert(at, "\\");
  return "'" + text + "'";
}

std::string Fish(const CLI::App& root) {
  std::string script;
  for (const CLI::App* verb : VerbsOf(root)) {
    const std::string name = verb->get_name();
    script += fmt::format("complete -c siskin -n __fish_use_subcommand -f -a {} -d {}\n", name,
                          FishQuoted(verb->get_description()));
    for (const CLI::App* inner : VerbsOf(*verb)) {
      script += fmt::format("complete -c siskin -n '__fish_seen_subcommand_from {}' -f -a {} -d {}\n", name,
                            inner->get_name(), FishQuoted(inner->get_description()));
    }
    for (const CLI::Option* option : verb->get_options()) {
      for (const std::string& long_name : option->get_lnames()) {
        script += fmt::format("complete -c siskin -n '__fish_seen_subcommand_from {}' -l {} -d {}\n", name, long_name,
                              FishQuoted(option->get_description()));
      }
    }
  }
  return script;
}

class CompletionVerb : public Verb {
 public:
  void Declare(Options options) override {
    root_ = options.app().get_parent();
    options.Describe("Print a script that completes verbs and options in the shell.");
    options.Argument("SHELL", Word(&shell_), "bash, zsh or fish");
    options.Footer(
        "Examples:\n"
        "  siskin completion bash > ~/.local/share/bash-completion/completions/siskin\n"
        "  siskin completion zsh > ~/.zfunc/_siskin\n"
        "  siskin completion fish > ~/.config/fish/completions/siskin.fish");
  }

  ExitCode Run(Session& session) override {
    Output output = session.OpenOutput();
    output.Write(Script());
    output.Commit();
    return ExitCode::kDone;
  }

 private:
  std::string Script() const {
    if (shell_ == "bash") return Bash(*root_);
    if (shell_ == "zsh") return Zsh(*root_);
    if (shell_ == "fish") return Fish(*root_);
    Fail(ErrorKind::kUsage, "'{}' is none of bash, zsh, fish", Printable(shell_));
  }

  const CLI::App* root_ = nullptr;
  std::string shell_;
};

}  // namespace

std::unique_ptr<Verb> MakeCompletion() {
  return std::make_unique<CompletionVerb>();
}

}  // namespace siskin::cli
