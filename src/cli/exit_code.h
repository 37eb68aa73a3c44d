// What the program tells its caller by its exit code: the one place where kinds of errors become numbers.
#pragma once

#include "siskin/error.h"

namespace siskin::cli {

enum class ExitCode {
  kDone = 0,
  kFailed = 1,
  kWrongUsage = 2,
  kDataUnusable = 3,
  kSomeInputsFailed = 4,  // done, but some photos could not be used
  kGateFailed = 5,        // --min-accuracy not reached, `verify` found a difference
  kInterrupted = 130,     // 128 + SIGINT, as shells count
};

inline ExitCode ExitCodeFor(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return ExitCode::kWrongUsage;
    case ErrorKind::kData:
      return ExitCode::kDataUnusable;
    case ErrorKind::kInterrupted:
      return ExitCode::kInterrupted;
    case ErrorKind::kModel:
    case ErrorKind::kIo:
    case ErrorKind::kInternal:
      break;
  }
  return ExitCode::kFailed;
}

}  // namespace siskin::cli
