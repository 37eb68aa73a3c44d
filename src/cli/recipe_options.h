// The options that a recipe's table of fields asks for (train/recipe.h), on a verb's command line.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/options.h"
#include "train/recipe.h"

namespace siskin::cli {

class RecipeOptions {
 public:
  // Declares the fields `names` with the values of the recipe "default" as shown defaults.
  void Declare(Options& options, const std::vector<std::string>& names);

  // Recipe `name` with what was given on the command line (and `network` unless it is empty), checked. kUsage as
  // recipe.h has it.
  Recipe Make(const std::string& name, const std::string& network = "") const;

  // What was given: texts by the fields' names.
  const std::map<std::string, std::string>& given() const { return given_; }
  bool any_given() const { return !given_.empty(); }

 private:
  std::map<std::string, std::string> given_;
};

}  // namespace siskin::cli
