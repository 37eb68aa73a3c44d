#include "base/error.h"

#include <algorithm>
#include <system_error>

#include "base/utf8.h"

namespace siskin {

void Fail(ErrorKind kind, const std::string& message) {
  throw Error(kind, message);
}

std::string Printable(std::string_view text, size_t max_bytes) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (out.size() >= max_bytes) return out + "...";
    const size_t length = Utf8SequenceLength(text.substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0 || byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
      ++i;
    } else {
      out.append(text.substr(i, length));
      i += length;
    }
  }
  return out;
}

std::string JoinSome(const std::vector<std::string>& names) {
  constexpr size_t kNamesShown = 3;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) text += (i == 0 ? "" : ", ") + Printable(names[i]);
  return names.size() <= kNamesShown ? text : fmt::format("{} and {} more", text, names.size() - kNamesShown);
}

std::string ErrnoText(int error_number) {
  return std::generic_category().message(error_number);
}

}  // namespace siskin
