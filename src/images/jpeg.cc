// JPEG by libturbojpeg: accurate DCT and smooth chroma upsampling (the defaults of libjpeg, so that the pixels are
// those that Pillow sees), reduced size where asked for, a limit on the number of progressive scans.
#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/error.h"
#include "images/codec.h"
#include "images/exif.h"

namespace siskin {
namespace {

struct DestroyHandle {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Handle = std::unique_ptr<void, DestroyHandle>;

const unsigned char* Data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// What the marker segments before the first scan say and TurboJPEG does not tell (ITU-T T.81, annex B).
struct Segments {
  int orientation = 1;
  bool arithmetic = false;
  bool several_scans = false;    // all coefficients are kept until the last scan is read
  double samples_per_pixel = 3;  // over all components, after subsampling
};

uint8_t Byte(std::string_view bytes, size_t pos) {
  return pos < bytes.size() ? static_cast<uint8_t>(bytes[pos]) : 0;
}

// body: precision, height, width, number of components, then identifier, sampling and table of each.
double SamplesPerPixel(std::string_view body) {
  const int components = Byte(body, 5);
  int largest_h = 1, largest_v = 1, blocks = 0;
  for (int i = 0; i < components; ++i) {
    const int sampling = Byte(body, 7 + 3 * static_cast<size_t>(i)), h = sampling >> 4, v = sampling & 15;
    largest_h = std::max(largest_h, h);
    largest_v = std::max(largest_v, v);
    blocks += h * v;
  }
  return static_cast<double>(blocks) / (largest_h * largest_v);
}

Segments ReadSegments(std::string_view bytes) {
  constexpr int kSof0 = 0xC0, kSof15 = 0xCF, kDht = 0xC4, kJpg = 0xC8, kDac = 0xCC, kSos = 0xDA, kApp1 = 0xE1;
  Segments segments;
  int components = 0;
  bool exif_seen = false;
  for (size_t pos = 2; pos < bytes.size();) {
    if (Byte(bytes, pos) != 0xFF) {  // libjpeg skips such bytes, too
      ++pos;
      continue;
    }
    const int marker = Byte(bytes, pos + 1);
    const bool alone = marker == 0 || marker == 1 || marker == 0xFF || (marker >= 0xD0 && marker <= 0xD8);
    if (alone) {
      pos += marker == 0xFF ? 1 : 2;
      continue;
    }
    if (bytes.size() - pos < 4) break;
    const size_t length = static_cast<size_t>(Byte(bytes, pos + 2)) << 8 | Byte(bytes, pos + 3);
    if (length < 2) break;
    const std::string_view body = bytes.substr(pos + 4, length - 2);
    const bool frame = marker >= kSof0 && marker <= kSof15 && marker != kDht && marker != kJpg && marker != kDac;
    if (frame) {
      components = Byte(body, 5);
      segments.arithmetic = marker > kJpg;
      segments.several_scans = marker % 4 == 2;  // SOF2, SOF6, SOF10, SOF14 are progressive
      segments.samples_per_pixel = SamplesPerPixel(body);
    } else if (marker == kApp1 && !exif_seen && body.starts_with("Exif")) {
      exif_seen = true;
      segments.orientation = ExifOrientation(body);
    } else if (marker == kSos) {
      if (Byte(body, 0) < components) segments.several_scans = true;
      break;
    }
    pos += 2 + length;
  }
  return segments;
}

bool IsCmyk(int colour_space) {
  return colour_space == TJCS_CMYK || colour_space == TJCS_YCCK;
}

struct TurboHeader {
  int width = 0, height = 0, subsampling = -1, colour_space = -1;
};

bool ReadTurboHeader(tjhandle handle, std::string_view bytes, TurboHeader* header) {
  const int result = tjDecompressHeader3(handle, Data(bytes), bytes.size(), &header->width, &header->height,
                                         &header->subsampling, &header->colour_space);
  // It also fails for sampling factors that have no name in its API; decoding those works.
  return result == 0 || (header->width > 0 && header->height > 0 && header->colour_space >= 0);
}

bool MatchesJpeg(std::string_view bytes) {
  return bytes.starts_with("\xFF\xD8");
}

PhotoHeader ReadJpegHeader(std::string_view bytes, int min_side) {
  PhotoHeader header;
  const Handle handle(tjInitDecompress());
  TurboHeader turbo;
  if (handle == nullptr || !ReadTurboHeader(handle.get(), bytes, &turbo)) {
    header.error = fmt::format("damaged JPEG: {}", tjGetErrorStr2(handle.get()));
    return header;
  }
  const Segments segments = ReadSegments(bytes);
  header.width = turbo.width;
  header.height = turbo.height;
  header.orientation = segments.orientation;

  int divisor = 1;
  for (const int candidate : {2, 4, 8}) {
    const tjscalingfactor scale{1, candidate};
    if (min_side > 0 && std::min(TJSCALED(turbo.width, scale), TJSCALED(turbo.height, scale)) >= min_side) {
      divisor = candidate;
    }
  }
  const tjscalingfactor scale{1, divisor};
  header.decoded_width = TJSCALED(turbo.width, scale);
  header.decoded_height = TJSCALED(turbo.height, scale);

  const int64_t pixels = int64_t{turbo.width} * turbo.height;
  const int64_t decoded = int64_t{header.decoded_width} * header.decoded_height;
  const int copies = header.orientation > 1 ? 2 : 1;
  header.memory_bytes = decoded * (3 * copies + (IsCmyk(turbo.colour_space) ? 4 : 0));
  if (segments.several_scans) header.memory_bytes += static_cast<int64_t>(pixels * segments.samples_per_pixel * 2);

  // At least one bit for each 8x8 block of the brightness: 512 pixels a byte. Arithmetic coding has no such bound.
  constexpr int64_t kMostPixelsPerByte = 512;
  header.too_small = !segments.arithmetic && pixels / (2 * kMostPixelsPerByte) > static_cast<int64_t>(bytes.size());
  return header;
}

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

// Blocks for which there is no data come out of libjpeg as mid-grey: 128, or 127 where the colour conversion inverts.
// Such rows at the bottom of a file that ends early are missing ones.
int MissingRows(std::span<const uint8_t> pixels, int height) {
  const size_t row_bytes = pixels.size() / static_cast<size_t>(height);
  int missing = 0;
  while (missing < height) {
    const auto row = pixels.last((static_cast<size_t>(missing) + 1) * row_bytes).first(row_bytes);
    if (!std::ranges::all_of(row, [](uint8_t v) { return v == 127 || v == 128; })) break;
    ++missing;
  }
  return missing;
}

void DecodeJpeg(std::string_view bytes, const PhotoHeader& header, DecodedImage* result) {
  const Handle handle(tjInitDecompress());
  TurboHeader turbo;
  Image& image = result->image;
  if (handle == nullptr || !ReadTurboHeader(handle.get(), bytes, &turbo)) {
    result->error = fmt::format("damaged JPEG: {}", tjGetErrorStr2(handle.get()));
    return;
  }
  const bool is_cmyk = IsCmyk(turbo.colour_space);
  std::vector<uint8_t> cmyk(is_cmyk ? image.rgb.size() / 3 * 4 : 0);
  const std::span<uint8_t> pixels = is_cmyk ? cmyk : image.rgb;
  const int status = tjDecompress2(handle.get(), Data(bytes), bytes.size(), pixels.data(), image.width, 0, image.height,
                                   is_cmyk ? TJPF_CMYK : TJPF_RGB, TJFLAG_LIMITSCANS);
  std::string complaint = status == 0 ? "" : tjGetErrorStr2(handle.get());
  if (status != 0 && tjGetErrorCode(handle.get()) != TJERR_WARNING) {
    result->error = fmt::format("damaged JPEG: {}", complaint);
    return;
  }
  if (is_cmyk) InvertedCmykToRgb(cmyk, image.rgb.data());
  if (status == 0) return;
  const int missing = MissingRows(pixels, image.height);
  if (missing > 0) {
    const int rows = static_cast<int>(int64_t{image.height - missing} * header.height / image.height);
    ReportMissingRows(rows, header.height, "", result);
  } else {
    result->warning = fmt::format("damaged JPEG: {}", complaint);
  }
}

}  // namespace

std::string EncodeJpeg(const Image& image, int quality) {
  const Handle handle(tjInitCompress());
  unsigned char* data = nullptr;
  unsigned long size = 0;
  const int status = handle == nullptr ? -1
                                       : tjCompress2(handle.get(), image.rgb.data(), image.width, 0, image.height,
                                                     TJPF_RGB, &data, &size, TJSAMP_420, quality, TJFLAG_ACCURATEDCT);
  std::string jpeg;
  if (status == 0) jpeg.assign(reinterpret_cast<const char*>(data), size);
  tjFree(data);
  return jpeg;
}

const Codec kJpegCodec = {"JPEG", MatchesJpeg, ReadJpegHeader, DecodeJpeg};

}  // namespace siskin
