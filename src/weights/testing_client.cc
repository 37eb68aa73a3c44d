#include "weights/testing_client.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace siskin::testing {
namespace {

// Only words of the shell itself and programs by their path: PATH has nothing else.
constexpr char kScript[] = R"(#!/bin/sh
here=${0%/*}
echo "$@" >> "$here/calls"
[ "$1" = --version ] && exit 0
while [ $# -gt 0 ]; do
  [ "$1" = --dest ] && dest=$2
  [ "$1" = --pack-destination ] && dest=$2
  [ "$1" = --requirement ] && /bin/cat "$2" >> "$here/calls"
  shift
done
if [ ! -e "$here/archive" ]; then
  echo "ERROR: No matching distribution found" >&2
  exit 1
fi
/bin/mkdir -p "$dest"
/bin/cp "$here/archive/"* "$dest/"
)";

}  // namespace

FakeClient::FakeClient() {
  const char* path = std::getenv("PATH");
  old_path_ = path == nullptr ? "" : path;
  ::setenv("PATH", folder_.path().c_str(), 1);
}

FakeClient::FakeClient(const std::string& program, const std::string& file, const std::string& archive) : FakeClient() {
  std::ofstream(folder_.path() / program) << kScript;
  std::filesystem::permissions(folder_.path() / program, std::filesystem::perms::owner_all);
  if (archive.empty()) return;
  std::filesystem::create_directory(folder_.path() / "archive");
  std::ofstream(folder_.path() / "archive" / file, std::ios::binary) << archive;
}

FakeClient::~FakeClient() {
  ::setenv("PATH", old_path_.c_str(), 1);
}

std::string FakeClient::calls() const {
  std::ostringstream text;
  text << std::ifstream(folder_.path() / "calls").rdbuf();
  return text.str();
}

}  // namespace siskin::testing
