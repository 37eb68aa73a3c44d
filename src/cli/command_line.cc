#include "cli/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/nearest_name.h"
#include "cli/help.h"

namespace siskin::cli {
namespace {

constexpr char kFooter[] =
    "Two folders of photos become a classifier:\n"
    "  siskin weights pull xception-imagenet\n"
    "  siskin train photos/ -o pets.safetensors\n"
    "  siskin predict pets.safetensors new/*.jpg\n\n"
    "'siskin VERB --help' explains a verb. Exit codes: 0 done, 1 failed, 2 wrong\n"
    "usage, 3 data unusable, 4 done but some inputs failed, 5 a gate failed, 130\n"
    "interrupted.";

// The verb that the command line chose, as deep as it goes ("weights pull"), or `app` itself.
const CLI::App& ChosenVerb(const CLI::App& app) {
  const CLI::App* verb = &app;
  while (!verb->get_subcommands().empty()) verb = verb->get_subcommands().front();
  return *verb;
}

// "siskin weights pull"
std::string CommandName(const CLI::App& verb) {
  const CLI::App* parent = verb.get_parent();
  return parent == nullptr ? verb.get_name() : CommandName(*parent) + " " + verb.get_name();
}

std::vector<std::string> LongOptions(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> VerbNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return names;
}

std::string Suggestion(const std::string& typed, const std::vector<std::string>& known) {
  const std::string nearest = NearestName(typed, known);
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
}

bool LooksLikeOption(const std::string& argument) {
  return argument.size() > 1 && argument[0] == '-';
}

// Why CLI11 refused the command line, in our words and with the nearest name for a typo.
std::string ExplainMistake(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& verb = ChosenVerb(app);
  const std::vector<std::string> unknown = app.remaining(true);
  // An unknown option is the cause even if what CLI11 noticed first is its consequence.
  for (const std::string& argument : unknown) {
    if (!LooksLikeOption(argument)) continue;
    const std::string name = argument.substr(0, argument.find('='));
    return fmt::format("unknown option {}{}", Printable(name), Suggestion(name, LongOptions(verb)));
  }
  const std::vector<std::string> verbs = VerbNames(verb);
  if (!verbs.empty()) {
    if (unknown.empty()) return fmt::format("{} needs a verb: {}", CommandName(verb), fmt::join(verbs, ", "));
    return fmt::format("unknown verb '{}'{}", Printable(unknown.front()), Suggestion(unknown.front(), verbs));
  }
  if (!unknown.empty()) return fmt::format("unexpected argument '{}'", Printable(unknown.front()));
  const std::string message = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {  // "NAME is required"
    return fmt::format("{} is missing", message.substr(0, message.find(' ')));
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {  // "NAME: 1 required N missing"
    return fmt::format("{} needs a value", message.substr(0, message.find(':')));
  }
  return message;
}

}  // namespace

CommandLine::CommandLine()
    : app_(std::make_unique<CLI::App>("Folders of photos in, an image classifier out that runs anywhere.", "siskin")) {
  app_->formatter(std::make_shared<HelpFormatter>());
  app_->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app_->set_help_flag("-h,--help", "this text");
  app_->set_version_flag("-V,--version", "siskin " SISKIN_VERSION, "the version");
  app_->require_subcommand(1);
}

CommandLine::~CommandLine() = default;

Options CommandLine::AddVerb(const std::string& name, const std::string& group) {
  verbs_.push_back(app_->add_subcommand(name)->group(group));
  return {*verbs_.back(), options_, name};
}

std::string CommandLine::Help() {
  app_->footer(kFooter);  // not in the constructor: verbs that are added would inherit it
  return app_->help();
}

CommandLine::Outcome CommandLine::Parse(std::vector<std::string> arguments) {
  app_->footer(kFooter);
  for (std::string& argument : arguments) {
    // CLI11 would take "[a,b]" apart as a list; it can only be the name of a file.
    if (argument.starts_with('[') && argument.ends_with(']')) argument.insert(0, "./");
  }
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app_->parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return {.kind = Outcome::Kind::kText, .verb = -1, .text = app_->help(), .command = {}};
  } catch (const CLI::CallForVersion& version) {
    return {.kind = Outcome::Kind::kText, .verb = -1, .text = std::string(version.what()) + "\n", .command = {}};
  } catch (const CLI::ParseError& error) {
    return {.kind = Outcome::Kind::kMistake,
            .verb = -1,
            .text = ExplainMistake(*app_, error),
            .command = CommandName(ChosenVerb(*app_))};
  }
  const auto chosen = std::find_if(verbs_.begin(), verbs_.end(), [](const CLI::App* verb) { return verb->parsed(); });
  return {.kind = Outcome::Kind::kVerb, .verb = static_cast<int>(chosen - verbs_.begin()), .text = {}, .command = {}};
}

}  // namespace siskin::cli
