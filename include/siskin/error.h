// The one exception type of Siskin.
#pragma once

#include <stdexcept>
#include <string>

#include "siskin/api.h"

namespace siskin {

enum class ErrorKind {
  kUsage,        // the caller asked for something that makes no sense: exit code 2
  kData,         // the photos cannot be used: exit code 3
  kModel,        // a model or weights file is not what it should be: exit code 1
  kIo,           // the system refused: no such file, no permission, disk full: exit code 1
  kInternal,     // a defect of Siskin: exit code 1
  kInterrupted,  // the user stopped the work; what could be saved is saved: exit code 130
};

// what() says where, what was found, what was expected and what to do about it, in one line of UTF-8.
class SISKIN_API Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace siskin
