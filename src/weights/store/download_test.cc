#include "weights/store/download.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "base/files.h"
#include "base/random.h"
#include "base/testing.h"
#include "weights/testing_http.h"

namespace siskin {
namespace {

using testing::HttpBehaviour;
using testing::HttpServer;
using End = DownloadResult::End;

std::string Content(size_t size = 300'000) {
  Random random(11, RandomPurpose::kTest);
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(random.Next());
  return bytes;
}

class CountingProgress : public Progress {
 public:
  void Begin(std::string_view, std::string_view, size_t total_in) override { total = total_in; }
  void Advance(size_t count) override { done += count; }
  void Finish() override { ++finished; }
  size_t total = 0, done = 0, finished = 0;
};

class DownloadTest : public ::testing::Test {
 protected:
  DownloadTest() : part_(folder_.path() / "x.part"), context_{threads_, progress_, stop_} {
    request_.part = part_;
    request_.task = "test";
    request_.bytes = content_.size();
  }

  DownloadResult Get(const HttpServer& server) {
    request_.url = server.url();
    return Download(request_, context_);
  }
  void PutPart(const std::string& bytes, const std::string& tag = "") {
    std::ofstream(part_, std::ios::binary) << bytes;
    if (!tag.empty()) std::ofstream(part_.native() + ".etag") << tag;
  }
  bool NothingLeft() const { return std::filesystem::is_empty(folder_.path()); }

  const std::string content_ = Content();
  const testing::TemporaryFolder folder_;
  const std::filesystem::path part_;
  ThreadPool threads_{1};
  CountingProgress progress_;
  std::atomic<bool> stop_{false};
  const RunContext context_;
  DownloadRequest request_;
};

TEST_F(DownloadTest, WholeFile) {
  HttpServer server({.content = content_});
  const DownloadResult result = Get(server);
  EXPECT_EQ(result.end, End::kComplete) << result.problem;
  EXPECT_FALSE(result.resumed);
  EXPECT_EQ(ReadFile(part_), content_);
  EXPECT_EQ(progress_.total, content_.size());
  EXPECT_EQ(progress_.done, content_.size());
  EXPECT_EQ(progress_.finished, 1u);
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_NE(server.requests()[0].find("User-Agent: siskin/"), std::string::npos);
}

TEST_F(DownloadTest, GoesOnAfterACutConnection) {
  HttpServer server({.content = content_, .etag = "\"v1\"", .cut_after = 100'000, .num_cuts = 2});
  const DownloadResult result = Get(server);
  EXPECT_EQ(result.end, End::kComplete) << result.problem;
  EXPECT_EQ(ReadFile(part_), content_);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_NE(requests[1].find("Range: bytes=100000-\r\n"), std::string::npos);
  EXPECT_NE(requests[1].find("If-Range: \"v1\"\r\n"), std::string::npos);
  EXPECT_NE(requests[2].find("Range: bytes=200000-\r\n"), std::string::npos);
}

TEST_F(DownloadTest, GoesOnInALaterRun) {
  PutPart(content_.substr(0, 123'456));
  HttpServer server({.content = content_, .etag = "\"v1\""});
  const DownloadResult result = Get(server);
  EXPECT_EQ(result.end, End::kComplete) << result.problem;
  EXPECT_TRUE(result.resumed);
  EXPECT_EQ(ReadFile(part_), content_);
  EXPECT_EQ(progress_.done, content_.size());
  EXPECT_NE(server.requests()[0].find("Range: bytes=123456-\r\n"), std::string::npos);
}

TEST_F(DownloadTest, StartsOverWhenTheFileHasChanged) {
  PutPart(std::string(1000, 'x'), "\"v1\"");
  HttpServer server({.content = content_, .etag = "\"v2\""});
  EXPECT_EQ(Get(server).end, End::kComplete);
  EXPECT_EQ(ReadFile(part_), content_);
  EXPECT_EQ(ReadFile(part_.native() + ".etag"), "\"v2\"");
}

TEST_F(DownloadTest, StartsOverWhenTheServerIgnoresRanges) {
  PutPart(content_.substr(0, 1000));
  HttpServer server({.content = content_, .ignore_range = true});
  EXPECT_EQ(Get(server).end, End::kComplete);
  EXPECT_EQ(ReadFile(part_), content_);
}

TEST_F(DownloadTest, WholePartNeedsNoRequest) {
  PutPart(content_);
  HttpServer server({.content = content_});
  const DownloadResult result = Get(server);
  EXPECT_EQ(result.end, End::kComplete);
  EXPECT_TRUE(result.resumed);
  EXPECT_EQ(server.requests().size(), 0u);
}

TEST_F(DownloadTest, PartLargerThanTheFile) {
  PutPart(content_ + "more");
  HttpServer server({.content = content_});
  EXPECT_EQ(Get(server).end, End::kComplete);
  EXPECT_EQ(ReadFile(part_), content_);

  PutPart(content_ + "more");  // the size is not known: the server says 416
  request_.bytes = 0;
  EXPECT_EQ(Get(server).end, End::kComplete);
  EXPECT_EQ(ReadFile(part_), content_);
}

TEST_F(DownloadTest, HttpErrorsLeaveNothing) {
  for (const int status : {404, 403, 500}) {
    HttpServer server({.content = content_, .status = status});
    const DownloadResult result = Get(server);
    EXPECT_EQ(result.end, End::kFailed);
    EXPECT_NE(result.problem.find(std::to_string(status)), std::string::npos) << result.problem;
    EXPECT_TRUE(NothingLeft());
    EXPECT_EQ(server.requests().size(), 1u);
  }
}

// Another, shorter file than expected: it is asked for again once, not for ever.
TEST_F(DownloadTest, ShorterFile) {
  HttpServer server({.content = content_.substr(0, 5000), .chunked = true});
  const DownloadResult result = Get(server);
  EXPECT_EQ(result.end, End::kFailed);
  EXPECT_FALSE(result.problem.empty());
  EXPECT_LE(server.requests().size(), 4u);
}

TEST_F(DownloadTest, RefusesMoreThanExpected) {
  for (const bool chunked : {false, true}) {
    HttpServer server({.content = content_ + "x", .chunked = chunked});
    const DownloadResult result = Get(server);
    EXPECT_EQ(result.end, End::kTooLarge);
    EXPECT_TRUE(NothingLeft());
  }
}

TEST_F(DownloadTest, GivesUpOnASilentServer) {
  HttpServer server({.content = content_, .cut_after = 1000, .num_cuts = 100, .stall = true});
  request_.limits.attempts = 1;
  request_.limits.slow_seconds = 1;
  const auto start = std::chrono::steady_clock::now();
  const DownloadResult result = Get(server);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_EQ(result.end, End::kFailed);
  EXPECT_NE(result.problem.find("too slow"), std::string::npos) << result.problem;
  EXPECT_EQ(ReadFile(part_), content_.substr(0, 1000));
}

TEST_F(DownloadTest, StopsWhenAsked) {
  HttpServer server({.content = content_, .cut_after = 1000, .num_cuts = 100, .stall = true});
  std::thread later([&] {
    std::error_code absent;
    while (std::filesystem::file_size(part_, absent) != 1000) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stop_ = true;
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Get(server).end, End::kStopped);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  later.join();
  EXPECT_EQ(ReadFile(part_), content_.substr(0, 1000));
}

TEST_F(DownloadTest, FollowsRedirectsButNotForEver) {
  HttpServer target({.content = content_});
  HttpServer first({.redirect_to = target.url()});
  EXPECT_EQ(Get(first).end, End::kComplete);
  EXPECT_EQ(ReadFile(part_), content_);
  DiscardPart(part_);
  HttpServer loop({.redirect_to = "/weights.h5"});
  EXPECT_EQ(Get(loop).end, End::kFailed);
  EXPECT_EQ(loop.requests().size(), 6u);
}

TEST_F(DownloadTest, PlainHttpOnlyToThisMachine) {
  for (const char* url :
       {"http://example.invalid/x", "http://127.0.0.1.example.invalid/x", "file:///etc/passwd", "ftp://x/y"}) {
    request_.url = url;
    const DownloadResult result = Download(request_, context_);
    EXPECT_EQ(result.end, End::kFailed);
    EXPECT_NE(result.problem.find("not supported or disabled"), std::string::npos) << result.problem;
  }
  HttpServer server({.redirect_to = "file:///etc/passwd"});
  EXPECT_EQ(Get(server).end, End::kFailed);
  EXPECT_TRUE(NothingLeft());
}

TEST_F(DownloadTest, NobodyThere) {
  std::string url;
  {
    HttpServer gone({});
    url = gone.url();
  }
  request_.url = url;
  EXPECT_EQ(Download(request_, context_).end, End::kFailed);
  EXPECT_TRUE(NothingLeft());
}

// The system refuses to let the part grow, as a full disk does.
TEST_F(DownloadTest, FullDisk) {
  HttpServer server({.content = content_});
  request_.limits.attempts = 1;
  const DownloadResult result = [&] {
    const testing::FileSizeLimit small_disk(10'000);
    return Get(server);
  }();
  EXPECT_EQ(result.end, End::kFailed);
  EXPECT_EQ(result.problem, "cannot write what comes: File too large");
}

// A link planted where the part will be does not lead the download elsewhere.
TEST_F(DownloadTest, DoesNotWriteThroughALink) {
  std::filesystem::create_symlink(folder_.path() / "elsewhere", part_);
  HttpServer server({.content = content_});
  const DownloadResult result = Get(server);
  EXPECT_EQ(result.end, End::kFailed);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "elsewhere"));
}

}  // namespace
}  // namespace siskin
