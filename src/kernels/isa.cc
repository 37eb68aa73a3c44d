#include "kernels/isa.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/isa.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

int64_t TargetT() {
  static_assert(FindInstructionSet(HWY_TARGET) < kNumInstructionSets,
                "Highway compiles for an instruction set that has no row in kernels/targets.h");
  return HWY_TARGET;
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {

HWY_EXPORT(TargetT);

namespace {

// Highway's targets that this processor has and the kernels were compiled for, whatever is forced: the first call comes
// before the first forcing. What the compiler may assume is there even if Highway does not find it (NEON without AES).
int64_t AvailableTargets() {
  static const int64_t targets = (hwy::SupportedTargets() | HWY_STATIC_TARGET) & HWY_TARGETS;
  return targets;
}

int64_t TargetsOf(const std::string& name) {
  int64_t targets = 0;
  for (const InstructionSet& set : kInstructionSets) {
    if (name == set.name) targets |= set.targets;
  }
  return targets & AvailableTargets();
}

// `who`: for the message, who asked for it.
void Force(const std::string& name, const char* who) {
  const int64_t targets = name == "best" ? AvailableTargets() : TargetsOf(name);
  if (targets == 0) {
    std::string known;
    for (const std::string& isa : SupportedIsas()) known += isa + ", ";
    Fail(ErrorKind::kUsage, "{}instruction set \"{}\" is not available; this processor offers {}best", who, name,
         known);
  }
  hwy::DisableTargets(~targets);
}

}  // namespace

std::vector<std::string> SupportedIsas() {
  std::vector<std::string> names;
  for (const InstructionSet& set : kInstructionSets) {
    const bool is_new = std::find(names.begin(), names.end(), set.name) == names.end();
    if (is_new && (AvailableTargets() & set.targets)) names.emplace_back(set.name);
  }
  return names;
}

int64_t CurrentTarget() {
  ObeyEnvironment();
  return HWY_DYNAMIC_DISPATCH(TargetT)();
}

const InstructionSet& CurrentInstructionSet() {
  return kInstructionSets[FindInstructionSet(CurrentTarget())];
}

std::string CurrentIsa() {
  return CurrentInstructionSet().name;
}

void ObeyEnvironment() {
  static const bool obeyed = [] {
    const char* name = std::getenv("SISKIN_ISA");
    if (name != nullptr && name[0] != '\0') Force(name, "SISKIN_ISA: ");
    return true;
  }();
  static_cast<void>(obeyed);
}

void ForceIsa(const std::string& name) {
  ObeyEnvironment();
  Force(name, "");
}

}  // namespace siskin
#endif  // HWY_ONCE
