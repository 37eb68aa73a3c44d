#include "graph/storage.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "graph/layer_rows.h"
#include "graph/passes.h"
#include "graph/testing_graphs.h"
#include "graph/testing_interpreter.h"
#include "tensor/view.h"

namespace siskin {
namespace {

// Plays a program, for one image, on a memory that remembers of every float which element of which value it holds. An
// element of a concatenation is the element of its part.
class Simulation {
 public:
  explicit Simulation(const Program& program)
      : program_(program), storage_(AssignStorage(program)), memory_(PlanMemory(storage_.buffers)) {
    tags_.assign(memory_.total_bytes / sizeof(float), kGarbage);
  }

  void Run() {
    for (const Op& op : program_.ops) {
      for (const ValueId input : op.inputs) ExpectIntact(input, op);
      if (op.residual != kNoValue) ExpectIntact(op.residual, op);
      if (RowOf(op.kind).has_epilogue) ExpectApart(op);
      Write(op);
    }
  }

  const Slot& SlotOf(ValueId value) const { return storage_.slots[static_cast<size_t>(value)]; }
  size_t bytes() const { return memory_.total_bytes; }

 private:
  using Tag = std::pair<ValueId, int>;  // value, element
  static constexpr Tag kGarbage = {kNoValue, 0};

  Tag TagOf(ValueId value, int pixel, int channel) const {
    const int producer = ProducerOf(program_, value);
    if (producer >= 0 && program_.ops[static_cast<size_t>(producer)].kind == LayerKind::kConcat) {
      for (const ValueId part : program_.ops[static_cast<size_t>(producer)].inputs) {
        if (channel < SlotOf(part).shape.c) return TagOf(part, pixel, channel);
        channel -= SlotOf(part).shape.c;
      }
    }
    return {value, pixel * SlotOf(value).shape.c + channel};
  }

  // visit(position in the arena, pixel, channel)
  template <typename Visit>
  void ForEachFloat(const Slot& slot, int channels, const Visit& visit) const {
    if (slot.place != Place::kArena) return;
    const size_t base = memory_.offsets[static_cast<size_t>(slot.buffer)] / sizeof(float);
    for (int pixel = 0; pixel < slot.shape.h * slot.shape.w; ++pixel) {
      for (int c = 0; c < channels; ++c)
        visit(base + static_cast<size_t>(pixel * slot.stride + slot.first_channel + c), pixel, c);
    }
  }
  static int Touched(const Slot& slot) { return slot.padded ? PaddedChannels<float>(slot.shape.c) : slot.shape.c; }

  void ExpectIntact(ValueId value, const Op& op) const {
    ForEachFloat(SlotOf(value), SlotOf(value).shape.c, [&](size_t at, int pixel, int channel) {
      ASSERT_EQ(tags_.at(at), TagOf(value, pixel, channel)) << op.name << " reads what is no longer there";
    });
  }

  void ExpectApart(const Op& op) const {
    std::vector<bool> written(tags_.size());
    ForEachFloat(SlotOf(op.output), Touched(SlotOf(op.output)), [&](size_t at, int, int) { written[at] = true; });
    ForEachFloat(SlotOf(op.inputs[0]), SlotOf(op.inputs[0]).shape.c,
                 [&](size_t at, int, int) { ASSERT_FALSE(written[at]) << op.name << " writes over its input"; });
  }

  void Write(const Op& op) {
    const Slot& slot = SlotOf(op.output);
    ForEachFloat(slot, Touched(slot), [&](size_t at, int pixel, int channel) {
      tags_.at(at) = channel < slot.shape.c ? TagOf(op.output, pixel, channel) : kGarbage;
    });
  }

  const Program& program_;
  Storage storage_;
  MemoryPlan memory_;
  std::vector<Tag> tags_;
};

Program Compile(const Graph& graph) {
  Program program = Lower(graph, testing::RandomWeights(graph, 1));
  Optimize(program);
  return program;
}

TEST(Storage, NothingIsOverwrittenBeforeItsLastUse) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    const Program program = Compile(testing::RandomGraph(seed));
    Simulation simulation(program);
    simulation.Run();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(Storage, ChannelsArePaddedInside) {
  Graph g;
  NodeId x = g.Input(4, 4, 20);
  x = g.MaxPool("wide", x, {});
  x = g.Conv2D("narrow", x, {.filters = 9});
  x = g.Conv2D("last", x, {.filters = 17});
  const Program program = Compile(g);
  const Simulation simulation(program);
  const Slot &input = simulation.SlotOf(0), &wide = simulation.SlotOf(1), &narrow = simulation.SlotOf(2);
  EXPECT_TRUE(input.place == Place::kInput && input.stride == 20 && !input.padded);
  EXPECT_TRUE(wide.place == Place::kArena && wide.stride == 32 && wide.padded);
  EXPECT_TRUE(narrow.place == Place::kArena && narrow.stride == 9 && !narrow.padded);
  const Slot& output = simulation.SlotOf(3);
  EXPECT_TRUE(output.place == Place::kOutput && output.stride == 17 && !output.padded);
}

TEST(Storage, AResidualIsAddedInPlace) {
  Graph g;
  const NodeId x = g.Conv2D("first", g.Input(4, 4, 3), {.filters = 16});
  NodeId y = g.Conv2D("second", x, {.filters = 16});
  y = g.Conv2D("third", y, {.filters = 16});
  y = g.Add("add", y, x);
  g.MaxPool("pool", y, {});
  const Program program = Compile(g);
  const Simulation simulation(program);
  EXPECT_EQ(simulation.SlotOf(y.index).buffer, simulation.SlotOf(x.index).buffer);
  EXPECT_EQ(simulation.bytes(), 2u * 16 * 16 * sizeof(float));
}

TEST(Storage, AConvolutionNeverWritesOverTheImageItReads) {
  Graph g;
  const NodeId x = g.Conv2D("first", g.Input(4, 4, 3), {.filters = 16});
  const NodeId y = g.Add("add", g.Conv2D("second", x, {.filters = 16, .kernel = 3}), x);
  g.MaxPool("pool", y, {});
  const Program program = Compile(g);
  ASSERT_EQ(program.ops.size(), 3u) << "the addition is fused: second's input is its residual";
  const Simulation simulation(program);
  EXPECT_NE(simulation.SlotOf(y.index).buffer, simulation.SlotOf(x.index).buffer);
}

TEST(Storage, PartsOfAConcatenationAreComputedInPlace) {
  Graph g;
  const NodeId x = g.MaxPool("pool", g.Input(8, 8, 16), {});
  const NodeId a = g.Conv2D("a", x, {.filters = 16}), b = g.Conv2D("b", x, {.filters = 24});
  const NodeId whole = g.Concat("whole", {a, x, b, a});
  g.Conv2D("last", whole, {.filters = 5});
  const Program program = Compile(g);
  const Simulation simulation(program);
  const Slot& slot = simulation.SlotOf(whole.index);
  EXPECT_EQ(slot.stride, PixelStride<float>(16 + 16 + 24 + 16));
  EXPECT_TRUE(IsSliceAt(simulation.SlotOf(a.index), slot, 0));
  EXPECT_TRUE(IsSliceAt(simulation.SlotOf(x.index), slot, 16));
  EXPECT_TRUE(IsSliceAt(simulation.SlotOf(b.index), slot, 32));
  EXPECT_FALSE(IsSliceAt(simulation.SlotOf(a.index), slot, 56)) << "the same part again has to be copied";
}

// Bytes, padding and what may share memory follow from the type of a value.
TEST(Storage, NarrowValuesTakeTheirOwnBytes) {
  Graph g;
  const NodeId x = g.Conv2D("conv", g.Input(4, 4, 3), {.filters = 40});
  const NodeId y = g.MaxPool("pool", x, {.size = 1, .stride = 1});
  g.MaxPool("last", y, {});
  Program program = Compile(g);
  program.values[static_cast<size_t>(x.index)].dtype = DType::kI8;
  const Storage storage = AssignStorage(program);
  const Slot &narrow = storage.slots[static_cast<size_t>(x.index)], &wide = storage.slots[static_cast<size_t>(y.index)];
  EXPECT_EQ(narrow.dtype, DType::kI8);
  EXPECT_FALSE(narrow.padded) << "less than a line of 64";
  EXPECT_EQ(storage.buffers[static_cast<size_t>(narrow.buffer)].bytes, 4u * 4 * 40);
  EXPECT_TRUE(wide.padded);
  EXPECT_EQ(storage.buffers[static_cast<size_t>(wide.buffer)].bytes, 4u * 4 * 48 * 4);
}

TEST(Storage, ValuesOfDifferentTypesShareNoMemory) {
  Graph g;
  const NodeId x = g.MaxPool("pool", g.Input(4, 4, 64), {.size = 1, .stride = 1});
  const NodeId relu = g.Activate("relu", x, Activation::kRelu);
  const NodeId a = g.Conv2D("a", relu, {.filters = 64}), b = g.Conv2D("b", a, {.filters = 64, .kernel = 3});
  const NodeId sum = g.Add("sum", b, relu);
  const NodeId part = g.MaxPool("part", sum, {.size = 1, .stride = 1});
  const NodeId whole = g.Concat("whole", {part, g.MaxPool("other", sum, {.size = 1, .stride = 1})});
  g.MaxPool("last", whole, {});
  Program program = Compile(g);
  // A value is written over another, or is a slice of it, unless its type is another one.
  for (const auto& [value, with] : {std::pair{x, relu}, std::pair{relu, sum}, std::pair{part, whole}}) {
    const auto share = [&, value = value, with = with] {
      const Storage storage = AssignStorage(program);
      return storage.slots[static_cast<size_t>(value.index)].buffer ==
             storage.slots[static_cast<size_t>(with.index)].buffer;
    };
    EXPECT_TRUE(share()) << value.index;
    program.values[static_cast<size_t>(value.index)].dtype = DType::kI8;
    EXPECT_FALSE(share()) << value.index;
    program.values[static_cast<size_t>(value.index)].dtype = DType::kF32;
  }
}

}  // namespace
}  // namespace siskin
