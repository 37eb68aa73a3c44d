// For tests: a program called pip that "downloads" a file made by the test, first (and alone) on PATH while this lives.
#pragma once

#include <string>

#include "base/testing.h"

namespace siskin::testing {

class FakePip {
 public:
  // `archive`: what it saves under the name `file`; empty: it fails, as pip does for a package that is not there.
  FakePip(const std::string& file, const std::string& archive);
  // No pip at all.
  FakePip();
  ~FakePip();
  FakePip(const FakePip&) = delete;
  FakePip& operator=(const FakePip&) = delete;

  // Arguments of its calls, a line each; and what the requirements files said.
  std::string calls() const;

 private:
  TemporaryFolder folder_;
  std::string old_path_;
};

}  // namespace siskin::testing
