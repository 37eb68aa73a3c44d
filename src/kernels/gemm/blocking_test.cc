#include "kernels/gemm/blocking.h"

#include <gtest/gtest.h>

#include <vector>

namespace siskin {
namespace {

TEST(BlockingTest, PartsCoverTheWholeEvenly) {
  for (const int total : {0, 1, 5, 14, 100, 691488}) {
    for (const int parts : {1, 2, 3, 7, 100}) {
      int next = 0;
      for (int i = 0; i < parts; ++i) {
        const Range part = Part(total, parts, i);
        EXPECT_EQ(part.begin, next);
        EXPECT_GE(part.size(), total / parts);
        EXPECT_LE(part.size(), (total + parts - 1) / parts);
        next = part.end;
      }
      EXPECT_EQ(next, total);
    }
  }
}

// Every tile of every panel belongs to exactly one item, and no block is larger than its scratch memory.
TEST(BlockingTest, ItemsCoverEveryTileOfEveryPanelOnce) {
  for (const int m : {1, 13, 14, 15, 29, 49, 100, 361, 3200, 21609}) {
    for (const int k : {1, 27, 64, 728, 2048, 25088}) {
      for (const int tile_rows : {6, 14}) {
        for (const int num_panels : {1, 2, 23, 125}) {
          for (const int num_threads : {1, 2, 3, 64}) {
            const Blocking blocking(m, k, tile_rows, num_panels, num_threads);
            const int num_tiles = (m + tile_rows - 1) / tile_rows;
            std::vector<int> seen(static_cast<size_t>(num_tiles) * num_panels);
            for (size_t item = 0; item < blocking.num_items(); ++item) {
              const Range tiles = blocking.tiles(item);
              ASSERT_GT(tiles.size(), 0);
              ASSERT_GT(blocking.panels(item).size(), 0);
              ASSERT_LE(blocking.rows(tiles).size(), Blocking::MaxBlockRows(k, tile_rows));
              for (int t = tiles.begin; t < tiles.end; ++t) {
                ASSERT_GT(blocking.rows(t).size(), 0);
                ASSERT_LE(blocking.rows(t).size(), tile_rows);
                for (int p = blocking.panels(item).begin; p < blocking.panels(item).end; ++p) {
                  ++seen[static_cast<size_t>(t) * num_panels + p];
                }
              }
            }
            for (const int count : seen) ASSERT_EQ(count, 1);
            ASSERT_EQ(blocking.rows(0).begin, 0);
            ASSERT_EQ(blocking.rows(num_tiles - 1).end, m);
          }
        }
      }
    }
  }
}

TEST(BlockingTest, NothingToDoIsNoItem) {
  EXPECT_EQ(Blocking(0, 8, 14, 1, 2).num_items(), 0u);
}

// The last layer of a network on one photo has few rows: both threads must get work all the same.
TEST(BlockingTest, FewRowsAreSharedByColumns) {
  EXPECT_EQ(Blocking(49, 1024, 14, 32, 2).num_items(), 2u);
  EXPECT_EQ(Blocking(1, 2048, 14, 32, 3).num_items(), 3u);
}

// 3 blocks for 2 threads would leave one thread idle for a third of the time.
TEST(BlockingTest, FewBlocksAreAMultipleOfTheThreads) {
  for (const int num_threads : {1, 2, 3, 4}) {
    for (const int m : {361, 722, 1000, 3200}) {
      EXPECT_EQ(Blocking(m, 728, 14, 23, num_threads).num_items() % num_threads, 0u) << m << " " << num_threads;
    }
  }
}

}  // namespace
}  // namespace siskin
