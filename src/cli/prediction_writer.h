// Predictions as lines: for a person, as JSON Lines, as CSV. The formats are an interface; docs/formats.md.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/classifier_model.h"
#include "model/predictor.h"

namespace siskin::cli {

// Of a line of JSON; a reader may rely on the members that version 1 has.
inline constexpr int kPredictionVersion = 1;

class PredictionWriter {
 public:
  virtual ~PredictionWriter() = default;
  virtual std::string Header() const { return ""; }
  virtual std::string Line(const std::string& path, const Predictor::Answer& answer) const = 0;
};

inline constexpr size_t kMaxPathBytes = 4096;  // PATH_MAX: no name is ever cut

struct PredictionStyle {
  std::string format = "text";  // "text", "jsonl" or "csv"
  int top = 0;                  // number of best classes to print; 0: all of them (in text: the answer only)
  size_t path_columns = 0;      // text: columns for the path
};

std::unique_ptr<PredictionWriter> MakePredictionWriter(const PredictionStyle& style,
                                                       std::vector<std::string> class_names);

// Indices of the `count` largest scores, best first; of equal ones the first.
std::vector<size_t> BestClasses(std::span<const float> scores, size_t count);

// The shortest decimal number that is this float again: 0.9931, not 0.99309998750686646.
double ShortestDouble(float value);

}  // namespace siskin::cli
