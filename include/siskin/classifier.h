// Asking a trained classifier from C++. One header, no other dependency:
//
//   siskin::Classifier pets("pets.safetensors");
//   siskin::Prediction p = pets.Classify("photo.jpg");
//   if (p.ok()) std::cout << p.label << " " << p.score << "\n";
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "siskin/error.h"
#include "siskin/export.h"

namespace siskin {

struct Prediction {
  std::string label;          // the class; empty if the photo could not be read
  float score = 0;            // of that class, 0..1
  std::vector<float> scores;  // of every class, in the order of class_names(); they sum to 1
  std::string error;          // why the photo could not be read; empty otherwise
  std::string warning;        // the photo could be read, but is damaged
  bool ok() const { return error.empty(); }
};

class SISKIN_API Classifier {
 public:
  // Reads a model file. threads 0: all processors. Throws Error: kIo (cannot be read), kModel (not a model of siskin),
  // kUsage (the environment variable SISKIN_ISA names an instruction set that this processor lacks).
  explicit Classifier(const std::filesystem::path& model_file, int threads = 0);
  ~Classifier();
  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;

  const std::vector<std::string>& class_names() const;

  // A photo (JPEG, PNG, WebP) from a file or from memory. A photo that cannot be read is an answer with `error`, not an
  // exception. Not for two threads at once: give each its own Classifier.
  Prediction Classify(const std::filesystem::path& photo);
  Prediction ClassifyBytes(std::string_view photo);
  // Many photos: decoded and computed on all threads. One answer per photo, in order.
  std::vector<Prediction> Classify(std::span<const std::filesystem::path> photos);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace siskin
