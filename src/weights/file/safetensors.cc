#include "weights/file/safetensors.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"

namespace siskin {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the format's reference implementation
// The largest network of the catalogue takes 225 MB; more than this is another kind of file, or a sparse one that would
// be believed to be full.
constexpr uint64_t kMaxFileBytes = uint64_t{4} << 30;
// Of tensors and of metadata: in memory an entry takes some hundred bytes, in the file at least ten.
constexpr size_t kMaxEntries = 100'000;  // InceptionResNetV2 has 898
constexpr size_t kMaxRank = 16;          // a convolution's kernel has 4 dimensions
constexpr uint64_t kAlignment = 64;
constexpr char kMetadataKey[] = "__metadata__";

constexpr DType kTypes[] = {DType::kF32, DType::kF64, DType::kF16, DType::kBF16,
                            DType::kI8,  DType::kU8,  DType::kI32, DType::kI64};

struct Entry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  std::vector<uint64_t> offsets;  // begin, end; from the start of the data
};

// Takes the header apart while it is being parsed. No tree is built: a header of 100 MB costs what its entries cost,
// and a name that occurs twice is seen. Stops at the first thing that does not belong there; problem() says which.
class HeaderReader {
 public:
  const std::string& problem() const { return problem_; }
  std::vector<Entry>& entries() { return entries_; }
  std::map<std::string, std::string>& metadata() { return metadata_; }

  // What the JSON parser calls.
  bool null() { return Unexpected("null"); }
  bool boolean(bool) { return Unexpected("true or false"); }
  bool number_integer(int64_t value) { return Unexpected(fmt::format("the number {}", value)); }
  bool number_float(double, const std::string& text) { return Unexpected("the number " + text); }
  template <typename Binary>
  bool binary(Binary&) {
    return Unexpected("binary data");
  }

  bool number_unsigned(uint64_t value) {
    if (place_ == Place::kShape) {
      if (value > uint64_t{1} << 62) return Problem(fmt::format("{} has a dimension of {}", Name(), value));
      if (entries_.back().shape.size() == kMaxRank) return Problem(Name() + " has too many dimensions");
      entries_.back().shape.push_back(static_cast<int64_t>(value));
      return true;
    }
    if (place_ == Place::kOffsets && entries_.back().offsets.size() < 2) {
      entries_.back().offsets.push_back(value);
      return true;
    }
    return Unexpected(fmt::format("the number {}", value));
  }

  bool string(std::string& text) {
    if (place_ == Place::kMetadata) {
      if (!metadata_.emplace(key_, std::move(text)).second) return Problem("its metadata has a key twice: " + Key());
      if (metadata_.size() > kMaxEntries)
        return Problem(fmt::format("its metadata has more than {} keys", kMaxEntries));
      return true;
    }
    if (place_ == Place::kTensor && key_ == "dtype") return SetType(text);
    return Unexpected("a text");
  }

  bool start_object(size_t) {
    if (place_ == Place::kOutside) return Go(Place::kHeader);
    if (place_ != Place::kHeader) return Unexpected("an object");
    if (key_ == kMetadataKey) return Go(Place::kMetadata);
    if (entries_.size() == kMaxEntries) return Problem(fmt::format("it has more than {} tensors", kMaxEntries));
    entries_.push_back({key_, {}, {}, {}});
    fields_.clear();
    return Go(Place::kTensor);
  }

  bool key(std::string& text) {
    key_ = std::move(text);
    if (place_ == Place::kHeader && !names_.insert(key_).second) return Problem("it has two entries named " + Key());
    if (place_ == Place::kTensor) {
      if (key_ != "dtype" && key_ != "shape" && key_ != "data_offsets") {
        return Problem(fmt::format("{} has an unknown field {}", Name(), Key()));
      }
      if (!fields_.insert(key_).second) return Problem(fmt::format("{} has two fields {}", Name(), Key()));
    }
    return true;
  }

  bool end_object() {
    if (place_ == Place::kTensor) {
      if (fields_.size() != 3) return Problem(Name() + " needs dtype, shape and data_offsets");
      if (entries_.back().offsets.size() != 2) return Problem(Name() + " needs two data_offsets");
    }
    return Go(place_ == Place::kHeader ? Place::kOutside : Place::kHeader);
  }

  bool start_array(size_t) {
    if (place_ == Place::kTensor && key_ == "shape") return Go(Place::kShape);
    if (place_ == Place::kTensor && key_ == "data_offsets") return Go(Place::kOffsets);
    return Unexpected("a list");
  }

  bool end_array() { return Go(Place::kTensor); }

  template <typename Exception>
  bool parse_error(size_t position, const std::string&, const Exception&) {
    return Problem(fmt::format("its header is not valid JSON at byte {}", position));
  }

 private:
  enum class Place { kOutside, kHeader, kTensor, kShape, kOffsets, kMetadata };

  std::string Name() const { return "tensor " + Printable(entries_.back().name); }
  std::string Key() const { return Printable(key_); }

  bool Go(Place place) {
    place_ = place;
    return true;
  }

  bool Problem(std::string text) {
    problem_ = std::move(text);
    return false;
  }

  bool Unexpected(const std::string& what) {
    const bool in_tensor = place_ == Place::kTensor || place_ == Place::kShape || place_ == Place::kOffsets;
    return Problem(fmt::format("its header has {} where it does not belong ({}{})", what,
                               in_tensor ? Name() + ", " : "", key_.empty() ? "at the start" : Key()));
  }

  bool SetType(const std::string& text) {
    const auto* const found =
        std::find_if(std::begin(kTypes), std::end(kTypes), [&](DType type) { return text == siskin::Name(type); });
    if (found == std::end(kTypes)) {
      return Problem(fmt::format("{} has the type {}, which Siskin does not know", Name(), Printable(text)));
    }
    entries_.back().dtype = *found;
    return true;
  }

  Place place_ = Place::kOutside;
  std::string key_;
  std::string problem_;
  std::set<std::string> names_, fields_;
  std::vector<Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

[[noreturn]] void FailFile(std::string_view where, const std::string& reason) {
  Fail(ErrorKind::kModel, "{}: is not a valid safetensors file: {}; it is damaged, cut off or of another kind", where,
       reason);
}

uint64_t HeaderLength(std::string_view bytes, std::string_view where) {
  if (bytes.size() < kLengthBytes) FailFile(where, fmt::format("it has only {} bytes", bytes.size()));
  uint64_t length = 0;
  for (size_t i = kLengthBytes; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  if (length > kMaxHeaderBytes) FailFile(where, fmt::format("its header claims {} bytes", length));
  if (length > bytes.size() - kLengthBytes) {
    FailFile(where,
             fmt::format("its header claims {} bytes of the {} that follow", length, bytes.size() - kLengthBytes));
  }
  return length;
}

HeaderReader ReadHeader(std::string_view header, std::string_view where) {
  if (header.empty() || header.front() != '{') FailFile(where, "its header does not begin with {");
  // The JSON parser takes a NUL for the end of the text and would not look at what follows.
  if (header.find('\0') != std::string_view::npos) FailFile(where, "its header has a NUL byte");
  HeaderReader reader;
  if (!Json::sax_parse(header, &reader)) FailFile(where, reader.problem());
  return reader;
}

// Sorted by place in the data; they must cover it without gap or overlap.
void CheckOffsets(std::vector<Entry>& entries, uint64_t data_bytes, std::string_view where) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.offsets, a.name) < std::tie(b.offsets, b.name); });
  uint64_t at = 0;
  for (const Entry& entry : entries) {
    const uint64_t begin = entry.offsets[0], end = entry.offsets[1];
    const std::string name = Printable(entry.name);
    if (begin != at) {
      FailFile(where, fmt::format("tensor {} begins at byte {}, expected {}: its tensors {}", name, begin, at,
                                  begin < at ? "overlap" : "leave a gap"));
    }
    if (end < begin || end > data_bytes) {
      FailFile(where, fmt::format("tensor {} takes bytes {} to {} of {}", name, begin, end, data_bytes));
    }
    const Shape shape(entry.shape);
    if (!FitsIn(shape, SizeOf(entry.dtype), kMaxFileBytes) ||
        static_cast<uint64_t>(shape.num_elements()) * SizeOf(entry.dtype) != end - begin) {
      FailFile(where, fmt::format("tensor {} of shape {} and type {} has {} bytes", name, shape.ToString(),
                                  Name(entry.dtype), end - begin));
    }
    at = end;
  }
  if (at != data_bytes) FailFile(where, fmt::format("{} bytes at its end belong to no tensor", data_bytes - at));
}

// In the order of the data: largest elements first, so that each tensor lies at a multiple of its element size.
std::vector<TensorMap::const_pointer> InFileOrder(const TensorMap& tensors) {
  std::vector<TensorMap::const_pointer> order;
  order.reserve(tensors.size());
  for (const auto& named : tensors) order.push_back(&named);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return SizeOf(a->second.dtype()) > SizeOf(b->second.dtype()); });
  return order;
}

std::string HeaderText(const std::vector<TensorMap::const_pointer>& order,
                       const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) {
    Json& entry = header[kMetadataKey] = Json::object();
    for (const auto& [key, value] : metadata) entry[key] = value;
  }
  uint64_t at = 0;
  for (const auto* named : order) {
    const auto& [name, tensor] = *named;
    if (name == kMetadataKey || !IsValidUtf8(name)) {
      Fail(ErrorKind::kInternal, "a tensor cannot be saved under the name {}", Printable(name));
    }
    header[name] = {{"dtype", Name(tensor.dtype())},
                    {"shape", tensor.shape().dims()},
                    {"data_offsets", {at, at + tensor.num_bytes()}}};
    at += tensor.num_bytes();
  }
  std::string text = ToText(header);
  text.resize((kLengthBytes + text.size() + kAlignment - 1) / kAlignment * kAlignment - kLengthBytes, ' ');
  return text;
}

}  // namespace

SafetensorsFile ParseSafetensors(std::string_view bytes, std::string_view where) {
  if (bytes.size() > kMaxFileBytes) FailFile(where, fmt::format("it has {} bytes", bytes.size()));
  const uint64_t header_bytes = HeaderLength(bytes, where);
  HeaderReader reader = ReadHeader(bytes.substr(kLengthBytes, header_bytes), where);
  const std::string_view data = bytes.substr(kLengthBytes + header_bytes);
  CheckOffsets(reader.entries(), data.size(), where);

  SafetensorsFile file;
  file.metadata = std::move(reader.metadata());
  for (Entry& entry : reader.entries()) {
    Tensor tensor(Shape(std::move(entry.shape)), entry.dtype);
    if (!tensor.empty()) std::memcpy(tensor.bytes().data(), data.data() + entry.offsets[0], tensor.num_bytes());
    file.tensors.emplace(std::move(entry.name), std::move(tensor));
  }
  return file;
}

SafetensorsFile ReadSafetensors(const std::filesystem::path& path) {
  const MappedFile file(path);
  return ParseSafetensors(file.text(), Printable(path.native()));
}

std::map<std::string, std::string> ReadSafetensorsMetadata(const std::filesystem::path& path) {
  const MappedFile file(path);  // pages that nobody looks at are not read
  const std::string where = Printable(path.native());
  const uint64_t header_bytes = HeaderLength(file.text(), where);
  return std::move(ReadHeader(file.text().substr(kLengthBytes, header_bytes), where).metadata());
}

void SerializeSafetensors(const TensorMap& tensors, const std::map<std::string, std::string>& metadata,
                          const std::function<void(std::string_view)>& write) {
  const std::vector<TensorMap::const_pointer> order = InFileOrder(tensors);
  const std::string header = HeaderText(order, metadata);
  std::string length(kLengthBytes, '\0');
  for (size_t i = 0; i < kLengthBytes; ++i) length[i] = static_cast<char>(header.size() >> (8 * i) & 0xFF);
  write(length);
  write(header);
  for (const auto* named : order) {
    const auto bytes = named->second.bytes();
    write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
}

void WriteSafetensors(const std::filesystem::path& path, const TensorMap& tensors,
                      const std::map<std::string, std::string>& metadata, FileOps& ops) {
  AtomicFile file(path, ops);
  SerializeSafetensors(tensors, metadata, [&](std::string_view bytes) { file.Write(bytes); });
  file.Commit();
}

}  // namespace siskin
