// SISKIN_ISA counts for programs that use the library, too. It is read once, before the first kernel runs, so that each
// case is a process of its own: the parent writes a model, the child finds its path in the environment and opens it.
#include "kernels/isa.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/testing.h"
#include "model/self_proof.h"
#include "model/testing_model.h"
#include "siskin/c_api.h"
#include "siskin/classifier.h"

namespace siskin {
namespace {

constexpr char kModelVariable[] = "SISKIN_TEST_MODEL";

class SiskinIsaDeathTest : public ::testing::Test {
 protected:
  SiskinIsaDeathTest() {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // the child begins anew
    if (std::getenv(kModelVariable) != nullptr) return;
    ThreadPool threads(1);
    ClassifierModel model = testing::SmallModel({"cat", "dog", "newt"});
    const std::string path = folder_.path() / "m.safetensors";
    WriteModel(path, &model, threads);
    setenv(kModelVariable, path.c_str(), 1);
    is_parent_ = true;
  }
  ~SiskinIsaDeathTest() override {
    if (is_parent_) unsetenv(kModelVariable);
    unsetenv("SISKIN_ISA");
  }

  static std::string ModelPath() { return std::getenv(kModelVariable); }

 private:
  testing::TemporaryFolder folder_;
  bool is_parent_ = false;
};

// Opens the model as a C program does and ends the process with the status.
[[noreturn]] void OpenAndExit(const std::string& path) {
  siskin_error error = {};
  siskin_classifier* classifier = siskin_open_file(path.c_str(), 2, &error);
  std::fprintf(stderr, "%s; in use: ", error.message);
  if (classifier != nullptr) std::fprintf(stderr, "%s\n", CurrentIsa().c_str());
  siskin_close(classifier);
  std::exit(error.status);
}

TEST_F(SiskinIsaDeathTest, NarrowsWhatTheLibraryUses) {
  const std::string last = SupportedIsas().back();
  setenv("SISKIN_ISA", last.c_str(), 1);
  EXPECT_EXIT(OpenAndExit(ModelPath()), ::testing::ExitedWithCode(SISKIN_OK), "in use: " + last);
}

TEST_F(SiskinIsaDeathTest, EmptyMeansTheBest) {
  const std::string best = SupportedIsas().front();
  setenv("SISKIN_ISA", "", 1);
  EXPECT_EXIT(OpenAndExit(ModelPath()), ::testing::ExitedWithCode(SISKIN_OK), "in use: " + best);
}

TEST_F(SiskinIsaDeathTest, AnUnknownNameIsAUsageErrorInC) {
  setenv("SISKIN_ISA", "mmx", 1);
  EXPECT_EXIT(OpenAndExit(ModelPath()), ::testing::ExitedWithCode(SISKIN_USAGE),
              "SISKIN_ISA: instruction set \"mmx\" is not available; this processor offers ");
}

TEST_F(SiskinIsaDeathTest, AnUnknownNameIsAUsageErrorInCppAtEveryTry) {
  setenv("SISKIN_ISA", "mmx", 1);
  const auto open_twice = [] {
    for (int i = 0; i < 2; ++i)
      testing::ExpectError(ErrorKind::kUsage, "SISKIN_ISA", [] { Classifier pets(ModelPath(), 1); });
    std::exit(::testing::Test::HasFailure() ? 1 : 0);
  };
  EXPECT_EXIT(open_twice(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace siskin
