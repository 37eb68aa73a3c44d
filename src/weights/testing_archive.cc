#include "weights/testing_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

namespace siskin::testing {

std::string MakeArchive(const std::vector<Member>& members, bool zip, bool compress) {
  size_t total = 1 << 20;
  for (const Member& member : members) total += member.content.size() + member.name.size();
  std::string bytes(total, '\0');
  size_t used = 0;
  archive* a = archive_write_new();
  if (zip) {
    archive_write_set_format_zip(a);
    compress ? archive_write_zip_set_compression_deflate(a) : archive_write_zip_set_compression_store(a);
  } else {
    archive_write_set_format_pax_restricted(a);
    archive_write_add_filter_gzip(a);
  }
  EXPECT_EQ(archive_write_open_memory(a, bytes.data(), bytes.size(), &used), ARCHIVE_OK);
  for (const Member& member : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.name.c_str());
    archive_entry_set_perm(entry, 0644);
    const bool symbolic = !member.link_to.empty() && !member.hard;
    archive_entry_set_filetype(entry, symbolic ? AE_IFLNK : AE_IFREG);
    if (symbolic) archive_entry_set_symlink(entry, member.link_to.c_str());
    if (member.hard) archive_entry_set_hardlink(entry, member.link_to.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.hole + member.content.size()));
    if (member.hole > 0) {
      archive_entry_sparse_add_entry(entry, static_cast<la_int64_t>(member.hole),
                                     static_cast<la_int64_t>(member.content.size()));
    }
    EXPECT_EQ(archive_write_header(a, entry), ARCHIVE_OK) << archive_error_string(a);
    // The writer takes the hole's bytes, too, and leaves them out.
    const std::string content = std::string(member.hole, '\0') + member.content;
    archive_write_data(a, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(a);
  archive_write_free(a);
  bytes.resize(used);
  return bytes;
}

}  // namespace siskin::testing
