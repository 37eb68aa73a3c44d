// Asking a trained classifier from C++. One header, no other dependency:
//
//   siskin::Classifier pets("pets.safetensors");
//   siskin::Prediction p = pets.ClassifyFile("photo.jpg");
//   if (p.ok()) std::cout << p.label << " " << p.score << "\n";
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "siskin/api.h"
#include "siskin/error.h"

namespace siskin {

struct Prediction {
  std::string label;          // the class; empty if the photo could not be read
  int index = -1;             // of the class in class_names()
  float score = 0;            // of that class, 0..1
  std::vector<float> scores;  // of every class, in the order of class_names(); they sum to 1
  std::string error;          // why the photo could not be read; empty otherwise
  std::string warning;        // the photo could be read, but is damaged
  bool ok() const { return error.empty(); }

  // The indices of the k classes with the largest scores, the largest first; of all classes if there are no more than
  // k. None of a photo that could not be read.
  SISKIN_API std::vector<int> Top(size_t k) const;
};

// A decoded photo that stays where it is: red, green and blue of each pixel, rows from the top, row_bytes apart.
struct Pixels {
  const uint8_t* rgb = nullptr;
  int width = 0, height = 0;
  size_t row_bytes = 0;  // at least 3 * width
};

// What a model is.
struct ModelInfo {
  std::string network;                   // "xception"
  int height = 0, width = 0;             // of what the network sees, in pixels; photos of any size are resized to it
  std::vector<std::string> class_names;  // in the order of scores
  double threshold = 0.5;                // of two classes: the second one if its score is at least this
  std::string card;                      // everything that the file tells of it (recipe, data, metrics), as JSON
};

// Not for two threads at once: give each one of its own by ShareModel.
class SISKIN_API Classifier {
 public:
  // Reads a model file. threads 0: all processors. Throws Error: kIo (cannot be read, or so many threads cannot be
  // started), kModel (not a model of siskin), kUsage (more than 1,024 threads, or the environment variable SISKIN_ISA
  // names an instruction set that this processor lacks).
  explicit Classifier(const std::filesystem::path& model_file, int threads = 0);
  ~Classifier();
  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;

  // Another classifier of the same model, with threads of its own. The weights, most of its memory, are there once.
  [[nodiscard]] Classifier ShareModel(int threads = 0) const;

  const std::vector<std::string>& class_names() const;
  const ModelInfo& model() const;

  // A photo from its file (JPEG, PNG, WebP), from the bytes of such a file, or as pixels. A photo that cannot be read
  // is an answer with `error`, not an exception; pixels that cannot be there (no width, rows that overlap) throw
  // kUsage.
  [[nodiscard]] Prediction ClassifyFile(const std::filesystem::path& photo);
  [[nodiscard]] Prediction ClassifyBytes(std::string_view photo);
  [[nodiscard]] Prediction ClassifyPixels(const Pixels& photo);
  // Many of them: decoded and computed on all threads, faster than one by one. One answer per photo, in order, the same
  // as it would get alone.
  [[nodiscard]] std::vector<Prediction> ClassifyFiles(std::span<const std::filesystem::path> photos);
  [[nodiscard]] std::vector<Prediction> ClassifyManyBytes(std::span<const std::string_view> photos);
  [[nodiscard]] std::vector<Prediction> ClassifyManyPixels(std::span<const Pixels> photos);

 private:
  struct Impl;
  explicit Classifier(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace siskin
