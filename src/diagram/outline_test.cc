// What of a graph stands where in its picture.
#include "diagram/outline.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace siskin {
namespace {

std::string Text(const OutlineSeries& series);

// "a", "[a b | ] join", "3 * (a b)".
std::string Text(const OutlinePart& part) {
  if (part.kind == OutlinePart::Kind::kRepeat) return fmt::format("{} * ({})", part.times, Text(part.branches[0]));
  const std::string own = part.box.note.empty() ? part.box.name : fmt::format("{}<{}>", part.box.name, part.box.note);
  if (part.kind == OutlinePart::Kind::kBox) return own;
  std::vector<std::string> branches;
  for (const OutlineSeries& branch : part.branches) branches.push_back(Text(branch));
  return fmt::format("[{}] {}", fmt::join(branches, " | "), own);
}

std::string Text(const OutlineSeries& series) {
  std::string text;
  for (const OutlinePart& part : series) text += (text.empty() ? "" : " ") + Text(part);
  return text;
}

std::string Outlined(const Graph& graph) {
  return Text(OutlineOf(graph));
}

TEST(Outline, LayersWithoutWeightsAreNotes) {
  Graph g;
  NodeId x = g.ZeroPad("pad", g.Input(8, 8, 3), {1, 1, 1, 1});
  x = g.Conv2D("conv", x, {.filters = 4, .kernel = 3, .stride = 2, .padding = PaddingMode::kValid});
  x = g.Activate("relu", g.BatchNorm("bn", x), Activation::kRelu);
  x = g.Dense("dense", g.Dropout("dropout", g.GlobalAveragePool("mean", x), 0.5f), 2);
  g.Softmax("softmax", x);
  EXPECT_EQ(Outlined(g), "input conv<stride 2, BN, ReLU> mean<dropout 0.5> dense<softmax>");
}

TEST(Outline, BranchesStandSideBySide) {
  Graph g;
  const NodeId x = g.Conv2D("first", g.Input(8, 8, 3), {.filters = 4});
  const NodeId fork = g.Conv2D("b", x, {.filters = 4});
  const NodeId b = g.Concat("inner", {g.Conv2D("b1", fork, {.filters = 1}), g.Conv2D("b2", fork, {.filters = 1})});
  const NodeId a = g.Conv2D("a2", g.Conv2D("a1", x, {.filters = 4}), {.filters = 2});
  const NodeId outer = g.Concat("outer", {a, b});
  g.Conv2D("last", g.Add("add", x, outer), {.filters = 1});
  EXPECT_EQ(Outlined(g), "input first [ | [a1 a2 | b [b1 | b2] inner] outer] add last");
}

TEST(Outline, TheValueItselfIsAnEmptyBranch) {
  Graph g;
  const NodeId x = g.Conv2D("first", g.Input(8, 8, 3), {.filters = 4});
  const NodeId y = g.BatchNorm("bn", g.Conv2D("conv", g.Activate("relu", x, Activation::kRelu), {.filters = 4}));
  g.Activate("out", g.AddScaled("block_add", x, y, 0.5f), Activation::kRelu);
  const OutlineSeries series = OutlineOf(g);
  EXPECT_EQ(Text(series), "input first [ | conv<ReLU first, BN>] block_add<ReLU>");
  EXPECT_EQ(series.back().caption, "block");
  EXPECT_EQ(series.back().box.title, "+ 0.5 ×");
  EXPECT_EQ(OutputOf(series.back()), (FeatureShape{8, 8, 4}));
}

TEST(Outline, WhatRepeatsIsDrawnOnce) {
  Graph g;
  NodeId x = g.Conv2D("pw0", g.Input(8, 8, 3), {.filters = 4});
  for (int i = 1; i <= 3; ++i) {
    x = g.DepthwiseConv2D(fmt::format("dw{}", i), x, {.kernel = 3});
    x = g.Conv2D(fmt::format("pw{}", i), x, {.filters = 4});
  }
  g.DepthwiseConv2D("dw4", x, {.kernel = 3, .stride = 2});
  const OutlineSeries series = OutlineOf(g);
  EXPECT_EQ(Text(series), "input pw0 3 * (dw1 pw1) dw4<stride 2>");
  EXPECT_EQ(series[2].caption, "dw1 … pw3");
}

TEST(Outline, BlocksOfOtherSizesAreNoRepetition) {
  Graph g;
  NodeId x = g.Conv2D("stem", g.Input(8, 8, 3), {.filters = 4});
  for (int i = 1; i <= 4; ++i) {
    x = g.Add(fmt::format("block{}_add", i), x,
              g.Conv2D(fmt::format("conv{}", i), x, {.filters = 4, .kernel = i < 3 ? 3 : 5}));
  }
  EXPECT_EQ(Outlined(g), "input stem 2 * ([ | conv1] block1_add) 2 * ([ | conv3] block3_add)");
}

TEST(Outline, BranchesThatShareLayersAreRefused) {
  Graph g;
  const NodeId x = g.Conv2D("first", g.Input(8, 8, 3), {.filters = 4});
  const NodeId shared = g.Conv2D("shared", x, {.filters = 4});
  const NodeId a = g.Conv2D("a", shared, {.filters = 4});
  const NodeId b = g.Add("b", g.Conv2D("b1", shared, {.filters = 4}), x);
  g.Concat("all", {a, b, x});
  try {
    OutlineOf(g);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInternal);
    EXPECT_NE(std::string(error.what()).find("branches that share shared"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace siskin
