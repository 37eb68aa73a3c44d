// Writing PNG by libpng's low-level interface, for pictures that Siskin shows: no palettes, no transparency. A
// text in front says who wrote it, so that such a picture can be told from a photo.
#include <png.h>

#include <csetjmp>
#include <cstring>

#include "base/error.h"
#include "images/encode.h"

namespace siskin {
namespace {

// libpng reports errors by longjmp, which runs no destructors: see PngReader in png.cc. Here everything is in one step.
class PngWriter {
 public:
  PngWriter(const Image& image, std::string* out) : image_(image), out_(*out) {
    png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, this, OnError, OnWarning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~PngWriter() { png_destroy_write_struct(&png_, &info_); }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;

  bool Write() {
    if (png_ == nullptr || info_ == nullptr) return false;
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    WriteAll(*this);
    return true;
  }

  const char* complaint() const { return complaint_; }

 private:
  static void WriteAll(PngWriter& writer) {
    png_struct* png = writer.png_;
    const Image& image = writer.image_;
    png_set_write_fn(png, &writer, OnWrite, nullptr);
    png_set_IHDR(png, writer.info_, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    char key[] = "Software", program[] = "Siskin";
    png_text text{};
    text.compression = PNG_TEXT_COMPRESSION_NONE;
    text.key = key;
    text.text = program;
    png_set_text(png, writer.info_, &text, 1);
    png_write_info(png, writer.info_);
    const uint8_t* row = image.rgb.data();
    for (int y = 0; y < image.height; ++y, row += static_cast<size_t>(image.width) * 3) png_write_row(png, row);
    png_write_end(png, nullptr);
  }

  static void OnWrite(png_struct* png, png_byte* data, size_t size) {
    auto& writer = *static_cast<PngWriter*>(png_get_io_ptr(png));
    writer.out_.append(reinterpret_cast<const char*>(data), size);
  }
  [[noreturn]] static void OnError(png_struct* png, const char* message) {
    auto& writer = *static_cast<PngWriter*>(png_get_error_ptr(png));
    std::strncpy(writer.complaint_, message, sizeof(writer.complaint_) - 1);
    png_longjmp(png, 1);
  }
  static void OnWarning(png_struct* /*png*/, const char* /*message*/) {}

  const Image& image_;
  std::string& out_;
  png_struct* png_ = nullptr;
  png_info* info_ = nullptr;
  char complaint_[128] = "";
};

}  // namespace

std::string EncodePng(const Image& image) {
  const bool has_pixels = image.width > 0 && image.height > 0;
  if (!has_pixels || image.rgb.size() != static_cast<size_t>(image.width) * static_cast<size_t>(image.height) * 3) {
    Fail(ErrorKind::kInternal, "EncodePng: {} bytes for {} x {} pixels", image.rgb.size(), image.width, image.height);
  }
  std::string png;
  PngWriter writer(image, &png);
  if (!writer.Write()) Fail(ErrorKind::kInternal, "EncodePng: libpng says \"{}\"", writer.complaint());
  return png;
}

}  // namespace siskin
