// Xception elsewhere. Chollet 2017, "Xception: Deep learning with depthwise separable convolutions".
#include "weights/names/names.h"

namespace siskin {

// timm/models/xception.py, legacy_xception: after the PyTorch port by T. Standley and R. Cadene.
const Naming kTimmXception = {
    .title = "timm's legacy_xception",
    .table = R"(
block1_conv{1..2}                conv{1..2}
block1_conv{1..2}_bn             bn{1..2}
block{2,3,4,13}_shortcut         block{1,2,3,12}.skip
block{2,3,4,13}_shortcut_bn      block{1,2,3,12}.skipbn
block2_sepconv{1..2}             block1.rep.{0,3}.conv1            block1.rep.{0,3}.pointwise
block2_sepconv{1..2}_bn          block1.rep.{1,4}
block{3,4,13}_sepconv{1..2}      block{2,3,12}.rep.{1,4}.conv1     block{2,3,12}.rep.{1,4}.pointwise
block{3,4,13}_sepconv{1..2}_bn   block{2,3,12}.rep.{2,5}
block{5..12}_sepconv{1..3}       block{4..11}.rep.{1,4,7}.conv1    block{4..11}.rep.{1,4,7}.pointwise
block{5..12}_sepconv{1..3}_bn    block{4..11}.rep.{2,5,8}
block14_sepconv{1..2}            conv{3..4}.conv1                  conv{3..4}.pointwise
block14_sepconv{1..2}_bn         bn{3..4}
predictions                      fc
)",
    .epsilon = 1e-5,
    .our_epsilon = 1e-3,
    .note =
        "its pools are padded on all sides, Siskin's as in TensorFlow: both compute the same at image sizes seven or "
        "eight larger than a multiple of 32, such as 295, and nearly the same at others"};

}  // namespace siskin
