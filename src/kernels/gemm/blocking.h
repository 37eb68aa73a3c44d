// How the work of a matrix product C[M, N] = A[M, K] * B[K, N] is cut up. Pure arithmetic, no memory touched.
//
// Rows of C are grouped into tiles (the rows that a micro-kernel keeps in registers), tiles into blocks (the rows of A
// that stay in the L2 cache while all of B passes by), columns into panels (the columns of a micro-kernel). One item of
// work is one block of tiles times one range of panels. K is never cut, so no cut changes a bit of the result.
#pragma once

#include <algorithm>
#include <cstddef>

namespace siskin {

// [begin, end)
struct Range {
  int begin = 0, end = 0;
  int size() const { return end - begin; }
};

// Part `index` of [0, total) cut into `parts` parts whose sizes differ by at most one.
inline Range Part(int total, int parts, int index) {
  const auto cut = [&](int i) { return static_cast<int>(static_cast<long long>(total) * i / parts); };
  return {cut(index), cut(index + 1)};
}

class Blocking {
 public:
  // m: rows; row_floats: floats of A behind one row of C, as far as they take room in the cache; tile_rows: most rows
  // of a tile; num_panels: panels of B.
  Blocking(int m, int row_floats, int tile_rows, int num_panels, int num_threads);

  size_t num_items() const { return static_cast<size_t>(num_blocks_) * num_splits_; }
  // Items of one block of rows follow each other.
  Range tiles(size_t item) const { return Part(num_tiles_, num_blocks_, static_cast<int>(item / num_splits_)); }
  Range panels(size_t item) const { return Part(num_panels_, num_splits_, static_cast<int>(item % num_splits_)); }

  // Rows are spread evenly over the tiles: 15 rows on tiles of 14 are 8 + 7, not 14 + 1.
  Range rows(int tile) const { return Part(m_, num_tiles_, tile); }
  Range rows(const Range& tiles) const { return {rows(tiles.begin).begin, rows(tiles.end - 1).end}; }

  // Rows of the block that the thread with this item will probably take next; empty at the end. Only good for a hint.
  Range next_rows(size_t item) const {
    const size_t next = item + static_cast<size_t>(num_splits_);
    return next < num_items() ? rows(tiles(next)) : Range{};
  }

  // Upper limit of the rows of a block, whatever M and the number of threads: for scratch memory.
  static int MaxBlockRows(int row_floats, int tile_rows);

 private:
  int m_, num_panels_, num_tiles_, num_blocks_, num_splits_;
};

}  // namespace siskin
