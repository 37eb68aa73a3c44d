// The verbs of the program, in the order of its help.
#include <memory>
#include <vector>

#include "cli/command_line.h"
#include "cli/verb.h"

namespace siskin::cli {
namespace {

struct VerbEntry {
  const char* name;
  const char* group;
  std::unique_ptr<Verb> (*make)();
};

constexpr char kWork[] = "From photos to answers";
constexpr char kModels[] = "Models and networks";
constexpr char kTools[] = "Tools";

constexpr VerbEntry kVerbs[] = {
    {"check", kWork, MakeCheck},       {"train", kWork, MakeTrain},
    {"predict", kWork, MakePredict},   {"eval", kWork, MakeEval},
    {"compare", kWork, MakeCompare},   {"features", kWork, MakeFeatures},
    {"info", kModels, MakeInfo},       {"verify", kModels, MakeVerify},
    {"export", kModels, MakeExport},   {"networks", kModels, MakeNetworks},
    {"weights", kModels, MakeWeights}, {"demo-data", kTools, MakeDemoData},
    {"doctor", kTools, MakeDoctor},    {"completion", kTools, MakeCompletion},
};

}  // namespace

std::vector<std::unique_ptr<Verb>> DeclareVerbs(CommandLine* command_line) {
  std::vector<std::unique_ptr<Verb>> verbs;
  for (const VerbEntry& entry : kVerbs) {
    verbs.push_back(entry.make());
    verbs.back()->Declare(command_line->AddVerb(entry.name, entry.group));
  }
  return verbs;
}

}  // namespace siskin::cli
