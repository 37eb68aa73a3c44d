// JPEG by libjpeg-turbo: accurate DCT and smooth chroma upsampling (the defaults of libjpeg, so that the pixels are
// those that Pillow sees), reduced size where asked for, a limit on the number of scans. By libjpeg's own interface, as
// TurboJPEG does not tell how far a damaged file could be decoded.
#include <algorithm>
#include <array>
#include <climits>
#include <csetjmp>
#include <cstring>

#include "base/error.h"
#include "images/codec.h"
#include "images/exif.h"
#include "images/libjpeg.h"

namespace siskin {
namespace {

// Every writer of CMYK JPEGs follows Adobe and stores them inverted, and every reader assumes it. The naive conversion,
// rounded as in Pillow.
void InvertedCmykToRgb(std::span<const uint8_t> cmyk, uint8_t* rgb) {
  for (size_t i = 0; i + 3 < cmyk.size(); i += 4, rgb += 3) {
    const unsigned light = cmyk[i + 3];
    for (size_t c = 0; c < 3; ++c) {
      const unsigned product = (255u - cmyk[i + c]) * light + 128;
      rgb[c] = static_cast<uint8_t>(light - ((product + (product >> 8)) >> 8));
    }
  }
}

// libjpeg reports errors by a function that must not return, here by longjmp, which runs no destructors. So every call
// into libjpeg that may fail is made by a Step, as in PngReader (png.cc).
//
// How far a file goes is counted in iMCU rows: 8 rows of pixels, or 16 or 32 where a component is subsampled. The
// pixels do not tell: what is missing comes out mid-grey, but photos have grey parts, too.
class JpegReader {
 public:
  explicit JpegReader(std::string_view bytes) : bytes_(bytes) {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = OnError;
    errors_.emit_message = OnMessage;
    for (auto& rows : received_) rows.fill(kNever);
  }
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  bool ReadHeader() { return Run(HeaderStep); }

  // After ReadHeader. `image` has the size of the photo by `divisor`: 1, 2, 4 or 8. True if its pixels have been
  // written, whatever they are worth.
  bool ReadPixels(int divisor, Image* image) {
    divisor_ = divisor;
    image_ = image;
    if (IsCmyk()) cmyk_.resize(static_cast<size_t>(image->width) * 4);
    if (!Run(StartStep)) return false;
    if (several_scans_) return Run(ScansStep) && Run(OutputStep);
    if (!Run(RowsStep)) return false;
    NoteScan();
    Run(EndStep);  // all pixels are there: what follows them can be worth a complaint, no more
    return true;
  }

  const jpeg_decompress_struct& header() const { return jpeg_; }
  bool IsCmyk() const { return jpeg_.jpeg_color_space == JCS_CMYK || jpeg_.jpeg_color_space == JCS_YCCK; }
  // All coefficients are kept until the last scan is read.
  bool several_scans() const { return several_scans_; }

  // The EXIF segment, or nothing.
  std::string_view Exif() const {
    for (const jpeg_marker_struct* marker = jpeg_.marker_list; marker != nullptr; marker = marker->next) {
      const std::string_view body(reinterpret_cast<const char*>(marker->data), marker->data_length);
      if (body.starts_with("Exif")) return body;
    }
    return {};
  }

  // The first error or warning; empty if there was none.
  const char* complaint() const { return complaint_; }
  // The same, unless it only says that the file or a scan ends too early.
  const char* cause() const {
    return complaint_code_ == JWRN_JPEG_EOF || complaint_code_ == JWRN_HIT_MARKER ? "" : complaint_;
  }

  // Rows from the top of which everything has come that a photo needs. In a progressive file a coefficient has come
  // when its first bits have, and of the colours their mean in each block is enough. What further scans add is fine
  // detail: without them, 60 photos of dogs-vs-cats are at 34 dB of the whole ones (JPEG of quality 90; 31 dB at 75),
  // as after a strong compression.
  int CompleteRows() const { return ReceivedRows(DCTSIZE2); }
  // Rows of which at least the mean brightness and colour of each block has come.
  int VisibleRows() const { return ReceivedRows(1); }
  // Scans from the first on that are complete, and whether further ones are missing or incomplete.
  int complete_scans() const { return complete_scans_; }
  bool LacksScans() const {
    if (complete_scans_ < scans_) return true;
    if (!ended_ || jpeg_.coef_bits == nullptr) return false;
    for (int c = 0; c < channels_; ++c) {
      // Bits of each coefficient that are still to come; -1: all of them.
      if (std::ranges::any_of(std::span(jpeg_.coef_bits[c]), [](int bits) { return bits != 0; })) return true;
    }
    return false;
  }
  // If ReadPixels failed: where the data of the last scan end that could be read, 0 if there is none. Up to there, and
  // with an end marker, the file can be decoded.
  size_t scans_end() const { return scans_end_; }
  // The bytes are such a part of those of `all`.
  void IsPartOf(const JpegReader& all) {
    ended_ = true;
    complaint_code_ = all.complaint_code_;
    std::memcpy(complaint_, all.complaint_, sizeof(complaint_));
  }

 private:
  using Step = void (*)(JpegReader&);
  static constexpr int kNever = -1, kNowhere = INT_MAX;
  static constexpr int kMostChannels = 4;

  bool Run(Step step) {
    if (setjmp(jump_) != 0) return false;
    step(*this);
    return true;
  }

  static void HeaderStep(JpegReader& reader) {
    jpeg_decompress_struct& jpeg = reader.jpeg_;
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(reader.bytes_.data()), reader.bytes_.size());
    jpeg.src->fill_input_buffer = OnEndOfFile;
    jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);  // EXIF
    jpeg_read_header(&jpeg, TRUE);
    reader.several_scans_ = jpeg_has_multiple_scans(&jpeg);
    reader.bytes_from_scan_ = jpeg.src->bytes_in_buffer;
    reader.channels_ = jpeg.num_components;
    reader.height_ = static_cast<int>(jpeg.image_height);
  }

  static void StartStep(JpegReader& reader) {
    jpeg_decompress_struct& jpeg = reader.jpeg_;
    jpeg.out_color_space = reader.IsCmyk() ? JCS_CMYK : JCS_RGB;
    jpeg.scale_denom = static_cast<unsigned>(reader.divisor_);
    // Otherwise libjpeg would read all scans here, at once, and show nothing of how it goes.
    jpeg.buffered_image = reader.several_scans_;
    jpeg_start_decompress(&jpeg);
    if (static_cast<int>(jpeg.output_width) != reader.image_->width ||
        static_cast<int>(jpeg.output_height) != reader.image_->height) {
      reader.Refuse("libjpeg decodes it at an unexpected size");
    }
  }

  static void ScansStep(JpegReader& reader) {
    // A file may not take a scan for every few bytes; cameras and programs write about ten.
    constexpr int kMostScans = 500;
    jpeg_decompress_struct& jpeg = reader.jpeg_;
    for (int status = 0; status != JPEG_REACHED_EOI;) {
      status = jpeg_consume_input(&jpeg);
      if (status == JPEG_SCAN_COMPLETED) {
        reader.NoteScan();
        // A marker may have been read already.
        const size_t rest = jpeg.src->bytes_in_buffer + (jpeg.unread_marker != 0 ? 2 : 0);
        if (!reader.ended_) reader.scans_end_ = reader.bytes_.size() - rest;
      }
      if (jpeg.input_scan_number > kMostScans) reader.Refuse("it has more than 500 scans");
    }
  }

  static void OutputStep(JpegReader& reader) {
    jpeg_start_output(&reader.jpeg_, reader.jpeg_.input_scan_number);
    RowsStep(reader);
  }

  static void RowsStep(JpegReader& reader) {
    jpeg_decompress_struct& jpeg = reader.jpeg_;
    const size_t row_bytes = size_t{3} * jpeg.output_width;
    while (jpeg.output_scanline < jpeg.output_height) {
      uint8_t* const rgb = reader.image_->rgb.data() + row_bytes * jpeg.output_scanline;
      JSAMPROW row = reader.cmyk_.empty() ? rgb : reader.cmyk_.data();
      jpeg_read_scanlines(&jpeg, &row, 1);
      if (!reader.cmyk_.empty()) InvertedCmykToRgb(reader.cmyk_, rgb);
    }
  }

  static void EndStep(JpegReader& reader) { jpeg_finish_decompress(&reader.jpeg_); }

  // Takes note of the scan that has just been read to its end.
  void NoteScan() {
    const int all_rows = static_cast<int>(jpeg_.total_iMCU_rows);
    const int rows = std::min(first_lost_row_, all_rows);
    const int first = jpeg_.progressive_mode ? jpeg_.Ss : 0;
    const int last = jpeg_.progressive_mode ? jpeg_.Se : DCTSIZE2 - 1;
    const bool refines = jpeg_.progressive_mode && jpeg_.Ah != 0;
    for (int i = 0; i < jpeg_.comps_in_scan && !refines; ++i) {
      auto& received = received_[static_cast<size_t>(jpeg_.cur_comp_info[i]->component_index)];
      for (int k = first; k <= last; ++k)
        received[static_cast<size_t>(k)] = std::max(received[static_cast<size_t>(k)], rows);
    }
    if (complete_scans_ == scans_ && rows == all_rows) ++complete_scans_;
    ++scans_;
    first_lost_row_ = kNowhere;
  }

  // Rows of pixels, from the top, for which the first `coefficients` of each block have come; of colour the first one.
  int ReceivedRows(int coefficients) const {
    int rows = static_cast<int>(jpeg_.total_iMCU_rows);
    for (int c = 0; c < channels_; ++c) {
      for (int k = 0; k < (IsColour(c) ? 1 : coefficients); ++k) {
        const int received = received_[static_cast<size_t>(c)][static_cast<size_t>(k)];
        // A file that is whole may leave out what it likes.
        if (received != kNever || ended_) rows = std::min(rows, std::max(received, 0));
      }
    }
    const int64_t pixels = int64_t{rows} * jpeg_.max_v_samp_factor * DCTSIZE;
    return static_cast<int>(std::min<int64_t>(pixels, height_));
  }
  bool IsColour(int component) const {
    const bool has_brightness = jpeg_.jpeg_color_space == JCS_YCbCr || jpeg_.jpeg_color_space == JCS_YCCK;
    return has_brightness && (component == 1 || component == 2);
  }

  static JpegReader& Of(void* client_data) { return *static_cast<JpegReader*>(client_data); }

  // Beyond the last byte comes an end marker, as libjpeg's own source has it.
  static boolean OnEndOfFile(j_decompress_ptr jpeg) {
    // An arithmetic decoder reads two bytes ahead, and a writer leaves out zeros at the end of a scan: for 200 x 200
    // grey pixels below a photo, more than 8. Of several scans or a short one they could be all that there is.
    static constexpr JOCTET kZeros[16] = {}, kEndMarker[] = {0xFF, JPEG_EOI};
    JpegReader& reader = Of(jpeg->client_data);
    const bool in_scan = jpeg->input_iMCU_row < jpeg->total_iMCU_rows;
    const bool first_time = !reader.ended_;
    if (first_time) {
      reader.ended_ = true;
      reader.row_at_end_ = in_scan ? static_cast<int>(jpeg->input_iMCU_row) : 0;
      WARNMS(jpeg, JWRN_JPEG_EOF);
    }
    jpeg->src->next_input_byte = kEndMarker;
    jpeg->src->bytes_in_buffer = sizeof(kEndMarker);
    if (jpeg->arith_code && in_scan) {
      if (first_time && !reader.several_scans_ && reader.bytes_from_scan_ >= 64 * sizeof(kZeros)) {
        jpeg->src->next_input_byte = kZeros;
        jpeg->src->bytes_in_buffer = sizeof(kZeros);
      } else {
        // After a marker it goes on with zeros and says nothing, so that here is the last chance to notice.
        reader.LoseFrom(reader.row_at_end_);
      }
    }
    return TRUE;
  }

  void LoseFrom(int row) { first_lost_row_ = std::min(first_lost_row_, row); }

  // Warnings (level -1) and traces, each at the place in the file that it is about.
  static void OnMessage(j_common_ptr common, int level) {
    JpegReader& reader = Of(common->client_data);
    const int code = reader.errors_.msg_code;
    // From here on the decoder leaves the scan empty ...
    if (code == JWRN_HIT_MARKER || code == JWRN_ARITH_BAD_CODE) {
      reader.LoseFrom(static_cast<int>(reader.jpeg_.input_iMCU_row));
    }
    // ... unless a restart marker follows: the expected one, or one to go on after all the same (action 1 of
    // jpeg_resync_to_restart).
    const bool resumes = code == JTRC_RST || (code == JTRC_RECOVERY_ACTION && reader.errors_.msg_parm.i[1] == 1);
    if (resumes) reader.first_lost_row_ = kNowhere;
    if (level < 0) reader.Complain();
  }

  [[noreturn]] static void OnError(j_common_ptr common) {
    JpegReader& reader = Of(common->client_data);
    reader.Complain();
    std::longjmp(reader.jump_, 1);
  }

  [[noreturn]] void Refuse(const char* reason) {
    std::strncpy(complaint_, reason, sizeof(complaint_) - 1);
    scans_end_ = 0;
    std::longjmp(jump_, 1);
  }

  void Complain() {
    if (complaint_[0] != '\0') return;
    complaint_code_ = errors_.msg_code;
    errors_.format_message(reinterpret_cast<j_common_ptr>(&jpeg_), complaint_);
  }

  std::string_view bytes_;
  bool several_scans_ = false;
  // libjpeg takes these of a second frame header before it refuses it.
  int channels_ = 0, height_ = 0;
  int divisor_ = 1;
  Image* image_ = nullptr;
  std::vector<uint8_t> cmyk_;  // one row

  jpeg_decompress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf jump_{};
  char complaint_[JMSG_LENGTH_MAX] = "";
  int complaint_code_ = 0;

  bool ended_ = false;             // the file, before its end marker
  int row_at_end_ = 0;             // in which iMCU row of a scan; 0 before it
  int first_lost_row_ = kNowhere;  // of the scan being read
  int scans_ = 0, complete_scans_ = 0;
  size_t bytes_from_scan_ = 0;  // from where the first scan begins
  size_t scans_end_ = 0;
  // By component and coefficient (zigzag): the iMCU rows from the top for which it has come at least once.
  std::array<std::array<int, DCTSIZE2>, kMostChannels> received_;
};

bool MatchesJpeg(std::string_view bytes) {
  return bytes.starts_with("\xFF\xD8");
}

int ScaledDown(int side, int divisor) {
  return (side + divisor - 1) / divisor;  // as libjpeg rounds
}

// The largest divisor with which both sides stay at least `min_side`.
int DivisorFor(int width, int height, int min_side) {
  int divisor = 1;
  for (const int candidate : {2, 4, 8}) {
    if (min_side > 0 && ScaledDown(std::min(width, height), candidate) >= min_side) divisor = candidate;
  }
  return divisor;
}

// Over all components, after subsampling.
double SamplesPerPixel(const jpeg_decompress_struct& jpeg) {
  int blocks = 0;
  for (const jpeg_component_info& component : std::span(jpeg.comp_info, static_cast<size_t>(jpeg.num_components))) {
    blocks += component.h_samp_factor * component.v_samp_factor;
  }
  return static_cast<double>(blocks) / (jpeg.max_h_samp_factor * jpeg.max_v_samp_factor);
}

PhotoHeader ReadJpegHeader(std::string_view bytes, int min_side) {
  PhotoHeader header;
  JpegReader reader(bytes);
  if (!reader.ReadHeader()) {
    header.error = fmt::format("damaged JPEG: {}", reader.complaint());
    return header;
  }
  const jpeg_decompress_struct& jpeg = reader.header();
  if (jpeg.jpeg_color_space == JCS_UNKNOWN) {
    header.error = fmt::format("a JPEG of {} channels; photos have 1, 3 or 4 (CMYK)", jpeg.num_components);
    return header;
  }
  header.width = static_cast<int>(jpeg.image_width);
  header.height = static_cast<int>(jpeg.image_height);
  header.orientation = ExifOrientation(reader.Exif());
  const int divisor = DivisorFor(header.width, header.height, min_side);
  header.decoded_width = ScaledDown(header.width, divisor);
  header.decoded_height = ScaledDown(header.height, divisor);

  const int64_t pixels = int64_t{header.width} * header.height;
  const int64_t decoded = int64_t{header.decoded_width} * header.decoded_height;
  const int copies = header.orientation > 1 ? 2 : 1;
  header.memory_bytes = decoded * 3 * copies;
  if (reader.several_scans()) header.memory_bytes += static_cast<int64_t>(pixels * SamplesPerPixel(jpeg) * 2);

  // At least one bit for each 8x8 block of the brightness: 512 pixels a byte. Arithmetic coding has no such bound.
  constexpr int64_t kMostPixelsPerByte = 512;
  header.too_small = !jpeg.arith_code && pixels / (2 * kMostPixelsPerByte) > static_cast<int64_t>(bytes.size());
  return header;
}

// What is to be said of a photo that has been decoded.
void Report(const JpegReader& reader, int all_rows, DecodedImage* result) {
  const RowsThere rows{reader.CompleteRows(), reader.VisibleRows(), all_rows};
  if (rows.complete < all_rows) {
    const std::string scan = fmt::format("scan {} is not complete", reader.complete_scans() + 1);
    ReportMissingRows(rows, reader.several_scans() ? scan : reader.cause(), result);
  } else if (reader.LacksScans()) {
    result->warning =
        fmt::format("truncated: only the first {} scans are there; some detail is missing", reader.complete_scans());
  } else if (reader.complaint()[0] != '\0') {
    result->warning = fmt::format("damaged JPEG: {}", reader.complaint());
  }
}

// The one that read_header chose; the smallest, where several give the same size: a picture of a few pixels.
int DivisorOf(const PhotoHeader& header) {
  int divisor = 1;
  while (divisor < 8 && (ScaledDown(header.width, divisor) != header.decoded_width ||
                         ScaledDown(header.height, divisor) != header.decoded_height)) {
    divisor *= 2;
  }
  return divisor;
}

void DecodeJpeg(std::string_view bytes, const PhotoHeader& header, DecodedImage* result) {
  const int divisor = DivisorOf(header);
  JpegReader reader(bytes);
  if (reader.ReadHeader() && reader.ReadPixels(divisor, &result->image)) {
    Report(reader, header.height, result);
    return;
  }
  // What follows the last complete scan may make no sense, or end in the middle of a table.
  if (reader.scans_end() > 0) {
    const std::string readable = std::string(bytes.substr(0, reader.scans_end())) + "\xFF\xD9";
    JpegReader part(readable);
    part.IsPartOf(reader);
    if (part.ReadHeader() && part.ReadPixels(divisor, &result->image)) {
      Report(part, header.height, result);
      return;
    }
  }
  result->error = fmt::format("damaged JPEG: {}", reader.complaint());
}

}  // namespace

const Codec kJpegCodec = {"JPEG", MatchesJpeg, ReadJpegHeader, DecodeJpeg};

}  // namespace siskin
