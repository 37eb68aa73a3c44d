#include "data/preview.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/augment.h"
#include "data/loader.h"
#include "images/encode.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr int kGap = 4;  // white pixels around every picture

struct Sheet {
  Image image;
  int tile_width, tile_height;

  Sheet(int rows, int columns, int width, int height)
      : image{columns * (width + kGap) + kGap, rows * (height + kGap) + kGap, {}},
        tile_width(width),
        tile_height(height) {
    image.rgb.assign(static_cast<size_t>(image.width) * image.height * 3, 255);
  }

  void Put(const Image& tile, int row, int column) {
    const int left = column * (tile_width + kGap) + kGap, top = row * (tile_height + kGap) + kGap;
    const size_t row_bytes = static_cast<size_t>(tile_width) * 3;
    for (int y = 0; y < tile_height; ++y) {
      std::copy_n(tile.rgb.data() + y * row_bytes, row_bytes,
                  image.rgb.data() + (static_cast<size_t>(top + y) * image.width + left) * 3);
    }
  }
};

// The photo in epochs 0 (as it is), 1, ... columns - 1. False if it cannot be read.
bool PutRow(const fs::path& file, uint32_t photo, const Preprocessing& p, const Augmentation& augmentation,
            uint64_t seed, int row, int columns, Sheet* sheet) {
  std::vector<float> pixels(static_cast<size_t>(p.height) * p.width * 3);
  std::string buffer;
  for (int column = 0; column < columns; ++column) {
    const Augmentation shown = column == 0 ? Augmentation() : augmentation;
    const DrawnAugmentation drawn =
        DrawAugmentation(shown, p.height, p.width, seed, static_cast<uint32_t>(column), photo);
    const auto fill = [&](const Image& image) { PreprocessAugmented(image, p, drawn, pixels); };
    if (!LoadPhoto(file, DecodeOptionsFor(p, drawn), pixels, fill, &buffer).error.empty()) return false;
    sheet->Put(ToImage(pixels, p), row, column);
  }
  return true;
}

}  // namespace

void WriteAugmentPreview(std::span<const fs::path> files, const Preprocessing& preprocessing,
                         const Augmentation& augmentation, uint64_t seed, int rows, int columns, const fs::path& path,
                         FileOps& ops) {
  const int shown = static_cast<int>(std::min(files.size(), static_cast<size_t>(std::max(rows, 0))));
  if (shown < 1 || columns < 1) {
    Fail(ErrorKind::kInternal, "augmentation preview: {} photos, {} x {} pictures", files.size(), rows, columns);
  }
  Sheet sheet(shown, columns, preprocessing.width, preprocessing.height);
  size_t readable = 0;
  for (int row = 0; row < shown; ++row) {
    // The first readable photo of every part of the list.
    const size_t begin = files.size() * static_cast<size_t>(row) / static_cast<size_t>(shown);
    const size_t end = files.size() * static_cast<size_t>(row + 1) / static_cast<size_t>(shown);
    for (size_t i = begin; i < end; ++i) {
      if (!PutRow(files[i], static_cast<uint32_t>(i), preprocessing, augmentation, seed, row, columns, &sheet))
        continue;
      ++readable;
      break;
    }
  }
  if (readable == 0) Fail(ErrorKind::kData, "not one of the {} photos can be read; nothing to show", files.size());
  WriteFileAtomic(path, EncodePng(sheet.image), ops);
}

}  // namespace siskin
