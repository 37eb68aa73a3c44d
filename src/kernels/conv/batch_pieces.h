// How a weight gradient cuts the pixels of a batch, as kernels/image_groups.h demands: the tree's leaves are groups of
// images. Pure arithmetic, a function of the images' shape alone but for the number of images, which says where it
// ends.
//
// A piece is what passes by while a tile of dW is in registers, and fills the L1 cache. Groups of large images are
// several pieces, added from the first to the last. Several groups of small ones (2, 4, ...: a node of the tree) are
// one piece, within which the tiles of its groups are added up in L1.
#pragma once

#include <algorithm>

#include "kernels/gemm/blocking.h"
#include "kernels/image_groups.h"

namespace siskin {

class BatchPieces {
 public:
  // At most so many pixels in a piece: a panel of dY is then 50 KB (with AVX-512), which is no good, but better than
  // two pieces that are too small.
  static constexpr int kMaxPixels = 400;
  // In a piece of several groups: 40 KB. Four groups of 5 x 5 images (400) made their gradient a tenth slower than two.
  static constexpr int kMaxGroupsPixels = 320;
  static constexpr int kMaxGroups = kMaxGroupsPixels / kGroupImages;  // of a piece

  // A piece of a node: of one group, or of several whole ones.
  struct Piece {
    Range pixels;  // of the batch
    int node;
    bool is_first, is_last;  // of its node
  };

  // image_pixels: of one image of dY; unit: pixels that are best kept together (cuts are multiples of it);
  // wanted_pixels: of a piece, about.
  BatchPieces(int num_images, int image_pixels, int unit, int wanted_pixels)
      : num_pixels_(num_images * image_pixels),
        group_pixels_(kGroupImages * image_pixels),
        unit_(unit <= kMaxPixels ? unit : 1),
        wanted_pixels_(wanted_pixels),
        node_pixels_(group_pixels_ * NodeGroups(image_pixels)),
        num_nodes_((num_pixels_ + node_pixels_ - 1) / node_pixels_),
        pieces_per_node_(PiecesIn(node_pixels_)) {}

  int num_nodes() const { return num_nodes_; }
  int count() const { return (num_nodes_ - 1) * pieces_per_node_ + pieces(num_nodes_ - 1); }
  int pieces(int node) const { return PiecesIn(node_pixels(node).size()); }
  // Piece `index` of a node; of the batch.
  Piece piece(int node, int index) const {
    const Range all = node_pixels(node);
    const int num_pieces = PiecesIn(all.size());
    const Range units = Part(UnitsIn(all.size()), num_pieces, index);
    return {.pixels = {all.begin + units.begin * unit_, std::min(all.begin + units.end * unit_, all.end)},
            .node = node,
            .is_first = index == 0,
            .is_last = index + 1 == num_pieces};
  }
  Piece piece(int index) const {
    const int node = std::min(index / pieces_per_node_, num_nodes_ - 1);
    return piece(node, index - node * pieces_per_node_);
  }

  // The groups in a piece of several; else 1. And the pixels of one, counted from the piece's first.
  int groups(const Piece& piece) const {
    return pieces_per_node_ > 1 ? 1 : (piece.pixels.size() + group_pixels_ - 1) / group_pixels_;
  }
  Range group_pixels(const Piece& piece, int group) const {
    if (pieces_per_node_ > 1) return {0, piece.pixels.size()};
    return {group * group_pixels_, std::min((group + 1) * group_pixels_, piece.pixels.size())};
  }

  // Memory that the sums of the nodes need, see TreeStepOf. A batch of fewer images needs no more.
  int places() const { return TreePlaces(num_nodes_, pieces_per_node_ > 1); }

 private:
  static int NodeGroups(int image_pixels) {
    int groups = 1;
    while (2 * groups * kGroupImages * image_pixels <= kMaxGroupsPixels) groups *= 2;
    return groups;
  }
  Range node_pixels(int node) const { return {node * node_pixels_, std::min((node + 1) * node_pixels_, num_pixels_)}; }
  int UnitsIn(int pixels) const { return (pixels + unit_ - 1) / unit_; }
  int PiecesIn(int pixels) const {
    const int units = UnitsIn(pixels), most = kMaxPixels / unit_;
    return std::clamp((pixels + wanted_pixels_ / 2) / wanted_pixels_, (units + most - 1) / most, units);
  }

  int num_pixels_, group_pixels_, unit_, wanted_pixels_, node_pixels_, num_nodes_, pieces_per_node_;
};

}  // namespace siskin
