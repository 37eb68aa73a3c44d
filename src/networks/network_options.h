// What is asked of a network: which one, for what size of image, with what at its end.
#pragma once

#include <string>

namespace siskin {

enum class Pooling { kNone, kAverage, kMax };

struct NetworkOptions {
  std::string network;                  // catalogue name: "xception"
  int height = 0, width = 0;            // 0: the network's own size
  double alpha = 1;                     // width multiplier, MobileNet and MobileNetV2
  bool top = false;                     // the ImageNet classifier (pooling, then dense or 1x1 convolution)
  bool softmax = true;                  // with top: probabilities, else logits
  int classes = 1000;                   // of the top
  Pooling pooling = Pooling::kAverage;  // without top
};

}  // namespace siskin
