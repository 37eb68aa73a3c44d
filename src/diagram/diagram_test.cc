// The pictures of all networks: well-formed, nothing outside the page, no box over another.
#include "diagram/diagram.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "networks/catalogue.h"

namespace siskin {
namespace {

struct Box {
  double x, y, width, height;
};

// The rectangles whose class begins with "box".
std::vector<Box> Boxes(const std::string& svg) {
  static const std::regex kBox(
      "<rect class=\"box [a-z]+\" x=\"([0-9.-]+)\" y=\"([0-9.-]+)\" width=\"([0-9.]+)\" height=\"([0-9.]+)\"");
  std::vector<Box> boxes;
  for (std::sregex_iterator found(svg.begin(), svg.end(), kBox), end; found != end; ++found) {
    const auto number = [&](size_t group) { return std::stod((*found)[group]); };
    boxes.push_back({number(1), number(2), number(3), number(4)});
  }
  return boxes;
}

bool Overlap(const Box& a, const Box& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

TEST(Diagram, EveryNetworkIsDrawnWithoutOverlaps) {
  static const std::regex kPage("viewBox=\"0 0 ([0-9]+) ([0-9]+)\"");
  for (const NetworkCard& card : Catalogue()) {
    for (const bool top : {false, true}) {
      SCOPED_TRACE(card.name);
      const std::string svg = DiagramSvg(BuildNetwork({.network = card.name, .top = top}), card.title, "a < b");
      std::smatch page;
      ASSERT_TRUE(std::regex_search(svg, page, kPage));
      const double width = std::stod(page[1]), height = std::stod(page[2]);
      EXPECT_GT(width / height, 0.7);
      EXPECT_LT(width / height, 3);
      const std::vector<Box> boxes = Boxes(svg);
      EXPECT_GT(boxes.size(), 10u);
      EXPECT_LT(boxes.size(), 120u);  // what repeats is drawn once
      for (size_t i = 0; i < boxes.size(); ++i) {
        const Box& box = boxes[i];
        EXPECT_TRUE(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height) << i;
        for (size_t k = 0; k < i; ++k) EXPECT_FALSE(Overlap(box, boxes[k])) << i << " and " << k;
      }
      EXPECT_NE(svg.find("a &lt; b"), std::string::npos);
    }
  }
}

// The paper's figure 5: four entry blocks' worth of boxes, the middle flow eight times over.
TEST(Diagram, XceptionReadsLikeThePapersFigure) {
  const std::string svg = DiagramSvg(BuildNetwork({.network = "xception", .top = true}), "Xception", "");
  for (const char* text : {"block5 … block12", "× 8", "299 × 299 × 3", "19 × 19 × 728", "10 × 10 × 2048",
                           "SepConv 3×3, 728", "Dense 1000"}) {
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace siskin
