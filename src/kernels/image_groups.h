// The order of every sum over the images of a batch: gradients of weights, biases and scales, statistics of batch
// normalisation. Pure arithmetic, no memory touched.
//
// The rule. Images are taken in groups of kGroupImages, counted from the first image of the batch; the last group may
// be smaller. What a group adds up to depends on its images alone, not on where it stands nor on what else is in the
// batch. The groups are the leaves of one binary tree: of `count` leaves the first TreeSplit(count) (the largest power
// of two below count) are one side, the rest is the other, and so on; a node is the sum of its sides. Nothing else is
// ever added to anything: not by thread, not by the cut of the work, not by the size of the batch.
//
// The reason. fp32 sums depend on their order. With this one the halves of a batch of 32 (its quarters, ...) are nodes:
// the gradient of 32 images is, bit for bit, that of the first 16 plus that of the last 16, which are those of 8 + 8
// each. Machines that share a batch in parts of whole subtrees, and join what they have along the same tree, end in
// the bits of one machine: 16 + 16, 8 + 8 + 8 + 8, or 16 + 8 + 8 on three of them (any cut at a group is possible, if
// each machine hands over its subtrees one by one: 12 + 12 + 8 are 8, 4 | 4, 8 | 8). What is not a sum must stay out of
// the leaves or be the same for all (a division by the number of images or pixels comes after the last join), and what
// is joined must be rounded alike: gradients are fp32 in every node, moments double (kernels/batchnorm/training.h).
//
// Where a group has pixels enough for several threads, a kernel may cut it further, as a function of the images' shape
// alone: into a power of two of parts, which are then the leaves of the same tree, or into pieces that are added from
// the first to the last.
#pragma once

#include <algorithm>
#include <bit>

#include "kernels/gemm/blocking.h"

namespace siskin {

// Small enough for three machines to have 12, 12 and 8 images of 32; with eight, weight gradients of 5 x 5 images would
// be some 3 % faster and the others as fast (docs/kernels.md).
inline constexpr int kGroupImages = 4;

class ImageGroups {
 public:
  explicit ImageGroups(int num_images) : num_images_(num_images) {}
  int count() const { return (num_images_ + kGroupImages - 1) / kGroupImages; }
  Range images(int group) const { return {group * kGroupImages, std::min((group + 1) * kGroupImages, num_images_)}; }

 private:
  int num_images_;
};

// Leaves of the first side of a tree of `count` >= 2 leaves.
constexpr int TreeSplit(int count) {
  return static_cast<int>(std::bit_floor(static_cast<unsigned>(count - 1)));
}

// The tree by its definition: leaf(i) gives a value, add(a, b) the sum of two. For values that fit on the stack.
template <class Leaf, class Add>
auto SumTree(const Range& leaves, const Leaf& leaf, const Add& add) -> decltype(leaf(0)) {
  if (leaves.size() == 1) return leaf(leaves.begin);
  const int middle = leaves.begin + TreeSplit(leaves.size());
  return add(SumTree({leaves.begin, middle}, leaf, add), SumTree({middle, leaves.end}, leaf, add));
}

// The same tree over leaves that all have memory of their own: add(a, b) shall add what is at b to what is at a; in the
// end the sum is at 0.
template <class Add>
void SumTreeInPlace(int count, const Add& add) {
  for (int step = 1; step < count; step *= 2) {
    for (int a = 0; a + step < count; a += 2 * step) add(a, a + step);
  }
}

// The same tree over leaves that come one after the other, with a stack of nodes that wait for their other sides:
// before a leaf comes there are `waiting`; it is added to the last `additions` of them, from the last one on, and then
// waits in place of the first of these. In the end the sum is at 0.
struct TreeStep {
  int waiting, additions;
  constexpr int place() const { return waiting - additions; }
};
constexpr TreeStep TreeStepOf(int leaf, int count) {
  const auto bits = static_cast<unsigned>(leaf);
  const int waiting = std::popcount(bits);
  return {waiting, leaf + 1 == count ? waiting : std::countr_one(bits)};
}

// Places of that stack. leaf_in_parts: a leaf is not added at once but grows in the place after those that wait.
constexpr int TreePlaces(int count, bool leaf_in_parts) {
  int places = 1;
  for (int leaf = 0; leaf < count; ++leaf) {
    const TreeStep step = TreeStepOf(leaf, count);
    places = std::max(places, 1 + (leaf_in_parts ? step.waiting : step.place()));
  }
  return places;
}

}  // namespace siskin
