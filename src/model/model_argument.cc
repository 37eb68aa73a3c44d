#include "model/model_argument.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/nearest_name.h"
#include "model/imagenet_model.h"

namespace siskin {
namespace {

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace

const NetworkCard* NetworkNamed(const std::string& argument) {
  if (Exists(argument)) return nullptr;
  for (const NetworkCard& card : Catalogue()) {
    if (card.name == argument) return &card;
  }
  return nullptr;
}

void RequireModelFile(const std::string& argument) {
  if (Exists(argument)) return;
  std::vector<std::string> names;
  for (const NetworkCard& card : Catalogue()) names.push_back(card.name);
  const std::string nearest = NearestName(argument, names);
  Fail(ErrorKind::kIo, "{}: there is no such model file, and no network of that name; {}", Printable(argument),
       nearest.empty() ? "`siskin train` makes models, `siskin networks` lists networks"
                       : fmt::format("did you mean {}?", nearest));
}

ClassifierModel LoadModelOrNetwork(const std::string& argument) {
  if (NetworkNamed(argument) != nullptr) return ImageNetModel(argument);
  RequireModelFile(argument);
  return ReadModel(argument);
}

}  // namespace siskin
