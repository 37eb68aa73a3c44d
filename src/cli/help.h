// What help texts look like: purpose, usage, arguments, options in groups with their defaults, examples; at most 80
// columns wide, the width of a terminal that nobody has resized.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace siskin::cli {

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace siskin::cli
