#include "cli/recipe_options.h"

#include <algorithm>

namespace siskin::cli {

void RecipeOptions::Declare(Options& options, const std::vector<std::string>& names) {
  const Recipe shown = FindRecipe("default");
  for (const std::string& name : names) {
    const auto field = std::ranges::find(RecipeFields(), name, &RecipeField::name);
    const auto take = [this, name](const std::string& text) { given_.emplace_back(name, text); };
    if (field->type == RecipeField::Type::kFlag) {
      options.Switch("--" + name, field->print(shown) == "true", take, field->help);
    } else {
      options.Custom("--" + name, field->placeholder, field->print(shown), take, field->help);
    }
  }
}

Recipe RecipeOptions::Make(const std::string& name, const std::string& network) const {
  Recipe recipe = FindRecipe(name);
  if (!network.empty()) SetRecipeField(&recipe, "network", network);
  // In the table's order, so that a field that sets others (--augment) does not undo what was given before it.
  for (const RecipeField& field : RecipeFields()) {
    for (const auto& [given, text] : given_) {
      if (given == field.name) field.parse(&recipe, text);
    }
  }
  CheckRecipe(recipe);
  return recipe;
}

}  // namespace siskin::cli
