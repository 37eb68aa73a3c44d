#include "cli/recipe_options.h"

#include <algorithm>

namespace siskin::cli {

void RecipeOptions::Declare(Options& options, const std::vector<std::string>& names) {
  const Recipe shown = FindRecipe("default");
  for (const std::string& name : names) {
    const auto field = std::ranges::find(RecipeFields(), name, &RecipeField::name);
    const auto take = [this, name](const std::string& text) { given_[name] = text; };
    if (field->type == RecipeField::Type::kFlag) {
      options.Switch("--" + name, field->print(shown) == "true", take, field->help);
    } else {
      options.Custom("--" + name, field->placeholder, field->print(shown), take, field->help);
    }
  }
}

Recipe RecipeOptions::Make(const std::string& name, const std::string& network) const {
  std::map<std::string, std::string> fields = given_;
  if (!network.empty()) fields.emplace("network", network);
  return MakeRecipe(name, fields);
}

}  // namespace siskin::cli
