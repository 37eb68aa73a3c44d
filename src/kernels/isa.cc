#include "kernels/isa.h"

#include "base/error.h"
#include "hwy/targets.h"

namespace siskin {
namespace {

struct Isa {
  const char* name;
  int64_t target;
};
constexpr Isa kIsas[] = {{"avx512", HWY_AVX3}, {"avx2", HWY_AVX2}, {"sse4", HWY_SSE4}, {"scalar", HWY_SCALAR}};

// What the processor has, whatever is forced: the first call comes before the first forcing.
int64_t DetectedTargets() {
  static const int64_t targets = hwy::SupportedTargets() | HWY_SCALAR;
  return targets & HWY_TARGETS;
}

}  // namespace

std::vector<std::string> SupportedIsas() {
  std::vector<std::string> names;
  for (const Isa& isa : kIsas) {
    if (DetectedTargets() & isa.target) names.emplace_back(isa.name);
  }
  return names;
}

std::string CurrentIsa() {
  for (const Isa& isa : kIsas) {
    if (hwy::SupportedTargets() & DetectedTargets() & isa.target) return isa.name;
  }
  return "scalar";
}

void ForceIsa(const std::string& name) {
  const int64_t detected = DetectedTargets();
  if (name == "best") {
    hwy::SetSupportedTargetsForTest(0);  // 0: no restriction
    return;
  }
  for (const Isa& isa : kIsas) {
    if (name == isa.name && (detected & isa.target)) {
      hwy::SetSupportedTargetsForTest(isa.target);
      return;
    }
  }
  std::string known;
  for (const std::string& isa : SupportedIsas()) known += isa + ", ";
  Fail(ErrorKind::kUsage, "instruction set \"{}\" is not available; this processor offers {}best", name, known);
}

}  // namespace siskin
