#include "data/split_names.h"

#include <gtest/gtest.h>

#include <string>

namespace siskin {
namespace {

TEST(SplitNamed, CommonNames) {
  for (const char* name :
       {"train",         "TRAIN",          "training",          "training_set",       "trainset",      "train_data",
        "traindata",     "train_dir",      "Train_images",      "TrainImages",        "seg_train",     "seg-train",
        "Training Data", "train2017",      "train_2017_images", "train (1)",          "dataset_train", "imgs.train",
        "train-split",   "TrainingFolder", "train photos",      "images_training_set"}) {
    EXPECT_EQ(SplitNamed(name), Split::kTrain) << name;
  }
  for (const char* name : {"validation", "val", "Valid", "dev", "val2017", "validation_dir", "valset", "val_data",
                           "DevSet", "validation pictures", "ValidationImages", "seg_val"}) {
    EXPECT_EQ(SplitNamed(name), Split::kValidation) << name;
  }
  for (const char* name : {"test", "testing", "test_set", "testset", "test-images", "test1", "Testing Set", "seg_test",
                           "TestData", "img_test", "test_pics"}) {
    EXPECT_EQ(SplitNamed(name), Split::kTest) << name;
  }
}

TEST(SplitNamed, ClassesThatBeginOrEndAlike) {
  for (const char* name : {"test tube", "test_tubes",   "valley",        "training_shoes",
                           "trainer",   "trains",       "train station", "contest",
                           "devil",     "value",        "validated",     "protest",
                           "restrain",  "steam train",  "data",          "images",
                           "dataset",   "set",          "2017",          "",
                           "_",         "testtest",     "train_test",    "trainval",
                           "pretest",   "tr\xC3\xA4in", "\xFFtrain",     "train\xC3\xA9"}) {
    EXPECT_EQ(SplitNamed(name), std::nullopt) << name;
  }
}

// Ambiguous pieces would take time exponential in their number; a name has up to 255 bytes.
TEST(SplitNamed, LongNamesTakeNoTime) {
  std::string name;
  while (name.size() < 245) name += "picturesimagesphotosset";
  EXPECT_EQ(SplitNamed(name + "train"), Split::kTrain);
  EXPECT_EQ(SplitNamed(name + "x" + "train"), std::nullopt);
}

}  // namespace
}  // namespace siskin
