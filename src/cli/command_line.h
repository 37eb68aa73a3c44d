// The command line as a whole: the verbs with their options, parsing, help, and what is said about a mistake.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/options.h"

namespace siskin::cli {

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // The verbs of a group follow each other in help.
  Options AddVerb(const std::string& name, const std::string& group);

  struct Outcome {
    enum class Kind { kVerb, kText, kMistake };
    Kind kind = Kind::kVerb;
    int verb = -1;        // kVerb: which was chosen, counted as they were added
    std::string text;     // kText: help or version, for standard output; kMistake: what is wrong
    std::string command;  // kMistake: "siskin train", whose help tells more
  };
  std::string Help();
  Outcome Parse(std::vector<std::string> arguments);
  const OptionTable& options() const { return options_; }

 private:
  std::unique_ptr<CLI::App> app_;
  std::vector<CLI::App*> verbs_;
  OptionTable options_;
};

}  // namespace siskin::cli
