// The tables of foreign names, one file a network: names_*.cc. What they are for: naming.h.
#pragma once

#include <span>

#include "weights/names/naming.h"

namespace siskin {

extern const Naming kSlimMobileNet;
extern const Naming kTimmMobileNet;
extern const Naming kTimmMobileNetV2;
extern const Naming kResNet50Of2017;
extern const Naming kTimmResNet50;
extern const Naming kTimmXception;
extern const Naming kTimmInceptionV3;
extern const Naming kTimmInceptionResNetV2;

// All of them.
std::span<const Naming> Namings();

}  // namespace siskin
