#include "cli/prediction_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "base/csv.h"
#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/text.h"

namespace siskin::cli {
namespace {

class TextWriter : public PredictionWriter {
 public:
  TextWriter(int top, size_t path_columns, std::vector<std::string> class_names)
      : top_(static_cast<size_t>(std::max(top, 1))), path_columns_(path_columns) {
    for (const std::string& name : class_names) {
      names_.push_back(Printable(name));
      name_columns_ = std::max(name_columns_, DisplayWidth(names_.back()));
    }
    // The longest of ImageNet; a class named after a sentence would push the numbers out of sight.
    constexpr size_t kMaxNameColumns = 30;
    name_columns_ = std::min(name_columns_, kMaxNameColumns);
  }

  std::string Line(const std::string& path, const Predictor::Answer& answer) const override {
    std::string line = PadRight(Printable(path, kMaxPathBytes), path_columns_);
    if (!answer.status.error.empty()) return line + "  error: " + answer.status.error + "\n";
    std::string lines;
    for (const size_t c : Chosen(answer)) {
      lines += fmt::format("{}  {}  {:>5.1f} %\n", line, PadRight(names_[c], name_columns_), answer.scores[c] * 100);
      line = std::string(path_columns_, ' ');
    }
    return lines;
  }

 private:
  std::vector<size_t> Chosen(const Predictor::Answer& answer) const {
    if (top_ == 1) return {static_cast<size_t>(answer.label)};
    return BestClasses(answer.scores, top_);
  }

  size_t top_, path_columns_, name_columns_ = 0;
  std::vector<std::string> names_;
};

class JsonLinesWriter : public PredictionWriter {
 public:
  JsonLinesWriter(int top, std::vector<std::string> class_names)
      : top_(static_cast<size_t>(top)), names_(std::move(class_names)) {}

  std::string Line(const std::string& path, const Predictor::Answer& answer) const override {
    Json line = {{"v", kPredictionVersion}, {"path", ToValidUtf8(path)}};
    if (!answer.status.error.empty()) {
      line["error"] = answer.status.error;
      return ToText(line) + "\n";
    }
    const auto label = static_cast<size_t>(answer.label);
    line["label"] = names_[label];
    line["score"] = ShortestDouble(answer.scores[label]);
    Json& scores = line["scores"] = Json::object();
    for (const size_t c : Chosen(answer.scores)) scores[names_[c]] = ShortestDouble(answer.scores[c]);
    return ToText(line) + "\n";
  }

 private:
  std::vector<size_t> Chosen(std::span<const float> scores) const {
    if (top_ > 0) return BestClasses(scores, top_);
    std::vector<size_t> all(scores.size());
    std::iota(all.begin(), all.end(), size_t{0});
    return all;
  }

  size_t top_;
  std::vector<std::string> names_;
};

// path,label,score,error and then either a column of scores for every class or, with `top`, label_2,score_2, ...
class CsvWriter : public PredictionWriter {
 public:
  CsvWriter(int top, std::vector<std::string> class_names)
      : top_(static_cast<size_t>(top)), names_(std::move(class_names)) {}

  std::string Header() const override {
    std::string header = "path,label,score,error";
    if (top_ == 0) {
      for (const std::string& name : names_) header += "," + CsvField(name);
    }
    for (size_t rank = 2; rank <= top_; ++rank) header += fmt::format(",label_{0},score_{0}", rank);
    return header + "\n";
  }

  std::string Line(const std::string& path, const Predictor::Answer& answer) const override {
    const size_t more_columns = top_ == 0 ? names_.size() : 2 * (top_ - 1);
    if (!answer.status.error.empty()) {
      return fmt::format("{},,,{}{}\n", CsvField(path), CsvField(answer.status.error), std::string(more_columns, ','));
    }
    const auto label = static_cast<size_t>(answer.label);
    std::string line = fmt::format("{},{},{},", CsvField(path), CsvField(names_[label]), answer.scores[label]);
    if (top_ == 0) {
      for (const float score : answer.scores) line += fmt::format(",{}", score);
      return line + "\n";
    }
    const std::vector<size_t> best = BestClasses(answer.scores, top_);
    for (size_t rank = 1; rank < top_; ++rank) {
      line +=
          rank < best.size() ? fmt::format(",{},{}", CsvField(names_[best[rank]]), answer.scores[best[rank]]) : ",,";
    }
    return line + "\n";
  }

 private:
  size_t top_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<PredictionWriter> MakePredictionWriter(const PredictionStyle& style,
                                                       std::vector<std::string> class_names) {
  if (style.format == "jsonl") return std::make_unique<JsonLinesWriter>(style.top, std::move(class_names));
  if (style.format == "csv") return std::make_unique<CsvWriter>(style.top, std::move(class_names));
  return std::make_unique<TextWriter>(style.top, style.path_columns, std::move(class_names));
}

std::vector<size_t> BestClasses(std::span<const float> scores, size_t count) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  order.resize(std::min(count, order.size()));
  return order;
}

double ShortestDouble(float value) {
  return std::strtod(fmt::format("{}", value).c_str(), nullptr);
}

}  // namespace siskin::cli
