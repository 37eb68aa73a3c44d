#include "kernels/gemm/blocking.h"

namespace siskin {
namespace {

// A block of A of this size leaves room for a panel of B (94 KB for Xception's 728 x 32) and the output in 1 MB of L2
// (Zen 4 and 5; 2 MB on Intel since Sapphire Rapids).
constexpr size_t kBlockBytes = 512 * 1024;
// More rows do not lower the traffic of B any further, and small items balance better between the threads.
constexpr int kMaxBlockTiles = 24;
// Fewer would read B from L3 or memory for too little work.
constexpr int kMinBlockTiles = 4;
// From this many items per thread on, a last item that one thread computes alone does not matter.
constexpr int kManyItemsPerThread = 16;
// With fewer tiles per thread the columns are divided instead of the rows: each thread then reads only its part of B.
constexpr int kMinTilesPerThread = 3;

int CeilDiv(int a, int b) {
  return (a + b - 1) / b;
}

int BlockTiles(int row_floats, int tile_rows) {
  const size_t tile_bytes = static_cast<size_t>(row_floats) * tile_rows * sizeof(float);
  return std::clamp(static_cast<int>(kBlockBytes / std::max<size_t>(tile_bytes, 1)), kMinBlockTiles, kMaxBlockTiles);
}

}  // namespace

int Blocking::MaxBlockRows(int row_floats, int tile_rows) {
  return BlockTiles(row_floats, tile_rows) * tile_rows;
}

Blocking::Blocking(int m, int row_floats, int tile_rows, int num_panels, int num_threads)
    : m_(m), num_panels_(num_panels), num_tiles_(CeilDiv(m, tile_rows)) {
  num_blocks_ = CeilDiv(num_tiles_, BlockTiles(row_floats, tile_rows));
  num_splits_ = 1;
  if (num_tiles_ < kMinTilesPerThread * num_threads) {
    num_splits_ = std::min(CeilDiv(num_threads, std::max(num_blocks_, 1)), num_panels);
  } else if (num_blocks_ < kManyItemsPerThread * num_threads) {
    num_blocks_ = std::min(CeilDiv(num_blocks_, num_threads) * num_threads, num_tiles_);
  }
}

}  // namespace siskin
