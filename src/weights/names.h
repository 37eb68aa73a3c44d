// The tables of foreign names, one file a network: names_*.cc. What they are for: naming.h.
#pragma once

#include "weights/naming.h"

namespace siskin {

extern const Naming kSlimMobileNet;
extern const Naming kResNet50Of2017;

}  // namespace siskin
