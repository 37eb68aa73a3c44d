// What tests of every folder share: a temporary folder, the golden files beside the project, one seed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace siskin::testing {

// An empty folder that is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// ../shared seen from the project's root ($SISKIN_SHARED overrides); empty if it is not there. Tests that need it do
//   const auto shared = SharedFolder("golden"); if (shared.empty()) GTEST_SKIP() << kNoShared;
std::filesystem::path SharedFolder(const std::string& name);
inline constexpr char kNoShared[] = "SKIPPED: ../shared is missing, nothing was compared";

// Whether this program runs under a sanitizer, 10 to 50 times slower. What takes minutes there and touches no line that
// smaller tests do not touch says kTooSlow.
bool UnderSanitizer();
inline constexpr char kTooSlow[] = "SKIPPED: too slow under a sanitizer, runs in release builds";

// Golden formula `u(stream, i)` of the reference outputs: [0, 1), 24 bits; golden/README.md.
double FormulaUniform(uint64_t stream, uint64_t i);

}  // namespace siskin::testing
