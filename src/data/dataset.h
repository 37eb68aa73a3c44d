// Folders of photos: which classes, which files, which split. Lists files, never changes or deletes any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/run_context.h"
#include "data/photo.h"

namespace siskin {

struct Dataset {
  std::filesystem::path root;            // what was asked for, or where the class folders in it begin
  std::vector<std::string> class_names;  // in NFC (data/nfc.h), sorted; the order of the network's outputs
  std::vector<Photo> photos;             // sorted by path: the same on every machine
  std::vector<SkippedFile> skipped;      // what looked like a photo but cannot be one (unreadable, empty, loops)
  std::vector<std::string> notes;        // what a person should know about the layout, in sentences
  std::string doubt;                     // why its folders do not look like classes (data/layout.h); empty if they do
  bool has_splits = false;               // train/validation/test folders were there

  std::vector<const Photo*> InSplit(Split split) const;
  // Photos of each class in a split: [classes].
  std::vector<int> CountByClass(Split split) const;
};

struct ScanOptions {
  // Two classes at least, and in every split each of them: what a training needs. Without it one class is enough, and a
  // split may lack some: photos to be scored.
  bool for_training = true;
  std::vector<std::string> known_classes = {};  // a folder of such a name is this class, whatever folders are in it
};

// Reads root/{class}/** or root/{train,validation,test}/{class}/** (or names like these: data/split_names.h). Junk (dot
// files, __MACOSX, Thumbs.db, desktop.ini) is no class and no photo; files of other kinds are left out silently, photos
// that cannot be read are listed in `skipped`. Folders without photos and photos in no class folder are left out with a
// note. So does a folder that an archive put around everything: Dataset::root is then the folder in it. Links are
// followed, loops are not. kData with the remedy: no such folder, empty, one class only, a class missing in a split,
// ...
Dataset ScanFolder(const std::filesystem::path& root, const ScanOptions& options = {});

// What keeps a model from being trained on these photos, in sentences with the remedy; empty if nothing does.
// classes_confirmed: a split file names the class of every photo, so that Dataset::doubt is no obstacle.
std::vector<std::string> TrainingObstacles(const Dataset& dataset, bool classes_confirmed);

// Assigns splits to a dataset without any (or without validation: then a part of train): stratified by class, a
// function of seed and path only. Fractions of the whole; every class keeps at least one photo in each split asked for.
// kData if a class is too small for that.
void AssignSplits(Dataset* dataset, double validation_fraction, double test_fraction, uint64_t seed);

// Keeps at most `most` photos, for a quick look at a large folder; 0 keeps all. Of photos in splits two parts are for
// training, two for the test, one for validation, or as many as there are; within a split every class keeps its share.
// A function of seed and paths only. False, and nothing is changed, if a class could not keep a photo for every split.
bool DrawPhotos(Dataset* dataset, size_t most, uint64_t seed);

// What AssignSplits did when it gave so many photos of each class to validation and to test: [classes]. False, and
// nothing is changed, if there are too few.
bool RepeatSplits(Dataset* dataset, std::span<const int> validation, std::span<const int> test, uint64_t seed);

// split.csv: path,class,split. Reading keeps only photos named in the file; kData if it names unknown files or classes,
// or no photo. Whether a class has any for training is not asked: they may be there to be scored.
void WriteSplitFile(const Dataset& dataset, const std::filesystem::path& file);
void ReadSplitFile(const std::filesystem::path& file, Dataset* dataset);

// SHA-256 over class names, paths, labels, splits, sizes of the photos: which photos a model was trained on.
std::string Fingerprint(const Dataset& dataset);

}  // namespace siskin
