// MobileNet v1 elsewhere. Howard et al. 2017, "MobileNets".
#include "weights/names/names.h"

namespace siskin {

// Google's published graphs: tensorflow/models, slim/nets/mobilenet_v1.py. Class 0 of its classifier is "background".
const Naming kSlimMobileNet = {.title = "TensorFlow slim's MobileNet v1", .table = R"(
conv1                Conv2d_0
conv1_bn             Conv2d_0/BatchNorm
conv_dw_{1..13}      Conv2d_{1..13}_depthwise
conv_dw_{1..13}_bn   Conv2d_{1..13}_depthwise/BatchNorm
conv_pw_{1..13}      Conv2d_{1..13}_pointwise
conv_pw_{1..13}_bn   Conv2d_{1..13}_pointwise/BatchNorm
conv_preds           Logits/Conv2d_1c_1x1
)"};

// timm/models/efficientnet.py, mobilenetv1_100 and its widths.
const Naming kTimmMobileNet = {.title = "timm's mobilenetv1",
                               .table = R"(
conv1{,_bn}             {conv_stem,bn1}
conv_{dw,pw}_1          blocks.0.0.{conv_dw,conv_pw}
conv_{dw,pw}_1_bn       blocks.0.0.{bn1,bn2}
conv_dw_{2..3}          blocks.1.{0..1}.conv_dw
conv_dw_{2..3}_bn       blocks.1.{0..1}.bn1
conv_pw_{2..3}          blocks.1.{0..1}.conv_pw
conv_pw_{2..3}_bn       blocks.1.{0..1}.bn2
conv_dw_{4..5}          blocks.2.{0..1}.conv_dw
conv_dw_{4..5}_bn       blocks.2.{0..1}.bn1
conv_pw_{4..5}          blocks.2.{0..1}.conv_pw
conv_pw_{4..5}_bn       blocks.2.{0..1}.bn2
conv_dw_{6..11}         blocks.3.{0..5}.conv_dw
conv_dw_{6..11}_bn      blocks.3.{0..5}.bn1
conv_pw_{6..11}         blocks.3.{0..5}.conv_pw
conv_pw_{6..11}_bn      blocks.3.{0..5}.bn2
conv_dw_{12..13}        blocks.4.{0..1}.conv_dw
conv_dw_{12..13}_bn     blocks.4.{0..1}.bn1
conv_pw_{12..13}        blocks.4.{0..1}.conv_pw
conv_pw_{12..13}_bn     blocks.4.{0..1}.bn2
conv_preds              classifier
)",
                               .refusal =
                                   "its strided convolutions are padded on all sides, Google's and Siskin's at "
                                   "the right and at the bottom, so that every image gives other features"};

}  // namespace siskin
