// Files: reading whole, mapping, and writing so that a crash, a full disk or a power cut leaves either the old file or
// the new one, never a part (write a temporary in the same folder, fsync, rename, fsync the folder).
// All writes go through FileOps, which tests replace by one that fails or stops at the N-th operation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace siskin {

// The system calls that writing needs. Each returns 0 (Open: a descriptor, Write: bytes written) or -errno.
class FileOps {
 public:
  virtual ~FileOps() = default;
  virtual int Open(const std::filesystem::path& path, int flags, unsigned mode);
  virtual int64_t Write(int fd, const void* data, size_t size);
  virtual int Fsync(int fd);
  virtual int Close(int fd);
  virtual int Rename(const std::filesystem::path& from, const std::filesystem::path& to);
  virtual int Unlink(const std::filesystem::path& path);
  virtual int SetOwner(int fd, unsigned user, unsigned group);
  virtual int SetMode(int fd, unsigned mode);

  static FileOps& System();  // the real ones
};

// A file that appears under its name only when Commit() succeeded. Where the name is a link, the link stays and the
// file that it leads to is written. A file that is replaced hands on its mode, and its owner as far as the system
// permits. Errors: kIo, with the path and what the system said; also if the name is that of a folder or device, which
// renaming would fail on or replace (/dev/null, as root). With `problem`, an error is not raised but written there (its
// message; it stays empty as long as all goes well), and nothing more is done: for callers that go on without the file.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path, FileOps& ops = FileOps::System(), std::string* problem = nullptr);
  ~AtomicFile();  // without Commit: the temporary is removed, the old file stays
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(std::string_view bytes);
  void Write(std::span<const std::byte> bytes);
  void Commit();

 private:
  void FailWrite(const char* doing, int error_number);
  void FailFile(const std::string& what);
  bool failed() const { return problem_ != nullptr && !problem_->empty(); }

  std::filesystem::path path_;  // as given, for messages
  std::filesystem::path target_, temporary_;
  FileOps& ops_;
  std::string* problem_;  // null: errors are raised
  int fd_ = -1;
  bool committed_ = false;
};

void WriteFileAtomic(const std::filesystem::path& path, std::string_view bytes, FileOps& ops = FileOps::System());

// The same without failing: what went wrong, or nothing.
std::string TryWriteFileAtomic(const std::filesystem::path& path, std::string_view bytes,
                               FileOps& ops = FileOps::System());

// Brings a file that other programs follow while it grows to `bytes`: where it holds a beginning of them, the rest is
// appended, so that they see it (a reader keeps the file that it opened, whatever is renamed over it); else it is
// replaced atomically. Appending is not flushed and may stop half-way: what is there then is a beginning again, and the
// next call goes on. Returns what went wrong, or nothing.
std::string TryExtendFile(const std::filesystem::path& path, std::string_view bytes, FileOps& ops = FileOps::System());

// The whole file. kIo if it cannot be read or is larger than max_bytes (what it is for stands in the message).
std::string ReadFile(const std::filesystem::path& path, size_t max_bytes = size_t{1} << 30);

// The same without failing: false and a reason ("cannot open: Permission denied") for callers that go on without it.
bool TryReadFile(const std::filesystem::path& path, size_t max_bytes, std::string* bytes, std::string* reason);

// A read-only memory map of a regular file. kIo if that is not possible.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Whether both names lead to one file or folder: another spelling, a link or a hard link. False if either does not
// exist.
bool SameFile(const std::filesystem::path& a, const std::filesystem::path& b);

// Creates the folder and its parents. kIo if that fails.
void MakeFolder(const std::filesystem::path& path);

// Makes the folder of a result that is written at the end of long work, and fails now (kIo) if the file could not be
// written then.
void RequireWritable(const std::filesystem::path& file);

}  // namespace siskin
