// What the classes of ImageNet (ILSVRC 2012) are called, in the order of the networks' outputs.
#pragma once

#include <span>

namespace siskin {

struct ImageNetLabel {
  const char* wordnet_id;  // "n01440764"; empty for "background"
  const char* name;        // first lemma of the synset, unique: "tench"
};

// classes: 1000, or 1001 for networks whose class 0 is "background" (MobileNet as published). kInternal otherwise.
std::span<const ImageNetLabel> ImageNetLabels(int classes = 1000);

}  // namespace siskin
