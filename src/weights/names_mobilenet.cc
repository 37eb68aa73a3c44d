// MobileNet v1 elsewhere. Howard et al. 2017, "MobileNets".
#include "weights/names.h"

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

}  // namespace siskin
