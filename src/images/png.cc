// PNG by libpng's low-level interface. Only what shows the picture is read (IHDR, PLTE, tRNS, IDAT); text, colour
// profiles and other chunks are skipped unseen, so that they can neither fill the memory nor spoil the photo.
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "images/codec.h"
#include "images/exif.h"

namespace siskin {
namespace {

constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";

uint32_t BigEndian32(std::string_view bytes, size_t pos) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[pos + i]);
  return value;
}

bool MatchesPng(std::string_view bytes) {
  return bytes.starts_with(kSignature);
}

// The eXIf chunk, wherever it is.
int OrientationInChunks(std::string_view bytes) {
  for (size_t pos = kSignature.size(); pos < bytes.size() && bytes.size() - pos >= 12;) {
    const size_t size = BigEndian32(bytes, pos);
    if (size > bytes.size() - pos - 12) break;
    if (bytes.substr(pos + 4, 4) == "eXIf") return ExifOrientation(bytes.substr(pos + 8, size));
    pos += 12 + size;  // length, name, data, checksum
  }
  return 1;
}

// Samples of one pixel by colour type (PNG specification, table 11.1); 0 for a type that does not exist.
int Channels(int colour_type) {
  constexpr int kChannels[] = {1, 0, 3, 1, 2, 0, 4};
  return colour_type <= 6 ? kChannels[colour_type] : 0;
}

PhotoHeader ReadPngHeader(std::string_view bytes, int /*min_side*/) {
  PhotoHeader header;
  constexpr size_t kDataAt = 16;  // signature, length and name of IHDR come first
  if (bytes.size() < kDataAt + 13 || bytes.substr(12, 4) != "IHDR") {
    header.error = "damaged PNG: it has no complete header";
    return header;
  }
  const uint32_t width = BigEndian32(bytes, kDataAt), height = BigEndian32(bytes, kDataAt + 4);
  const auto byte = [&](size_t pos) { return static_cast<int>(static_cast<unsigned char>(bytes[pos])); };
  const int depth = byte(kDataAt + 8), colour_type = byte(kDataAt + 9);
  const bool interlaced = bytes[kDataAt + 12] != 0;
  if (width == 0 || height == 0 || width > PNG_UINT_31_MAX || height > PNG_UINT_31_MAX || Channels(colour_type) == 0) {
    header.error = "damaged PNG: its header makes no sense";
    return header;
  }
  header.width = header.decoded_width = static_cast<int>(width);
  header.height = header.decoded_height = static_cast<int>(height);
  header.orientation = OrientationInChunks(bytes);
  // RGB, once more if it is turned; RGBA beside it if interlaced (the passes are mixed), else a row of it; libpng keeps
  // two rows of up to 8 bytes a pixel.
  const int copies = header.orientation > 1 ? 2 : 1;
  const double pixels = static_cast<double>(width) * height;
  header.memory_bytes =
      static_cast<int64_t>(std::min(pixels * (3 * copies + (interlaced ? 4 : 0)) + width * 20.0, 0x1p62));
  // Deflate compresses 1032 bytes into one at best.
  const double raw_bytes = pixels * depth * Channels(colour_type) / 8;
  header.too_small = raw_bytes / (2 * 1032) > static_cast<double>(bytes.size());
  return header;
}

// libpng reports errors by longjmp, which runs no destructors. So every call into libpng that may fail is made by a
// Step: a plain function whose frame, like libpng's own, holds nothing that needs one. What needs one lives here.
class PngReader {
 public:
  PngReader(std::string_view bytes, Image* image) : rest_(bytes), image_(*image) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, OnError, OnWarning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  // True if all of the picture was decoded; what libpng had to say is in complaint().
  bool Read() {
    if (png_ == nullptr || info_ == nullptr) return false;
    if (!Run(StartStep)) return false;
    const size_t width = static_cast<size_t>(image_.width), height = static_cast<size_t>(image_.height);
    if (channels_ == 4) rgba_.resize(width * 4 * (passes_ > 1 ? height : 1));
    const bool complete = Run(RowsStep);
    if (channels_ == 4 && passes_ > 1) ComposeOnWhite(rgba_, image_.rgb.data());
    if (complete) Run(EndStep);
    return complete;
  }

  int rows() const { return rows_; }  // complete from the top
  const char* complaint() const { return complaint_; }

 private:
  using Step = void (*)(PngReader&);

  bool Run(Step step) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    step(*this);
    return true;
  }

  static void StartStep(PngReader& reader) {
    png_struct* png = reader.png_;
    png_set_read_fn(png, &reader, OnRead);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the size was checked before
    // Every chunk but those that show the picture is skipped byte by byte, never kept or unpacked. So no limit on their
    // size is needed, and libpng would complain about each that is larger than one.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_set_chunk_malloc_max(png, 0);
    png_set_chunk_cache_max(png, 16);  // should libpng want to keep one after all
    // A wrong checksum does not mean that the rest is missing: zlib notices what it cannot decode.
    png_set_crc_action(png, PNG_CRC_WARN_USE, PNG_CRC_DEFAULT);
    png_read_info(png, reader.info_);
    png_set_expand(png);  // palette, 1, 2 and 4 bits, tRNS
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    reader.passes_ = png_set_interlace_handling(png);
    png_read_update_info(png, reader.info_);
    reader.channels_ = png_get_channels(png, reader.info_);
    const size_t row_bytes = static_cast<size_t>(reader.image_.width) * static_cast<size_t>(reader.channels_);
    if (png_get_rowbytes(png, reader.info_) != row_bytes || (reader.channels_ != 3 && reader.channels_ != 4) ||
        png_get_image_height(png, reader.info_) != static_cast<png_uint_32>(reader.image_.height)) {
      png_error(png, "unexpected layout of the pixels");
    }
  }

  static void RowsStep(PngReader& reader) {
    const size_t width = static_cast<size_t>(reader.image_.width);
    uint8_t* const rgb = reader.image_.rgb.data();
    for (int pass = 0; pass < reader.passes_; ++pass) {
      for (size_t y = 0; y < static_cast<size_t>(reader.image_.height); ++y) {
        if (reader.channels_ == 3) {
          png_read_row(reader.png_, rgb + y * width * 3, nullptr);
        } else if (reader.passes_ > 1) {
          png_read_row(reader.png_, reader.rgba_.data() + y * width * 4, nullptr);
        } else {
          png_read_row(reader.png_, reader.rgba_.data(), nullptr);
          ComposeOnWhite(reader.rgba_, rgb + y * width * 3);
        }
        if (pass == reader.passes_ - 1) reader.rows_ = static_cast<int>(y) + 1;
      }
    }
  }

  static void EndStep(PngReader& reader) { png_read_end(reader.png_, nullptr); }

  static void OnRead(png_struct* png, png_byte* out, size_t size) {
    auto& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
    if (size > reader.rest_.size()) png_error(png, "it ends too early");
    std::memcpy(out, reader.rest_.data(), size);
    reader.rest_.remove_prefix(size);
  }

  void Complain(const char* message) {
    if (complaint_[0] == '\0') std::strncpy(complaint_, message, sizeof(complaint_) - 1);
  }
  [[noreturn]] static void OnError(png_struct* png, const char* message) {
    static_cast<PngReader*>(png_get_error_ptr(png))->Complain(message);
    png_longjmp(png, 1);
  }
  static void OnWarning(png_struct* png, const char* message) {
    static_cast<PngReader*>(png_get_error_ptr(png))->Complain(message);
  }

  std::string_view rest_;
  Image& image_;
  std::vector<uint8_t> rgba_;
  png_struct* png_ = nullptr;
  png_info* info_ = nullptr;
  int passes_ = 1, channels_ = 0, rows_ = 0;
  char complaint_[128] = "";  // the first error or warning
};

void DecodePng(std::string_view bytes, const PhotoHeader& header, DecodedImage* result) {
  PngReader reader(bytes, &result->image);
  if (!reader.Read()) {
    if (reader.rows() == 0) {
      result->error = fmt::format("damaged PNG: {}", Printable(reader.complaint()));
    } else {
      ReportMissingRows({reader.rows(), reader.rows(), header.height}, Printable(reader.complaint()), result);
    }
  } else if (reader.complaint()[0] != '\0') {
    result->warning = fmt::format("damaged PNG: {}", Printable(reader.complaint()));
  }
}

}  // namespace

const Codec kPngCodec = {"PNG", MatchesPng, ReadPngHeader, DecodePng};

}  // namespace siskin
