#include "cli/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/nearest_name.h"

namespace siskin::cli {
namespace {

std::string RangeText(const std::string& low, const std::string& high) {
  return high.empty() ? fmt::format("at least {}", low) : fmt::format("from {} to {}", low, high);
}

// Checks return what is wrong, empty if nothing is.
CLI::Validator WholeNumber(int64_t low, int64_t high) {
  const auto check = [low, high](std::string& text) -> std::string {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) return fmt::format("{} is too large", Printable(text));
    if (error != std::errc() || end != text.data() + text.size()) {
      return fmt::format("'{}' is not a whole number", Printable(text));
    }
    if (value >= low && value <= high) return "";
    return fmt::format("{} is not {}", value,
                       RangeText(std::to_string(low), high < kNoLimit ? std::to_string(high) : ""));
  };
  return {check, ""};
}

CLI::Validator RealNumber(double low, double high) {
  const auto check = [low, high](std::string& text) -> std::string {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(value)) {
      return fmt::format("'{}' is not a number", Printable(text));
    }
    if (value >= low && value <= high) return "";
    return fmt::format("{} is not {}", text, RangeText(fmt::format("{}", low), fmt::format("{}", high)));
  };
  return {check, ""};
}

CLI::Validator OneOf(std::vector<std::string> names) {
  const auto check = [names = std::move(names)](std::string& text) -> std::string {
    if (std::find(names.begin(), names.end(), text) != names.end()) return "";
    const std::string nearest = NearestName(text, names);
    return fmt::format("'{}' is not one of {}{}", Printable(text), fmt::join(names, ", "),
                       nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
  };
  return {check, ""};
}

}  // namespace

std::vector<const OptionTable::Entry*> OptionTable::Chosen() const {
  std::vector<const Entry*> chosen;
  for (const Entry& entry : entries) {
    if (entry.verb->parsed()) chosen.push_back(&entry);
  }
  return chosen;
}

void Options::Describe(const std::string& summary, const std::string& more) {
  app_->description(more.empty() ? summary : summary + "\n" + more);
}

void Options::Footer(const std::string& explanation) {
  app_->footer(explanation);
}

void Options::Argument(const std::string& name, const TextValue& value, const std::string& help) {
  AddText(name, "", value, help)->required();
}

void Options::OptionalArgument(const std::string& name, const TextValue& value, const std::string& help) {
  AddText(name, "", value, help);
}

void Options::Flag(const std::string& names, bool* value, const std::string& help) {
  app_->add_flag(names, *value, help)->group(group_);
}

void Options::Text(const std::string& names, const std::string& placeholder, const TextValue& value,
                   const std::string& help) {
  CLI::Option* option = AddText(names, placeholder, value, help)->group(group_);
  if (value.is_list()) {
    // One value for every time the name is given: what follows belongs to somebody else.
    option->allow_extra_args(false)->delimiter(',');
  } else {
    option->capture_default_str();
  }
  if (value.use == TextValue::Use::kWrites) AddForce();
}

void Options::RequiredText(const std::string& names, const std::string& placeholder, const TextValue& value,
                           const std::string& help) {
  Text(names, placeholder, value, help);
  app_->get_option(names.substr(names.find_last_of(',') + 1))->required();
}

void Options::Choice(const std::string& names, const std::vector<std::string>& choices, std::string* value,
                     const std::string& help) {
  Finish(app_->add_option(names, *value, help)->check(OneOf(choices)), fmt::format("{}", fmt::join(choices, "|")));
}

void Options::Whole(const std::string& names, int* value, int low, int high, const std::string& help) {
  Finish(app_->add_option(names, *value, help)->check(WholeNumber(low, high)), "N");
}

void Options::Whole(const std::string& names, uint64_t* value, const std::string& help) {
  Finish(app_->add_option(names, *value, help)->check(WholeNumber(0, std::numeric_limits<int64_t>::max())), "N");
}

void Options::Number(const std::string& names, double* value, double low, double high, const std::string& help) {
  Finish(app_->add_option(names, *value, help)->check(RealNumber(low, high)), "X");
}

void Options::Number(const std::string& names, std::optional<double>* value, double low, double high,
                     const std::string& help) {
  app_->add_option(names, *value, help)->check(RealNumber(low, high))->type_name("X")->group(group_);
}

void Options::Custom(const std::string& names, const std::string& placeholder, const std::string& shown_default,
                     std::function<void(const std::string&)> take, const std::string& help) {
  table_->entries.push_back({app_, command_, names, placeholder, TextValue()});
  app_->add_option_function<std::string>(names, take, help)
      ->type_name(placeholder)
      ->default_str(shown_default)
      ->group(group_);
}

void Options::Switch(const std::string& name, bool shown_default, std::function<void(const std::string&)> take,
                     const std::string& help) {
  // "!" before a name makes it the negation: CLI11 counts it as -1.
  const std::string names = name + ",!--no-" + name.substr(2);
  const auto count = [take = std::move(take)](int64_t times) { take(times > 0 ? "true" : "false"); };
  app_->add_flag_function(names, count, help + (shown_default ? " (default: yes)" : " (default: no)"))->group(group_);
}

CLI::Option* Options::AddText(const std::string& names, const std::string& placeholder, const TextValue& value,
                              const std::string& help) {
  table_->entries.push_back({app_, command_, names, placeholder, value});
  CLI::Option* option =
      value.is_list() ? app_->add_option(names, *value.texts, help) : app_->add_option(names, *value.text, help);
  return option->type_name(placeholder);
}

// Once for a verb, after the first option that names an output.
void Options::AddForce() {
  if (app_->get_option_no_throw("--force") != nullptr) return;
  Flag("--force", &table_->force, "let an output replace a file of another kind too; never an input");
}

void Options::Finish(CLI::Option* option, const std::string& placeholder) {
  option->type_name(placeholder)->capture_default_str()->group(group_);
}

Options Options::Verb(const std::string& name, const std::string& purpose) {
  app_->require_subcommand(1);
  return {*app_->add_subcommand(name, purpose)->group("Verbs"), *table_, command_ + " " + name};
}

bool Options::chosen() const {
  return app_->parsed();
}

}  // namespace siskin::cli
