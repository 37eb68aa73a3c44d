// Writing JPEG by libjpeg, for pictures that Siskin shows or draws: baseline, no metadata.
#include <csetjmp>
#include <cstdint>

#include "images/encode.h"
#include "images/libjpeg.h"

namespace siskin {
namespace {

// libjpeg reports errors by a function that must not return, here by longjmp, which runs no destructors: see PngReader
// in png.cc. Here everything is in one step.
class JpegWriter {
 public:
  JpegWriter(const Image& image, std::string* out) : image_(image), out_(*out) {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = OnError;
    errors_.output_message = [](j_common_ptr) {};  // the library prints nothing
    destination_.init_destination = OnBegin;
    destination_.empty_output_buffer = OnFull;
    destination_.term_destination = OnEnd;
  }
  ~JpegWriter() { jpeg_destroy_compress(&jpeg_); }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;

  bool Write(int quality) {
    if (setjmp(jump_) != 0) return false;
    WriteAll(*this, quality);
    return true;
  }

 private:
  static void WriteAll(JpegWriter& writer, int quality) {
    jpeg_compress_struct& jpeg = writer.jpeg_;
    jpeg_create_compress(&jpeg);
    jpeg.dest = &writer.destination_;
    jpeg.image_width = static_cast<JDIMENSION>(writer.image_.width);
    jpeg.image_height = static_cast<JDIMENSION>(writer.image_.height);
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);  // accurate DCT, colours at half resolution
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
      // libjpeg takes pointers to what it only reads as such to what it might write.
      auto* row = const_cast<JSAMPLE*>(writer.image_.rgb.data() + size_t{3} * jpeg.image_width * jpeg.next_scanline);
      jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
  }

  static JpegWriter& Of(j_compress_ptr jpeg) { return *static_cast<JpegWriter*>(jpeg->client_data); }
  void Flush(size_t size) {
    out_.append(reinterpret_cast<const char*>(buffer_), size);
    destination_.next_output_byte = buffer_;
    destination_.free_in_buffer = sizeof(buffer_);
  }
  static void OnBegin(j_compress_ptr jpeg) { Of(jpeg).Flush(0); }
  static boolean OnFull(j_compress_ptr jpeg) {
    Of(jpeg).Flush(sizeof(buffer_));
    return TRUE;
  }
  static void OnEnd(j_compress_ptr jpeg) { Of(jpeg).Flush(sizeof(buffer_) - Of(jpeg).destination_.free_in_buffer); }
  [[noreturn]] static void OnError(j_common_ptr jpeg) {
    std::longjmp(static_cast<JpegWriter*>(jpeg->client_data)->jump_, 1);
  }

  const Image& image_;
  std::string& out_;
  jpeg_compress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  jpeg_destination_mgr destination_{};
  std::jmp_buf jump_{};
  JOCTET buffer_[4096];  // a thumbnail is one or two of them
};

}  // namespace

std::string EncodeJpeg(const Image& image, int quality) {
  std::string jpeg;
  JpegWriter writer(image, &jpeg);
  return writer.Write(quality) ? jpeg : "";
}

}  // namespace siskin
