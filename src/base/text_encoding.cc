#include "base/text_encoding.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/error.h"

namespace siskin {
namespace {

enum class Encoding { kBytes, kUtf16LittleEndian, kUtf16BigEndian };

// Without a mark: UTF-16 and a list of paths separated by NULs (find -print0) both hold NULs. Cut at them, UTF-16 falls
// into single letters, among them the dot, slash or line end that every list has. A list may hold names of one letter,
// and "." or "/" as well, but hardly more of these than of longer ones.
bool LooksLikeUtf16(std::string_view bytes) {
  constexpr size_t kFewestLetters = 4;  // "." alone is what find -print0 begins with; .jpg has three beside it
  size_t pieces = 0, letters = 0;
  bool punctuation = false;
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t end = std::min(bytes.find('\0', begin), bytes.size());
    if (end > begin) ++pieces;
    if (end == begin + 1) {
      ++letters;
      punctuation |= std::string_view("./\\\n").find(bytes[begin]) != std::string_view::npos;
    }
    begin = end + 1;
  }
  return punctuation && letters >= kFewestLetters && 2 * letters > pieces;
}

// The NUL is the second byte of an ASCII letter in little endian and the first one in big endian; of other letters,
// such as U+4E00, it may be either.
Encoding ByteOrderOf(std::string_view utf16) {
  size_t first = 0, second = 0;
  for (size_t i = 0; i < utf16.size(); ++i) {
    if (utf16[i] == '\0') ++(i % 2 == 0 ? first : second);
  }
  return second > first ? Encoding::kUtf16LittleEndian : Encoding::kUtf16BigEndian;
}

// Takes the mark away.
Encoding TakeEncoding(std::string_view* bytes) {
  const auto take = [&](std::string_view mark) {
    if (!bytes->starts_with(mark)) return false;
    bytes->remove_prefix(mark.size());
    return true;
  };
  if (take("\xEF\xBB\xBF")) return Encoding::kBytes;
  if (take("\xFF\xFE")) return Encoding::kUtf16LittleEndian;
  if (take("\xFE\xFF")) return Encoding::kUtf16BigEndian;
  return LooksLikeUtf16(*bytes) ? ByteOrderOf(*bytes) : Encoding::kBytes;
}

void AppendUtf8(uint32_t code_point, std::string* out) {
  const auto continuation = [&](int shift) { return static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) {
    *out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    *out += {static_cast<char>(0xC0 | code_point >> 6), continuation(0)};
  } else if (code_point < 0x10000) {
    *out += {static_cast<char>(0xE0 | code_point >> 12), continuation(6), continuation(0)};
  } else {
    *out += {static_cast<char>(0xF0 | code_point >> 18), continuation(12), continuation(6), continuation(0)};
  }
}

bool IsHighSurrogate(uint32_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}

bool IsLowSurrogate(uint32_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

bool Utf16ToUtf8(std::string_view bytes, bool big_endian, std::string* text, std::string* reason) {
  const auto unit_at = [&](size_t i) -> uint32_t {
    const uint32_t first = static_cast<uint8_t>(bytes[i]), second = static_cast<uint8_t>(bytes[i + 1]);
    return big_endian ? first << 8 | second : second << 8 | first;
  };
  if (bytes.size() % 2 != 0) {
    *reason = "is UTF-16 text, but ends in half a character; save it again, best as UTF-8";
    return false;
  }
  text->clear();
  for (size_t i = 0; i < bytes.size(); i += 2) {
    uint32_t unit = unit_at(i);
    if (IsHighSurrogate(unit) && i + 2 < bytes.size() && IsLowSurrogate(unit_at(i + 2))) {
      i += 2;
      unit = 0x10000 + ((unit - 0xD800) << 10) + (unit_at(i) - 0xDC00);
    } else if (IsHighSurrogate(unit) || IsLowSurrogate(unit)) {
      *reason = fmt::format("is UTF-16 text with half a character (0x{:X}) in line {}; save it again, best as UTF-8",
                            unit, 1 + std::ranges::count(*text, '\n'));
      return false;
    }
    AppendUtf8(unit, text);
  }
  return true;
}

}  // namespace

bool TryDecodeText(std::string_view bytes, std::string* text, std::string* reason) {
  const Encoding encoding = TakeEncoding(&bytes);
  if (encoding != Encoding::kBytes) {
    return Utf16ToUtf8(bytes, encoding == Encoding::kUtf16BigEndian, text, reason);
  }
  *text = bytes;
  return true;
}

std::string DecodeText(std::string_view bytes, std::string_view where) {
  std::string text, reason;
  if (!TryDecodeText(bytes, &text, &reason)) Fail(ErrorKind::kData, "{}: {}", where, reason);
  return text;
}

}  // namespace siskin
