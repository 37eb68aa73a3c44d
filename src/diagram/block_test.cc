#include "diagram/block.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "networks/catalogue.h"

namespace siskin {
namespace {

std::string UsageError(const Graph& graph, const std::string& name) {
  try {
    BlockNamed(graph, name);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "";
}

TEST(BlockNamed, IsWhatItsLayersAreCalled) {
  const Graph graph = BuildNetwork({.network = "inception_v3"});
  const Graph block = BlockNamed(graph, "mixed1");  // not mixed10
  EXPECT_EQ(block.shape({0}), (FeatureShape{35, 35, 256}));
  EXPECT_EQ(block.layer(block.output()).name, "mixed1");
  EXPECT_EQ(block.layers().size(), 24u);  // the input, 7 times convolution, normalisation and ReLU, a pool, the concat
  const Graph end = BlockNamed(BuildNetwork({.network = "xception"}), "block14");
  EXPECT_EQ(end.num_parameters(), 1024 * (9 + 1536) + 1536 * (9 + 2048) + 4 * (1536 + 2048));
}

TEST(BlockNamed, WrongNamesAreRefused) {
  const Graph graph = BuildNetwork({.network = "resnet50"});
  EXPECT_NE(UsageError(graph, "conv2_blok1").find("did you mean conv2_block1?"), std::string::npos);
  EXPECT_NE(UsageError(graph, "input").find("no layer belongs"), std::string::npos);
  EXPECT_NE(UsageError(graph, "").find("no layer belongs"), std::string::npos);
  Graph scattered;
  NodeId x = scattered.Conv2D("a_1", scattered.Input(4, 4, 1), {.filters = 1});
  scattered.Conv2D("a_2", scattered.Conv2D("b", x, {.filters = 1}), {.filters = 1});
  EXPECT_NE(UsageError(scattered, "a").find("b stands between"), std::string::npos);
}

}  // namespace
}  // namespace siskin
