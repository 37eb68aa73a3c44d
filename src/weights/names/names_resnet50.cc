// ResNet-50 elsewhere. He et al. 2015, "Deep residual learning for image recognition".
#include "weights/names/names.h"

namespace siskin {

// Keras before 2.2.5 (2017 to 2019), after the names of the authors' Caffe model: "2a" is the first block of stage 2,
// branch1 its shortcut.
const Naming kResNet50Of2017 = {.title = "ResNet-50 as Keras named it in 2017", .table = R"(
conv1_conv                        conv1
conv1_bn                          bn_conv1
conv{2..5}_block1_0_conv          res{2..5}a_branch1
conv{2..5}_block1_0_bn            bn{2..5}a_branch1
conv2_block{1..3}_{1..3}_conv     res2{a..c}_branch2{a..c}
conv2_block{1..3}_{1..3}_bn       bn2{a..c}_branch2{a..c}
conv3_block{1..4}_{1..3}_conv     res3{a..d}_branch2{a..c}
conv3_block{1..4}_{1..3}_bn       bn3{a..d}_branch2{a..c}
conv4_block{1..6}_{1..3}_conv     res4{a..f}_branch2{a..c}
conv4_block{1..6}_{1..3}_bn       bn4{a..f}_branch2{a..c}
conv5_block{1..3}_{1..3}_conv     res5{a..c}_branch2{a..c}
conv5_block{1..3}_{1..3}_bn       bn5{a..c}_branch2{a..c}
predictions                       fc1000
)"};

// timm/models/resnet.py and torchvision: version 1.5, which has no biases either.
const Naming kTimmResNet50 = {.title = "timm's and torchvision's resnet50",
                              .table = R"(
conv1_{conv,bn}                      {conv1,bn1}
conv{2..5}_block1_0_{conv,bn}        layer{1..4}.0.downsample.{0,1}
conv2_block{1..3}_{1..3}_conv        layer1.{0..2}.conv{1..3}
conv2_block{1..3}_{1..3}_bn          layer1.{0..2}.bn{1..3}
conv3_block{1..4}_{1..3}_conv        layer2.{0..3}.conv{1..3}
conv3_block{1..4}_{1..3}_bn          layer2.{0..3}.bn{1..3}
conv4_block{1..6}_{1..3}_conv        layer3.{0..5}.conv{1..3}
conv4_block{1..6}_{1..3}_bn          layer3.{0..5}.bn{1..3}
conv5_block{1..3}_{1..3}_conv        layer4.{0..2}.conv{1..3}
conv5_block{1..3}_{1..3}_bn          layer4.{0..2}.bn{1..3}
predictions                          fc
)",
                              .refusal =
                                  "it is version 1.5, whose strides are in the 3x3 convolutions, where Keras' and "
                                  "Siskin's are in the 1x1 ones before them: another network"};

}  // namespace siskin
