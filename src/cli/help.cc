#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/text.h"

namespace siskin::cli {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kNameColumn = 30;  // where descriptions begin

std::string Entry(const std::string& name, const std::string& description) {
  std::string line = "  " + name;
  if (line.size() + 2 > kNameColumn) {
    line += "\n" + std::string(kNameColumn, ' ');
  } else {
    line.resize(kNameColumn, ' ');
  }
  return line + WrapText(description, kWidth - kNameColumn, kNameColumn) + "\n";
}

std::string PositionalName(const CLI::Option& option) {
  return option.get_name(true) + (option.get_expected_max() > 1 ? "..." : "");
}

std::string OptionEntry(const CLI::Option& option) {
  std::string name;
  for (const std::string& letter : option.get_snames()) name += "-" + letter + ", ";
  if (name.empty()) name = "    ";
  const std::vector<std::string>& words = option.get_lnames();
  const bool has_negation = words.size() == 2 && words[1] == "no-" + words[0];
  if (!words.empty()) name += (has_negation ? "--[no-]" : "--") + words[0];
  if (words.empty()) name.resize(name.size() - 2);
  if (option.get_type_size() != 0) name += " " + option.get_type_name();
  std::string description = option.get_description();
  if (!option.get_default_str().empty()) description += fmt::format(" (default: {})", option.get_default_str());
  return Entry(name, description);
}

std::vector<const CLI::Option*> Positionals(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::vector<const CLI::App*> Verbs(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::string Usage(const CLI::App& app, const std::string& name) {
  std::string usage = "Usage: " + name;
  if (!Verbs(app).empty()) return usage + " VERB ...";
  usage += " [options]";
  for (const CLI::Option* option : Positionals(app)) {
    const std::string positional = PositionalName(*option);
    usage += option->get_required() ? " " + positional : " [" + positional + "]";
  }
  return usage;
}

std::string VerbGroups(const CLI::App& app) {
  std::string out;
  std::string group;
  for (const CLI::App* verb : Verbs(app)) {
    if (verb->get_group() != group) {
      group = verb->get_group();
      out += fmt::format("\n{}:\n", group);
    }
    const std::string& description = verb->get_description();
    out += fmt::format("  {:12} {}\n", verb->get_name(), description.substr(0, description.find('\n')));
  }
  return out;
}

std::string OptionGroups(const CLI::App& app) {
  std::string out;
  for (const std::string& group : app.get_groups()) {
    const auto options = app.get_options(
        [&](const CLI::Option* option) { return option->get_group() == group && option->nonpositional(); });
    if (group.empty() || options.empty()) continue;
    out += fmt::format("\n{}:\n", group);
    for (const CLI::Option* option : options) out += OptionEntry(*option);
  }
  return out;
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode /*mode*/) const {
  std::string out = Usage(*app, name) + "\n\n" + WrapText(app->get_description(), kWidth, 0) + "\n";
  const auto positionals = Positionals(*app);
  if (!positionals.empty()) out += "\n";
  for (const CLI::Option* option : positionals) {
    out += Entry(PositionalName(*option), option->get_description());
  }
  out += VerbGroups(*app) + OptionGroups(*app);
  if (!app->get_footer().empty()) out += "\n" + app->get_footer() + "\n";
  return out;
}

}  // namespace siskin::cli
