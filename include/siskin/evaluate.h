// Measuring a trained model on photos whose class is known. In libsiskin (siskin::siskin), not in the core.
//
//   const siskin::Evaluation e = siskin::Evaluate({.model = "pets.safetensors", .folder = "photos"});
//   std::cout << e.metrics.accuracy << " of " << e.photos.size() << " photos\n";
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "siskin/api.h"
#include "siskin/classifier.h"
#include "siskin/error.h"
#include "siskin/metrics.h"
#include "siskin/skipped_file.h"
#include "siskin/work.h"

namespace siskin {

struct EvaluateOptions {
  std::string model;  // a model file; with `group` also the name of a network
  // Of one folder per class, one is enough; or of train, validation, test with such in it.
  std::filesystem::path folder;
  // Which photos: "test", "validation", "train" or "all", of a folder with such parts, of a split file, or of the
  // photos that the model was trained on, which get again the parts that they had then. All photos where there are no
  // parts.
  std::string split = "test";
  std::filesystem::path split_file = {};  // path,class,split of every photo to use; empty: none
  // Of a network with ImageNet's classes: whether it tells what is a "bird", or another word or id of WordNet, from the
  // rest. The folders of the word and of kinds of it are compared with all others. Empty: the model's own classes.
  std::string group = {};
  std::optional<double> threshold = {};  // of `group`: it is one from this score on, 0 to 1; 0.5 if not given
  int batch = 8;                         // photos that are computed together: takes memory, changes no answer
};

struct EvaluatedPhoto {
  std::string path;           // below Evaluation::folder, '/' between folders
  int truth = 0, label = 0;   // its class and the answer: indices into Evaluation::class_names
  std::vector<float> scores;  // of every class; they sum to 1
  bool right() const { return label == truth; }
};

struct Evaluation {
  ModelInfo model;
  std::vector<std::string> class_names;  // the model's; with `group` "other" and the word
  double threshold = 0.5;                // of two classes: the second one if its score is at least this
  std::filesystem::path folder;          // where the paths begin
  std::string split;                     // the part that was measured; "given" if the photos have no parts
  Metrics metrics;
  std::vector<EvaluatedPhoto> photos;  // those that could be read, sorted by path
  std::vector<SkippedFile> skipped;    // the others
};

// Progress: the task "eval" in photos. A photo that cannot be read is listed, not thrown. Errors: kUsage (options that
// make no sense), kData (no such folder, or no photos in it or in that part; a class that the model does not know; not
// one photo can be read), kModel, kIo (no such model), kInterrupted (work.stop).
SISKIN_API Evaluation Evaluate(const EvaluateOptions& options, const Work& work = {});

// The page that `siskin eval --report` writes, HTML in one file without scripts: the numbers, curves, and the worst
// mistakes with small pictures, for which their photos are read again. command: what repeats the work, shown on the
// page; may be empty.
SISKIN_API std::string EvaluationReport(const Evaluation& evaluation, const std::string& command,
                                        const Work& work = {});

}  // namespace siskin
