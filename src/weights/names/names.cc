#include "weights/names/names.h"

namespace siskin {

std::span<const Naming> Namings() {
  static const Naming all[] = {kSlimMobileNet,   kResNet50Of2017, kTimmXception, kTimmInceptionResNetV2,
                               kTimmMobileNetV2, kTimmMobileNet,  kTimmResNet50, kTimmInceptionV3};
  return all;
}

}  // namespace siskin
