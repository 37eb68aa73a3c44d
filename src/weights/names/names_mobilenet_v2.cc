// MobileNetV2 elsewhere. Sandler et al. 2018, "MobileNetV2: Inverted residuals and linear bottlenecks".
#include "weights/names/names.h"

namespace siskin {

// timm/models/efficientnet.py, mobilenetv2_100 and its widths.
const Naming kTimmMobileNetV2 = {
    .title = "timm's mobilenetv2",
    .table = R"(
Conv1                                        conv_stem
bn_Conv1                                     bn1
expanded_conv_{depthwise,project}            blocks.0.0.{conv_dw,conv_pw}
expanded_conv_{depthwise,project}_BN         blocks.0.0.{bn1,bn2}
block_{1..2}_{expand,depthwise,project}      blocks.1.{0..1}.{conv_pw,conv_dw,conv_pwl}
block_{1..2}_{expand,depthwise,project}_BN   blocks.1.{0..1}.{bn1,bn2,bn3}
block_{3..5}_{expand,depthwise,project}      blocks.2.{0..2}.{conv_pw,conv_dw,conv_pwl}
block_{3..5}_{expand,depthwise,project}_BN   blocks.2.{0..2}.{bn1,bn2,bn3}
block_{6..9}_{expand,depthwise,project}      blocks.3.{0..3}.{conv_pw,conv_dw,conv_pwl}
block_{6..9}_{expand,depthwise,project}_BN   blocks.3.{0..3}.{bn1,bn2,bn3}
block_{10..12}_{expand,depthwise,project}    blocks.4.{0..2}.{conv_pw,conv_dw,conv_pwl}
block_{10..12}_{expand,depthwise,project}_BN blocks.4.{0..2}.{bn1,bn2,bn3}
block_{13..15}_{expand,depthwise,project}    blocks.5.{0..2}.{conv_pw,conv_dw,conv_pwl}
block_{13..15}_{expand,depthwise,project}_BN blocks.5.{0..2}.{bn1,bn2,bn3}
block_16_{expand,depthwise,project}          blocks.6.0.{conv_pw,conv_dw,conv_pwl}
block_16_{expand,depthwise,project}_BN       blocks.6.0.{bn1,bn2,bn3}
Conv_1                                       conv_head
Conv_1_bn                                    bn2
predictions                                  classifier
)",
    .epsilon = 1e-5,
    .our_epsilon = 1e-3,
    .note =
        "its strided convolutions are padded on all sides, Siskin's as in TensorFlow: both compute the same only at "
        "image sizes one larger than a multiple of 32, such as 193 and 225, and with the mean and deviation of "
        "ImageNet's colours subtracted and divided, which Siskin does not do; fine-tune it, or take Keras' weights"};

}  // namespace siskin
