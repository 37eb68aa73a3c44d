#include "kernels/isa.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "kernels/targets.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/isa.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/dispatch.h"

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

// What this processor has, with every instruction that Highway lets a compiler use for it (HWY_TARGET_STR in
// hwy/ops/set_macros-inl.h). Targets that are not compiled (cmake/modules.cmake) are not looked for.
#if HWY_ARCH_X86
int64_t DetectedTargets() {
  const bool sse4 = __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("sse4.2") &&
                    __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("aes");
  const bool avx2 = sse4 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("f16c");
  const bool avx3 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  return (sse4 ? HWY_SSE4 : 0) | (avx2 ? HWY_AVX2 : 0) | (avx3 ? HWY_AVX3 : 0);
}
#elif defined(__aarch64__) && defined(__linux__)
int64_t DetectedTargets() {
  return (getauxval(AT_HWCAP) & HWCAP_AES) != 0 ? HWY_NEON : 0;
}
#else
int64_t DetectedTargets() {
  return 0;
}
#endif

// Of these what was compiled, whatever is forced. What the compiler may assume anyway is there (NEON without AES).
int64_t AvailableTargets() {
  static const int64_t targets = (DetectedTargets() | HWY_STATIC_TARGET | HWY_EMU128 | HWY_SCALAR) & HWY_TARGETS;
  return targets;
}

// Not thread-safe to write; one word to read.
hwy::ChosenTarget& Targets() {
  static hwy::ChosenTarget targets;
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
  Targets().Update(targets);
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
  return SISKIN_DISPATCH(TargetT)();
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
    Force(name != nullptr && name[0] != '\0' ? name : "best", "SISKIN_ISA: ");
    return true;
  }();
  static_cast<void>(obeyed);
}

const hwy::ChosenTarget& UsableTargets() {
  ObeyEnvironment();
  return Targets();
}

void ForceIsa(const std::string& name) {
  ObeyEnvironment();
  Force(name, "");
}

}  // namespace siskin
#endif  // HWY_ONCE
