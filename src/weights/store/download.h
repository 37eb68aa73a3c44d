// One file over HTTPS into a `.part` beside where it will be kept, going on where an earlier attempt stopped. Plain
// HTTP only to this machine itself. Does not judge what came: the caller compares its SHA-256.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/run_context.h"

namespace siskin {

struct DownloadLimits {
  int connect_seconds = 10;
  int slow_seconds = 30;  // this long below slow_bytes_per_second, and the attempt ends
  int slow_bytes_per_second = 1000;
  int attempts = 5;  // as long as each brings something
};

struct DownloadRequest {
  std::string url;
  std::filesystem::path part;  // appended to; stays when the download ends early
  uint64_t bytes = 0;          // expected; 0: unknown, then at most 2 GiB are taken
  std::string task;            // what progress is called
  DownloadLimits limits;
};

struct DownloadResult {
  enum class End { kComplete, kFailed, kTooLarge, kStopped };
  End end = End::kFailed;
  bool resumed = false;  // some of it was there before
  std::string problem;   // of kFailed and kTooLarge: a sentence
};

// Trouble is a value: the caller has other sources to try.
DownloadResult Download(const DownloadRequest& request, const RunContext& context);

// Removes the part and what is remembered about it.
void DiscardPart(const std::filesystem::path& part);

}  // namespace siskin
