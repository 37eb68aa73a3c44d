#include "base/hash.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/random.h"

namespace siskin {
namespace {

// Examples of FIPS 180-4 and of NIST's Secure Hash Standard validation system.
TEST(Sha256, AgreesWithTheStandard) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

std::string RandomBytes(size_t count, uint64_t seed) {
  Random random(seed, RandomPurpose::kSynthetic);
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes += static_cast<char>(random.Below(256));
  return bytes;
}

// Around the ends of blocks, where the padding takes one block or two.
TEST(Sha256, PiecesMakeTheSameDigestAsTheWhole) {
  for (size_t size = 0; size <= 200; ++size) {
    const std::string bytes = RandomBytes(size, size);
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{63}, size_t{64}, size_t{65}, size_t{150}}) {
      Sha256 hash;
      for (size_t at = 0; at < size; at += piece) hash.Update(std::string_view(bytes).substr(at, piece));
      hash.Update("");
      EXPECT_EQ(hash.HexDigest(), Sha256Hex(bytes)) << size << " bytes in pieces of " << piece;
    }
  }
}

// On a processor without the instructions both are the same code.
TEST(Sha256, TheProcessorsInstructionsDoWhatPlainCodeDoes) {
  for (size_t count = 0; count < 20; ++count) {
    const std::string bytes = RandomBytes(64 * count, count);
    const auto* const blocks = reinterpret_cast<const std::byte*>(bytes.data());
    Sha256State plain = {1, 2, 3, 4, 5, 6, 7, 8}, fast = plain;
    PlainSha256Blocks()(blocks, count, &plain);
    FastestSha256Blocks()(blocks, count, &fast);
    EXPECT_EQ(plain, fast) << count << " blocks";
  }
}

}  // namespace
}  // namespace siskin
