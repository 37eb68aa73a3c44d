// The Inception networks elsewhere. Szegedy et al. 2015 and 2016.
#include "weights/names/names.h"

namespace siskin {

// timm/models/inception_resnet_v2.py: Google's weights, whose batch normalisation has no gamma (here: all ones).
const Naming kTimmInceptionResNetV2 = {.title = "timm's inception_resnet_v2", .table = R"(
stem_conv{1..5}{,_bn}                 conv2d_{1a,2a,2b,3b,4a}{.conv,.bn}
mixed_5b_1x1{,_bn}                    mixed_5b.branch0{.conv,.bn}
mixed_5b_5x5_{1..2}{,_bn}             mixed_5b.branch1.{0..1}{.conv,.bn}
mixed_5b_3x3dbl_{1..3}{,_bn}          mixed_5b.branch2.{0..2}{.conv,.bn}
mixed_5b_pool_1x1{,_bn}               mixed_5b.branch3.1{.conv,.bn}
block35_{1..10}_1x1{,_bn}             repeat.{0..9}.branch0{.conv,.bn}
block35_{1..10}_3x3_{1..2}{,_bn}      repeat.{0..9}.branch1.{0..1}{.conv,.bn}
block35_{1..10}_3x3dbl_{1..3}{,_bn}   repeat.{0..9}.branch2.{0..2}{.conv,.bn}
block35_{1..10}_conv                  repeat.{0..9}.conv2d
mixed_6a_3x3{,_bn}                    mixed_6a.branch0{.conv,.bn}
mixed_6a_3x3dbl_{1..3}{,_bn}          mixed_6a.branch1.{0..2}{.conv,.bn}
block17_{1..20}_1x1{,_bn}             repeat_1.{0..19}.branch0{.conv,.bn}
block17_{1..20}_7x7_{1..3}{,_bn}      repeat_1.{0..19}.branch1.{0..2}{.conv,.bn}
block17_{1..20}_conv                  repeat_1.{0..19}.conv2d
mixed_7a_3x3_{a,b}_{1..2}{,_bn}       mixed_7a.branch{0,1}.{0..1}{.conv,.bn}
mixed_7a_3x3dbl_{1..3}{,_bn}          mixed_7a.branch2.{0..2}{.conv,.bn}
block8_{1..9}_1x1{,_bn}               repeat_2.{0..8}.branch0{.conv,.bn}
block8_{1..9}_3x3_{1..3}{,_bn}        repeat_2.{0..8}.branch1.{0..2}{.conv,.bn}
block8_{1..9}_conv                    repeat_2.{0..8}.conv2d
block8_10_1x1{,_bn}                   block8.branch0{.conv,.bn}
block8_10_3x3_{1..3}{,_bn}            block8.branch1.{0..2}{.conv,.bn}
block8_10_conv                        block8.conv2d
conv_7b{,_bn}                         conv2d_7b{.conv,.bn}
predictions                           classif
)"};

// timm/models/inception_v3.py, which is torchvision's.
const Naming kTimmInceptionV3 = {.title = "timm's and torchvision's inception_v3",
                                 .table = R"(
stem_conv{1..5}{,_bn}                 Conv2d_{1a_3x3,2a_3x3,2b_3x3,3b_1x1,4a_3x3}{.conv,.bn}
mixed{0..2}_1x1{,_bn}                 Mixed_5{b..d}.branch1x1{.conv,.bn}
mixed{0..2}_5x5_{1..2}{,_bn}          Mixed_5{b..d}.branch5x5_{1..2}{.conv,.bn}
mixed{0..2}_3x3dbl_{1..3}{,_bn}       Mixed_5{b..d}.branch3x3dbl_{1..3}{.conv,.bn}
mixed{0..2}_pool_1x1{,_bn}            Mixed_5{b..d}.branch_pool{.conv,.bn}
mixed3_3x3{,_bn}                      Mixed_6a.branch3x3{.conv,.bn}
mixed3_3x3dbl_{1..3}{,_bn}            Mixed_6a.branch3x3dbl_{1..3}{.conv,.bn}
mixed{4..7}_1x1{,_bn}                 Mixed_6{b..e}.branch1x1{.conv,.bn}
mixed{4..7}_7x7_{1..3}{,_bn}          Mixed_6{b..e}.branch7x7_{1..3}{.conv,.bn}
mixed{4..7}_7x7dbl_{1..5}{,_bn}       Mixed_6{b..e}.branch7x7dbl_{1..5}{.conv,.bn}
mixed{4..7}_pool_1x1{,_bn}            Mixed_6{b..e}.branch_pool{.conv,.bn}
mixed8_3x3_{1..2}{,_bn}               Mixed_7a.branch3x3_{1..2}{.conv,.bn}
mixed8_7x7x3_{1..4}{,_bn}             Mixed_7a.branch7x7x3_{1..4}{.conv,.bn}
mixed{9..10}_1x1{,_bn}                Mixed_7{b..c}.branch1x1{.conv,.bn}
mixed{9..10}_3x3{,_bn}                Mixed_7{b..c}.branch3x3_1{.conv,.bn}
mixed{9..10}_3x3_{1x3,3x1}{,_bn}      Mixed_7{b..c}.branch3x3_{2a,2b}{.conv,.bn}
mixed{9..10}_3x3dbl_{1..2}{,_bn}      Mixed_7{b..c}.branch3x3dbl_{1..2}{.conv,.bn}
mixed{9..10}_3x3dbl_{1x3,3x1}{,_bn}   Mixed_7{b..c}.branch3x3dbl_{3a,3b}{.conv,.bn}
mixed{9..10}_pool_1x1{,_bn}           Mixed_7{b..c}.branch_pool{.conv,.bn}
predictions                           fc
)",
                                 .refusal =
                                     "its average pools count the zeros around the image, Google's and Siskin's "
                                     "do not, so that every image gives other features"};

}  // namespace siskin
