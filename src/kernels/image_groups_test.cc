#include "kernels/image_groups.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace siskin {
namespace {

// The sum written out, "((0+1)+(2+3))": sides in the order of their leaves, since a + b is b + a.
std::string Text(const Range& leaves) {
  return SumTree(
      leaves, [](int leaf) { return std::to_string(leaf); },
      [](const std::string& a, const std::string& b) { return "(" + a + "+" + b + ")"; });
}
std::string Text(int count) {
  return Text(Range{0, count});
}

TEST(ImageGroups, CutTheBatchFromItsBeginning) {
  for (const int num_images : {1, 3, 4, 5, 8, 12, 20, 31, 32}) {
    const ImageGroups groups(num_images);
    int next = 0;
    for (int group = 0; group < groups.count(); ++group) {
      EXPECT_EQ(groups.images(group).begin, next);
      EXPECT_GT(groups.images(group).size(), 0);
      next = groups.images(group).end;
      EXPECT_TRUE(groups.images(group).size() == kGroupImages || group + 1 == groups.count());
    }
    EXPECT_EQ(next, num_images);
  }
  // Parts of 8 images are whole groups, subtrees of 32.
  EXPECT_EQ(8 % kGroupImages, 0);
  EXPECT_TRUE(std::has_single_bit(static_cast<unsigned>(kGroupImages)));
}

TEST(SumTree, IsTheOneOfTheRule) {
  EXPECT_EQ(Text(1), "0");
  EXPECT_EQ(Text(2), "(0+1)");
  EXPECT_EQ(Text(3), "((0+1)+2)");
  EXPECT_EQ(Text(4), "((0+1)+(2+3))");
  EXPECT_EQ(Text(5), "(((0+1)+(2+3))+4)");
  EXPECT_EQ(Text(6), "(((0+1)+(2+3))+(4+5))");
  EXPECT_EQ(Text(7), "(((0+1)+(2+3))+((4+5)+6))");
  EXPECT_EQ(Text(8), "(((0+1)+(2+3))+((4+5)+(6+7)))");
}

// Whatever comes after, 2^k leaves from a multiple of 2^k on are a node. What all this is for.
TEST(SumTree, AlignedPartsAreNodes) {
  for (int count = 1; count <= 70; ++count) {
    const std::string whole = Text(count);
    for (int size = 1; size <= count; size *= 2) {
      for (int begin = 0; begin + size <= count; begin += size) {
        EXPECT_NE(whole.find(Text(Range{begin, begin + size})), std::string::npos)
            << begin << " to " << begin + size << " of " << count;
      }
    }
  }
  EXPECT_EQ(Text(Range{0, 8}), "(" + Text(Range{0, 4}) + "+" + Text(Range{4, 8}) + ")");
}

TEST(SumTree, TheOtherWaysToWalkItAreTheSameTree) {
  for (int count = 1; count <= 70; ++count) {
    std::vector<std::string> leaves;
    for (int leaf = 0; leaf < count; ++leaf) leaves.push_back(std::to_string(leaf));
    SumTreeInPlace(count, [&](int a, int b) { leaves[a] = "(" + leaves[a] + "+" + leaves[b] + ")"; });
    EXPECT_EQ(leaves[0], Text(count));

    for (const bool in_parts : {false, true}) {
      std::vector<std::string> stack(static_cast<size_t>(TreePlaces(count, in_parts)));
      int waiting = 0;
      for (int leaf = 0; leaf < count; ++leaf) {
        const TreeStep step = TreeStepOf(leaf, count);
        ASSERT_EQ(step.waiting, waiting);
        std::string sum = std::to_string(leaf);
        if (in_parts) stack.at(static_cast<size_t>(waiting)) = sum;
        for (int i = 1; i <= step.additions; ++i) sum = "(" + stack[step.waiting - i] + "+" + sum + ")";
        stack.at(static_cast<size_t>(step.place())) = sum;
        waiting = step.place() + 1;
      }
      EXPECT_EQ(waiting, 1);
      EXPECT_EQ(stack[0], Text(count));
    }
  }
}

// With numbers that round: parts of the batch on several machines.
TEST(SumTree, MachinesThatShareABatchEndInTheSameBits) {
  constexpr int kTurns = 100;
  int differ_in_order = 0;
  for (uint32_t turn = 0; turn < kTurns; ++turn) {
    std::vector<float> leaves(32 / kGroupImages);
    Random random(1, RandomPurpose::kTest, turn);
    for (float& leaf : leaves)
      leaf = random.Uniform(-1, 1) * random.Uniform();  // of other sizes than multiples of 2^-24
    const auto sum = [&](int first_image, int last_image) {
      return SumTree(
          Range{first_image / kGroupImages, last_image / kGroupImages}, [&](int i) { return leaves[i]; },
          [](float a, float b) { return a + b; });
    };
    EXPECT_EQ(sum(0, 32), sum(0, 16) + sum(16, 32));
    EXPECT_EQ(sum(0, 32), (sum(0, 8) + sum(8, 16)) + (sum(16, 24) + sum(24, 32)));
    EXPECT_EQ(sum(0, 32), sum(0, 16) + (sum(16, 24) + sum(24, 32)));
    float in_order = 0;
    for (const float leaf : leaves) in_order += leaf;
    differ_in_order += sum(0, 32) != in_order;
  }
  EXPECT_GT(differ_in_order, kTurns / 4);
}

}  // namespace
}  // namespace siskin
