#include "kernels/conv/weight_gradient.h"

#include <algorithm>
#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/conv/weight_gradient.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/conv/batch_pieces.h"
#include "kernels/depthwise/depthwise-inl.h"
#include "kernels/dispatch.h"
#include "kernels/gemm/product-inl.h"
#include "kernels/image_groups.h"
#include "kernels/input_rows.h"

#ifndef SISKIN_KERNELS_GRADIENT_WEIGHT_GRADIENT_ONCE_
#define SISKIN_KERNELS_GRADIENT_WEIGHT_GRADIENT_ONCE_
namespace siskin {

// Pixels of a piece, about: a panel of dY is then 40 KB, and loading and storing a tile of dW costs 2 % of the
// multiply-adds in between. With 256 (32 KB) it is 1 % slower, even where L1 has 32 KB.
inline constexpr int kPiece = 320;
// Where a thread has a piece for itself, the next one already comes into its L2.
inline constexpr int kPieceOfChunk = 192;
// dW up to here (256 x 256) is summed in chunks of pixels side by side, see SumChunks; with its A and dY it fits in the
// 1 MB of L2.
inline constexpr size_t kMaxChunkedFloats = 65536;
// Of a group of images, a power of two: they are the leaves of the tree. 32 of a batch of 32 are enough to be balanced
// on 2, 3, 4 or 8 threads, and are at most 8 MB of sums.
inline constexpr int kChunks = 4;
// Fewer pieces in a chunk would not be worth the addition of all chunks at the end.
inline constexpr int kMinPiecesPerChunk = 3;

// Are images of so many pixels summed in chunks? It decides on the order of the sum, so it must not know the batch.
inline bool IsChunked(int k, int n, int image_pixels) {
  return static_cast<size_t>(k) * n <= kMaxChunkedFloats &&
         kGroupImages * image_pixels >= kChunks * kMinPiecesPerChunk * kPieceOfChunk;
}

// Distance of rows of A that are computed instead of read in place: an odd number of cache lines, because a column of
// A is read down all the rows and would fall into few sets of the caches else; and room to store whole vectors.
inline int RowStride(int k) {
  return ((k + 2 * kLineFloats - 2) / kLineFloats | 1) * kLineFloats;
}

// Distance of matrices like dW.
inline size_t SumFloats(int k, int n) {
  return static_cast<size_t>(RoundUp(k * n, kPadFloats));
}

inline size_t RowsFloats(int k) {
  return static_cast<size_t>(BatchPieces::kMaxPixels) * RowStride(k);
}

}  // namespace siskin
#endif

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

inline constexpr size_t kPanelFloats = static_cast<size_t>(BatchPieces::kMaxPixels) * kPanelWidth;

size_t WeightGradientScratchT(int k, const ConstView& dy, int num_threads) {
  const size_t rows = RowsFloats(k), panels = kPanelFloats * static_cast<size_t>(num_threads);
  const int image_pixels = dy.h * dy.w;
  if (IsChunked(k, dy.c, image_pixels)) {
    const size_t chunks = static_cast<size_t>(ImageGroups(dy.n).count()) * kChunks;
    return rows * static_cast<size_t>(num_threads) + panels + chunks * SumFloats(k, dy.c);
  }
  const int places = BatchPieces(dy.n, image_pixels, 1, kPiece).places();
  return rows + panels + static_cast<size_t>(places - 1) * SumFloats(k, dy.c);
}

// Where the rows of A come from: rows() returns those of pixels [first, last), `stride` apart, in place if kInPlace,
// else written to `memory`. input() is the memory that they depend on, row_width() the pixels of a row of the image if
// whole rows are best, else 1.
struct Rows {
  const float* data;
  int stride;
};

class MatMulSource {
 public:
  static constexpr bool kInPlace = true;
  explicit MatMulSource(const ConstView& x) : x_(x) {}
  int k() const { return x_.c; }
  Rows rows(int first, int, float*) const { return {x_.pixel(0, 0, first), x_.stride}; }
  std::span<const float> input(const Range& pixels) const {
    return {x_.pixel(0, 0, pixels.begin), static_cast<size_t>(pixels.size()) * x_.stride};
  }
  int row_width() const { return 1; }

 private:
  ConstView x_;
};

class SeparableSource {
 public:
  static constexpr bool kInPlace = false;
  SeparableSource(const SeparableParams& params, const ConstView& x, const float* filter, const ConstView& dy)
      : window_(params.window),
        x_(x),
        out_h_(dy.h),
        out_w_(dy.w),
        depthwise_({.window = params.window,
                    .x = x,
                    .out_h = dy.h,
                    .out_w = dy.w,
                    .filter = filter,
                    .relu_input = params.relu_input,
                    .bias = params.between_bias,
                    .residual = {},
                    .activation = params.between}) {}
  int k() const { return x_.c; }
  Rows rows(int first, int last, float* memory) const {
    const int stride = RowStride(x_.c);
    depthwise_(first, last, {memory, first, stride, true});
    return {memory, stride};
  }
  std::span<const float> input(const Range& pixels) const { return InputRows(window_, x_, out_h_, out_w_, pixels); }
  int row_width() const { return out_w_; }

 private:
  WindowParams window_;
  ConstView x_;
  int out_h_, out_w_;
  Depthwise depthwise_;
};

class ConvSource {
 public:
  static constexpr bool kInPlace = false;
  ConvSource(const WindowParams& window, const ConstView& x, const ConstView& dy)
      : window_(window), x_(x), out_h_(dy.h), out_w_(dy.w) {}
  int k() const { return window_.kernel_h * window_.kernel_w * x_.c; }
  Rows rows(int first, int last, float* memory) const {
    const int stride = RowStride(k());
    float* to = memory;
    int row = first / out_w_, column = first - row * out_w_;
    for (int pixel = first; pixel < last; ++pixel, to += stride) {
      const int image = row / out_h_;
      GatherWindow(image, (row - image * out_h_) * window_.stride_h - window_.padding.top,
                   column * window_.stride_w - window_.padding.left, to);
      if (++column == out_w_) {
        column = 0;
        ++row;
      }
    }
    return {memory, stride};
  }
  std::span<const float> input(const Range& pixels) const { return InputRows(window_, x_, out_h_, out_w_, pixels); }
  int row_width() const { return 1; }

 private:
  // One row of A: the window whose first pixel is (top, left).
  void GatherWindow(int image, int top, int left, float* to) const {
    const bool one_run = x_.stride == x_.c && left >= 0 && left + window_.kernel_w <= x_.w;
    if (one_run && top >= 0 && top + window_.kernel_h <= x_.h) {
      const float* from = x_.pixel(image, top, left);
      for (int y = 0; y < window_.kernel_h; ++y, from += static_cast<ptrdiff_t>(x_.w) * x_.c) {
        to = Copy(from, window_.kernel_w * x_.c, to);
      }
      return;
    }
    for (int y = top; y < top + window_.kernel_h; ++y) {
      if (y < 0 || y >= x_.h) {
        std::fill_n(to, window_.kernel_w * x_.c, 0.0f);
        to += window_.kernel_w * x_.c;
      } else if (one_run) {
        to = Copy(x_.pixel(image, y, left), window_.kernel_w * x_.c, to);
      } else {
        for (int column = left; column < left + window_.kernel_w; ++column) {
          if (column >= 0 && column < x_.w) {
            to = Copy(x_.pixel(image, y, column), x_.c, to);
          } else {
            std::fill_n(to, x_.c, 0.0f);
            to += x_.c;
          }
        }
      }
    }
  }

  // Writes whole vectors: what is after `count` floats is overwritten.
  static float* Copy(const float* from, int count, float* to) {
    const Floats d;
    int i = 0;
    for (; i + kLanes <= count; i += kLanes) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
    if (i < count) hn::StoreU(LoadFirst(from + i, count - i), d, to + i);
    return to + count;
  }

  WindowParams window_;
  ConstView x_;
  int out_h_, out_w_;
};

template <class Source>
class WeightGradient {
 public:
  WeightGradient(const Source& source, const ConstView& dy, float* dw, float* scratch, ThreadPool& threads)
      : source_(source),
        dy_(dy),
        dw_(dw),
        scratch_(scratch),
        threads_(threads),
        k_(source.k()),
        n_(dy.c),
        is_chunked_(IsChunked(k_, n_, dy.h * dy.w)),
        // Depthwise convolution is fastest on two whole rows at once.
        pieces_(dy.n, dy.h * dy.w, 2 * source.row_width(), is_chunked_ ? kPieceOfChunk : kPiece),
        num_panels_(NumPanels(n_)),
        slivers_(k_) {}

  void Run() const { is_chunked_ ? SumChunks() : SumPieces(); }

 private:
  using Piece = BatchPieces::Piece;

  // Matrices like dW: the sum over a piece and all of `addends`, in this order, becomes `to`.
  struct Target {
    float* to;
    int num_addends = 0;
    // The node's pieces so far, and what waits in the tree: one for each bit of a number of nodes.
    std::array<float*, 32> addends = {};
    void Add(float* addend) { addends[static_cast<size_t>(num_addends++)] = addend; }
  };

  // Lines that the tiles of a panel fetch into L2 while they compute: tile `begin` one per pixel from `line` on, every
  // further tile before `end` the same `step` floats later.
  struct Stream {
    const float* line = nullptr;
    ptrdiff_t stride = 0, step = 0;
    int begin = 0, end = 0;
    Prefetch tile(int i, const float* nothing) const {
      return i >= begin && i < end ? Prefetch{line + (i - begin) * step, stride} : Prefetch{nothing, 0};
    }
  };
  struct Soon {
    Stream dy, x;
  };

  // The share of a piece in a panel of columns and the rows of a block of slivers.
  void AddPanel(const Rows& rows, const Piece& piece, const Range& block, int panel, float* panel_memory,
                const Target& target, const Soon& soon) const {
    const int column = panel * kPanelWidth, columns = std::min(n_ - column, kPanelWidth);
    PackPanel(dy_.pixel(0, 0, piece.pixels.begin) + column, dy_.stride, columns, piece.pixels.size(), panel_memory);
    for (int sliver = block.begin; sliver < block.end; ++sliver) {
      const int i = sliver - block.begin;
      const GradientTile tile = {
          .a = rows.data + slivers_.begin(sliver),
          .a_stride = rows.stride,
          .panel = panel_memory,
          .pixels = piece.pixels.size(),
          .prefetch = {soon.dy.tile(i, panel_memory), soon.x.tile(i, panel_memory)},
          .addends = {},
          .to = {},
          .columns = columns,
      };
      AddGroups(piece, tile, slivers_.height(sliver), static_cast<ptrdiff_t>(slivers_.begin(sliver)) * n_ + column,
                target);
    }
  }

  // A tile at `offset` of dW, over all pixels of the piece: group by group, each in registers from its first pixel to
  // its last. The tree of several groups stands in L1; the last group's addends are what waits there and in `target`.
  void AddGroups(const Piece& piece, GradientTile tile, int height, ptrdiff_t offset, const Target& target) const {
    constexpr int kPlaces = TreePlaces(BatchPieces::kMaxGroups, false);
    HWY_ALIGN float tree[kPlaces][kTileRows * kPanelWidth];
    const GradientTile whole = tile;
    const int num_groups = pieces_.groups(piece);
    for (int group = 0; group < num_groups; ++group) {
      const TreeStep step = TreeStepOf(group, num_groups);
      std::array<TilePlace, kPlaces + std::tuple_size_v<decltype(target.addends)>> addends;
      size_t num_addends = 0;
      for (int i = 1; i <= step.additions; ++i) addends[num_addends++] = {tree[step.waiting - i], kPanelWidth, true};
      tile.to = {tree[step.place()], kPanelWidth, true};
      if (group + 1 == num_groups) {
        for (int i = 0; i < target.num_addends; ++i) {
          addends[num_addends++] = {target.addends[static_cast<size_t>(i)] + offset, n_, false};
        }
        tile.to = {target.to + offset, n_, false};
      }
      tile.addends = std::span(addends).first(num_addends);
      const Range pixels = pieces_.group_pixels(piece, group);
      tile.a = whole.a + static_cast<ptrdiff_t>(pixels.begin) * whole.a_stride;
      tile.panel = whole.panel + static_cast<ptrdiff_t>(pixels.begin) * kPanelWidth;
      tile.pixels = pixels.size();
      for (int i = 0; i < 2; ++i) {
        tile.prefetch[i].line = whole.prefetch[i].line + pixels.begin * whole.prefetch[i].stride;
      }
      kGradientTileFunctions[static_cast<size_t>(height) - 1](tile);
    }
  }

  // All threads work on the same piece: first they make its rows of A, then they share the tiles of dW. An item of work
  // is a block of slivers times a panel; a thread's own stretch of them is the same in every piece, so that its part of
  // dW and its columns of A stay in its caches.
  void SumPieces() const {
    float* panels = scratch_ + RowsFloats(k_);
    const int num_blocks = NumBlocks(), num_items = num_blocks * num_panels_;
    for (int index = 0; index < pieces_.count(); ++index) {
      const Piece piece = pieces_.piece(index);
      const Rows rows = AllRows(piece.pixels);
      const Target target = TargetOf(piece);
      threads_.ParallelFor(static_cast<size_t>(num_items), [&](size_t i, int worker) HWY_ATTR {
        const int item = static_cast<int>(i), block = item / num_panels_;
        const Range own = Part(num_items, threads_.num_threads(), worker);
        const Soon soon = {.dy = NextPanel(index, item, own),
                           .x = NextColumns(index, rows, num_blocks, item, own, worker)};
        AddPanel(rows, piece, Part(slivers_.count(), num_blocks, block), item % num_panels_,
                 panels + kPanelFloats * static_cast<size_t>(worker), target, soon);
      });
    }
  }

  // The tree over the nodes, which come one after the other. The additions are part of a node's last piece: a tile is
  // loaded and stored as often as in a plain sum.
  Target TargetOf(const Piece& piece) const {
    const TreeStep step = TreeStepOf(piece.node, pieces_.num_nodes());
    Target target = {.to = Place(piece.is_last ? step.place() : step.waiting)};
    if (!piece.is_first) target.Add(Place(step.waiting));
    for (int i = 1; piece.is_last && i <= step.additions; ++i) target.Add(Place(step.waiting - i));
    return target;
  }

  // Where nodes wait: the first one in dW itself.
  float* Place(int index) const {
    if (index == 0) return dw_;
    return scratch_ + RowsFloats(k_) + kPanelFloats * static_cast<size_t>(threads_.num_threads()) +
           static_cast<size_t>(index - 1) * SumFloats(k_, n_);
  }

  // The panel of dY of the item that a thread with this stretch of items will take next.
  Stream NextPanel(int index, int item, const Range& own) const {
    const bool is_last = item + 1 >= own.end;
    if (is_last && index + 1 == pieces_.count()) return {};
    const int panel = (is_last ? own.begin : item + 1) % num_panels_;
    return {.line = dy_.pixel(0, 0, pieces_.piece(index + is_last).pixels.begin) + panel * kPanelWidth,
            .stride = dy_.stride,
            .step = kLineFloats,
            .end = kLinesPerPanel};
  }

  // What the thread reads of A for its next block of slivers, or to make its share of the next rows of A: a part of it
  // along with every panel of this block.
  Stream NextColumns(int index, const Rows& rows, int num_blocks, int item, const Range& own, int worker) const {
    const int block = item / num_panels_;
    const Range panels = {std::max(own.begin, block * num_panels_), std::min(own.end, (block + 1) * num_panels_)};
    if (item < panels.begin || item >= panels.end) return {};  // another thread's item
    const int parts = panels.size(), part = item - panels.begin;
    const auto slivers = [&](int of_block) HWY_ATTR { return Part(slivers_.count(), num_blocks, of_block); };
    if (panels.end < own.end) return BlockColumns(rows, slivers(block + 1), parts, part);
    if (index + 1 == pieces_.count()) return {};
    const Range next = pieces_.piece(index + 1).pixels;
    if (Source::kInPlace) {
      return BlockColumns(source_.rows(next.begin, next.end, nullptr), slivers(own.begin / num_panels_), parts, part);
    }
    const Range share = Part(next.size(), threads_.num_threads(), worker);
    return PartOf(source_.input({next.begin + share.begin, next.begin + share.end}), pieces_.piece(index).pixels.size(),
                  parts, part);
  }

  // Part `index` of `parts` of a block's columns of A.
  Stream BlockColumns(const Rows& rows, const Range& block, int parts, int index) const {
    const int begin = slivers_.begin(block.begin), end = slivers_.begin(block.end);
    const int num_lines = (end - begin + kLineFloats - 1) / kLineFloats + 1;  // 1: they begin within a line
    const Range lines = Part(num_lines, parts, index);
    return {.line = rows.data + begin + lines.begin * kLineFloats,
            .stride = rows.stride,
            .step = kLineFloats,
            .end = lines.size()};
  }

  // Part `index` of `parts` of a run of memory, in tiles of so many pixels.
  Stream PartOf(std::span<const float> memory, int pixels, int parts, int index) const {
    const ptrdiff_t step = static_cast<ptrdiff_t>(pixels) * kLineFloats;
    const Range part = Part(static_cast<int>((memory.size() + step - 1) / step), parts, index);
    return {.line = memory.data() + part.begin * step, .stride = kLineFloats, .step = step, .end = part.size()};
  }

  // The rows of A of a piece, made by all threads.
  Rows AllRows(const Range& pixels) const {
    if (Source::kInPlace) return source_.rows(pixels.begin, pixels.end, nullptr);
    const int stripe = 2 * source_.row_width();
    const int group = stripe <= kGroup ? kGroup / stripe * stripe : kGroup;
    const int stride = RowStride(k_);
    threads_.ParallelFor(static_cast<size_t>((pixels.size() + group - 1) / group), [&](size_t item, int) HWY_ATTR {
      const int first = pixels.begin + static_cast<int>(item) * group;
      source_.rows(first, std::min(first + group, pixels.end),
                   scratch_ + static_cast<ptrdiff_t>(first - pixels.begin) * stride);
    });
    return {scratch_, stride};
  }

  // Slivers form blocks that stay in L2 while the panels pass by; a block times a panel is an item of work.
  int NumBlocks() const {
    const int fewest = (slivers_.count() + kBlockSlivers - 1) / kBlockSlivers;
    const int balanced = (kItemsPerThread * threads_.num_threads() + num_panels_ - 1) / num_panels_;
    return std::min(std::max(fewest, balanced), slivers_.count());
  }

  // dW is small, images are large: every group of images is cut into chunks, and all chunks are summed independently.
  // Then the tree adds them up. Pieces are too little work here for threads to wait for each other after each (64 x
  // 128: 8 us).
  void SumChunks() const {
    const size_t worker_floats = RowsFloats(k_) + kPanelFloats;
    const size_t size = static_cast<size_t>(k_) * n_, step = SumFloats(k_, n_);
    float* chunks = scratch_ + worker_floats * static_cast<size_t>(threads_.num_threads());
    const int num_chunks = pieces_.num_nodes() * kChunks;
    threads_.ParallelFor(static_cast<size_t>(num_chunks), [&](size_t item, int worker) HWY_ATTR {
      const int chunk = static_cast<int>(item);
      SumChunk(chunk / kChunks, chunk % kChunks, scratch_ + worker_floats * static_cast<size_t>(worker),
               chunks + item * step);
    });
    constexpr size_t kFloats = 1024;
    threads_.ParallelFor((size + kFloats - 1) / kFloats, [&](size_t item, int) HWY_ATTR {
      const size_t begin = item * kFloats, end = std::min(begin + kFloats, size);
      SumTreeInPlace(num_chunks, [&](int a, int b) HWY_ATTR {
        float* to = chunks + static_cast<size_t>(a) * step;
        const float* from = chunks + static_cast<size_t>(b) * step;
        for (size_t i = begin; i < end; ++i) to[i] += from[i];
      });
      std::copy(chunks + begin, chunks + end, dw_ + begin);
    });
  }

  // Of a node, which is one group.
  void SumChunk(int node, int chunk, float* memory, float* dw) const {
    const Range pieces = Part(pieces_.pieces(node), kChunks, chunk);
    if (pieces.size() == 0) std::fill_n(dw, static_cast<size_t>(k_) * n_, 0.0f);  // of the last group, if it is small
    for (int index = pieces.begin; index < pieces.end; ++index) {
      const Piece piece = pieces_.piece(node, index);
      const Range& pixels = piece.pixels;
      const Rows rows = source_.rows(pixels.begin, pixels.end, memory);
      Target target = {.to = dw};
      if (index > pieces.begin) target.Add(dw);
      std::span<const float> next_dy, next_x;
      if (index + 1 < pieces.end) {
        const Range next = pieces_.piece(node, index + 1).pixels;
        next_dy = {dy_.pixel(0, 0, next.begin), dy_.pixel(0, 0, next.end)};
        next_x = source_.input(next);
      }
      for (int panel = 0; panel < num_panels_; ++panel) {
        const Soon soon = {.dy = Evenly(next_dy, pixels.size(), panel), .x = Evenly(next_x, pixels.size(), panel)};
        AddPanel(rows, piece, {0, slivers_.count()}, panel, memory + RowsFloats(k_), target, soon);
      }
    }
  }

  // Memory that is fetched by all tiles of a piece: less than a line per pixel, so that the loads in between need not
  // wait.
  Stream Evenly(std::span<const float> memory, int pixels, int panel) const {
    const ptrdiff_t num_steps = static_cast<ptrdiff_t>(num_panels_) * slivers_.count() * pixels;
    const ptrdiff_t stride = (static_cast<ptrdiff_t>(memory.size()) + num_steps - 1) / num_steps;
    const ptrdiff_t step = stride * pixels;
    if (step == 0) return {};
    const int num_tiles = static_cast<int>((static_cast<ptrdiff_t>(memory.size()) + step - 1) / step);
    const int begin = panel * slivers_.count();
    return {.line = memory.data() + begin * step, .stride = stride, .step = step, .end = num_tiles - begin};
  }

  // Pixels whose rows of A a thread makes at once when all share a piece: small enough to balance.
  static constexpr int kGroup = 40;
  // 26 slivers of 256 pixels are 373 KB.
  static constexpr int kBlockSlivers = 26;
  static constexpr int kLinesPerPanel = std::max(kPanelWidth / kLineFloats, 1);
  // So that the last item of a thread does not matter.
  static constexpr int kItemsPerThread = 16;

  const Source& source_;
  ConstView dy_;
  float* dw_;
  float* scratch_;
  ThreadPool& threads_;
  int k_, n_;
  bool is_chunked_;
  BatchPieces pieces_;
  int num_panels_;
  Slivers slivers_;
};

void MatMulWeightGradientT(const ConstView& x, const ConstView& dy, float* dw, float* scratch, ThreadPool& threads) {
  WeightGradient(MatMulSource(x), dy, dw, scratch, threads).Run();
}

void Conv2DWeightGradientT(const WindowParams& window, const ConstView& x, const ConstView& dy, float* dw,
                           float* scratch, ThreadPool& threads) {
  WeightGradient(ConvSource(window, x, dy), dy, dw, scratch, threads).Run();
}

void SeparableWeightGradientT(const SeparableParams& params, const ConstView& x, const float* filter,
                              const ConstView& dy, float* dw, float* scratch, ThreadPool& threads) {
  WeightGradient(SeparableSource(params, x, filter, dy), dy, dw, scratch, threads).Run();
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {

HWY_EXPORT(WeightGradientScratchT);
HWY_EXPORT(MatMulWeightGradientT);
HWY_EXPORT(Conv2DWeightGradientT);
HWY_EXPORT(SeparableWeightGradientT);

size_t WeightGradientScratch(int k, ConstView dy, int num_threads) {
  return SISKIN_DISPATCH(WeightGradientScratchT)(k, dy, num_threads);
}

void MatMulWeightGradient(ConstView x, ConstView dy, float* dw, std::span<float> scratch, ThreadPool& threads) {
  SISKIN_DISPATCH(MatMulWeightGradientT)(x, dy, dw, scratch.data(), threads);
}

void Conv2DWeightGradient(const WindowParams& params, ConstView x, ConstView dy, float* dw, std::span<float> scratch,
                          ThreadPool& threads) {
  if (params == WindowParams{}) return MatMulWeightGradient(x, dy, dw, scratch, threads);
  SISKIN_DISPATCH(Conv2DWeightGradientT)(params, x, dy, dw, scratch.data(), threads);
}

void SeparableWeightGradient(const SeparableParams& params, ConstView x, const float* depthwise, ConstView dy,
                             float* dw, std::span<float> scratch, ThreadPool& threads) {
  SISKIN_DISPATCH(SeparableWeightGradientT)(params, x, depthwise, dy, dw, scratch.data(), threads);
}

}  // namespace siskin
#endif  // HWY_ONCE
