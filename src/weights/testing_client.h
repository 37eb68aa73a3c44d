// For tests: a program called pip or npm that "downloads" a file made by the test, alone on PATH while this lives.
#pragma once

#include <string>

#include "base/testing.h"

namespace siskin::testing {

class FakeClient {
 public:
  // `archive`: what it saves under the name `file`; empty: it fails, as for a package that is not there.
  FakeClient(const std::string& program, const std::string& file, const std::string& archive);
  // No program at all.
  FakeClient();
  ~FakeClient();
  FakeClient(const FakeClient&) = delete;
  FakeClient& operator=(const FakeClient&) = delete;

  // Arguments of its calls, a line each; and what the requirements files said.
  std::string calls() const;

 private:
  TemporaryFolder folder_;
  std::string old_path_;
};

}  // namespace siskin::testing
