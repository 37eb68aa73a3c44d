// Which folders are named like a split: train, "Training Set", seg_test, val2017, ... Private to data/.
#pragma once

#include <optional>
#include <string_view>

#include "data/photo.h"

namespace siskin {

// The split that a folder is named after: train, validation or test or a synonym (training, val, valid, dev, testing),
// alone or with what people add to it (set, data, images, ...), in any case, with any separators and digits. Nothing
// else may be in the name: "test tube", "valley" and "training_shoes" are not splits.
std::optional<Split> SplitNamed(std::string_view folder);

}  // namespace siskin
