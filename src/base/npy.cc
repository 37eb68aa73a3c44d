#include "base/npy.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <string>

#include "base/error.h"

namespace siskin {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are read and written as they lie in memory");

constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);  // with version 1.0
constexpr size_t kPreamble = 10;                            // magic, version, 16-bit length of the header
constexpr size_t kMaxRank = 32;                             // NumPy's own limit until version 2

// Reads the header, a Python dictionary literal such as
//   {'descr': '<f4', 'fortran_order': False, 'shape': (8, 2048), }
// with the keys in any order. Every method fails with kData if the text is something else.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  std::vector<int64_t> ParseShape() {
    Expect('{');
    while (!Accept('}')) {
      const std::string_view key = QuotedString();
      Expect(':');
      if (key == "descr" && !seen_type_) {
        CheckType(QuotedString());
        seen_type_ = true;
      } else if (key == "fortran_order" && !seen_order_) {
        CheckOrder(Word());
        seen_order_ = true;
      } else if (key == "shape" && !seen_shape_) {
        Tuple();
        seen_shape_ = true;
      } else {
        FailHeader(fmt::format("it has an unexpected or repeated key \"{}\"", Printable(key, 40)));
      }
      if (!Accept(',')) {
        Expect('}');
        break;
      }
    }
    SkipSpace();
    if (!text_.empty()) FailHeader("something follows the dictionary");
    if (!seen_type_ || !seen_order_ || !seen_shape_) FailHeader("descr, fortran_order or shape is missing");
    return shape_;
  }

 private:
  [[noreturn]] void FailHeader(std::string_view reason) const {
    Fail(ErrorKind::kData, "{}: the header is not one that NumPy writes: {}", where_, reason);
  }

  void SkipSpace() { text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size())); }

  bool Accept(char c) {
    SkipSpace();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  void Expect(char c) {
    if (!Accept(c)) FailHeader(fmt::format("'{}' is missing", c));
  }

  std::string_view QuotedString() {
    Expect('\'');
    const size_t end = text_.find('\'');
    if (end == std::string_view::npos) FailHeader("a string does not end");
    const std::string_view word = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return word;
  }

  std::string_view Word() {
    SkipSpace();
    const size_t end = std::min(text_.find_first_of(",} \n"), text_.size());
    const std::string_view word = text_.substr(0, end);
    text_.remove_prefix(end);
    return word;
  }

  void Tuple() {
    Expect('(');
    while (!Accept(')')) {
      if (shape_.size() == kMaxRank) FailHeader("it has too many dimensions");
      SkipSpace();
      int64_t dim = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), dim);
      if (error != std::errc() || dim < 0) FailHeader("a dimension is not a number");
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      shape_.push_back(dim);
      if (!Accept(',')) {
        Expect(')');
        break;
      }
    }
  }

  void CheckType(std::string_view type) const {
    if (type != "<f4") {
      Fail(ErrorKind::kData, "{}: its elements are of type {}, expected <f4 (float32)", where_, Printable(type, 40));
    }
  }

  void CheckOrder(std::string_view word) const {
    if (word == "True") Fail(ErrorKind::kData, "{}: it is in Fortran order, expected C order", where_);
    if (word != "False") FailHeader("fortran_order is neither True nor False");
  }

  std::string_view text_, where_;
  std::vector<int64_t> shape_;
  bool seen_type_ = false, seen_order_ = false, seen_shape_ = false;
};

// Whether `shape` describes exactly `bytes` bytes of floats; no product overflows on the way.
bool Describes(std::span<const int64_t> shape, uint64_t bytes) {
  if (bytes % sizeof(float) != 0) return false;
  const uint64_t elements = bytes / sizeof(float);
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return elements == 0;
  uint64_t product = 1;
  for (const int64_t dim : shape) {
    if (dim < 0 || static_cast<uint64_t>(dim) > elements / product) return false;
    product *= static_cast<uint64_t>(dim);
  }
  return product == elements;
}

std::string ShapeTuple(std::span<const int64_t> shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace

NpyArray ParseNpy(std::string_view bytes, std::string_view where) {
  if (bytes.size() < kPreamble || !bytes.starts_with(kMagic)) {
    Fail(ErrorKind::kData, "{}: is not a .npy file of format 1.0", where);
  }
  const size_t header_bytes = static_cast<unsigned char>(bytes[8]) | static_cast<unsigned char>(bytes[9]) << 8;
  if (header_bytes > bytes.size() - kPreamble) Fail(ErrorKind::kData, "{}: ends inside the header", where);
  NpyArray array;
  array.shape = HeaderParser(bytes.substr(kPreamble, header_bytes), where).ParseShape();
  const std::string_view elements = bytes.substr(kPreamble + header_bytes);
  if (!Describes(array.shape, elements.size())) {
    Fail(ErrorKind::kData, "{}: has {} bytes of elements, which is not what its shape {} needs; is the file cut off?",
         where, elements.size(), ShapeTuple(array.shape));
  }
  array.values.resize(elements.size() / sizeof(float));
  if (!elements.empty()) std::memcpy(array.values.data(), elements.data(), elements.size());
  return array;
}

NpyArray ReadNpy(const std::filesystem::path& path) {
  const MappedFile file(path);
  return ParseNpy(file.text(), Printable(path.string()));
}

void WriteNpy(const std::filesystem::path& path, std::span<const int64_t> shape, std::span<const float> values,
              FileOps& ops) {
  if (!Describes(shape, values.size_bytes())) {
    Fail(ErrorKind::kInternal, "{}: {} values for an array of shape {}", Printable(path.string()), values.size(),
         ShapeTuple(shape));
  }
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': " + ShapeTuple(shape) + ", }";
  // Elements begin at a multiple of 64 bytes, so that the file can be mapped.
  header.resize((kPreamble + header.size() + 1 + 63) / 64 * 64 - kPreamble - 1, ' ');
  header += '\n';
  AtomicFile file(path, ops);
  file.Write(kMagic);
  const char length[] = {static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  file.Write(std::string_view(length, 2));
  file.Write(header);
  file.Write(std::as_bytes(values));
  file.Commit();
}

}  // namespace siskin
