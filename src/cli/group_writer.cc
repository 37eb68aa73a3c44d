#include "cli/group_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/csv.h"
#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/text.h"

namespace siskin::cli {
namespace {

struct GroupAnswer {
  const std::string* group;
  float score;
  const char* label;
};

std::vector<GroupAnswer> AnswersOf(const std::vector<GroupQuestion>& questions, const Predictor::Answer& answer) {
  std::vector<GroupAnswer> answers;
  for (const GroupQuestion& question : questions) {
    const Predictor::Answer two = question.Of(answer);
    answers.push_back({&question.group().word, two.scores[1], two.label == 1 ? "yes" : "no"});
  }
  return answers;
}

class GroupTextWriter : public PredictionWriter {
 public:
  GroupTextWriter(size_t path_columns, std::vector<GroupQuestion> questions)
      : path_columns_(path_columns), questions_(std::move(questions)) {
    for (const GroupQuestion& question : questions_) {
      columns_ = std::max(columns_, DisplayWidth(question.group().word));
    }
  }

  std::string Line(const std::string& path, const Predictor::Answer& answer) const override {
    std::string begin = PadRight(Printable(path, kMaxPathBytes), path_columns_);
    if (!answer.status.error.empty()) return begin + "  error: " + answer.status.error + "\n";
    std::string lines;
    for (const GroupAnswer& a : AnswersOf(questions_, answer)) {
      lines += fmt::format("{}  {}  {:<3}  {:>5.1f} %\n", begin, PadRight(*a.group, columns_), a.label, a.score * 100);
      begin = std::string(path_columns_, ' ');
    }
    return lines;
  }

 private:
  size_t path_columns_, columns_ = 0;
  std::vector<GroupQuestion> questions_;
};

class GroupJsonLinesWriter : public PredictionWriter {
 public:
  explicit GroupJsonLinesWriter(std::vector<GroupQuestion> questions) : questions_(std::move(questions)) {}

  std::string Line(const std::string& path, const Predictor::Answer& answer) const override {
    const Json begin = {{"v", kPredictionVersion}, {"path", ToValidUtf8(path)}};
    if (!answer.status.error.empty()) {
      Json line = begin;
      line["error"] = answer.status.error;
      return ToText(line) + "\n";
    }
    std::string lines;
    for (const GroupAnswer& a : AnswersOf(questions_, answer)) {
      Json line = begin;
      line["group"] = *a.group;
      line["label"] = a.label;
      line["score"] = ShortestDouble(a.score);
      lines += ToText(line) + "\n";
    }
    return lines;
  }

 private:
  std::vector<GroupQuestion> questions_;
};

class GroupCsvWriter : public PredictionWriter {
 public:
  explicit GroupCsvWriter(std::vector<GroupQuestion> questions) : questions_(std::move(questions)) {}

  std::string Header() const override { return "path,group,label,score,error\n"; }

  std::string Line(const std::string& path, const Predictor::Answer& answer) const override {
    if (!answer.status.error.empty()) return fmt::format("{},,,,{}\n", CsvField(path), CsvField(answer.status.error));
    std::string lines;
    for (const GroupAnswer& a : AnswersOf(questions_, answer)) {
      lines += fmt::format("{},{},{},{},\n", CsvField(path), CsvField(*a.group), a.label, a.score);
    }
    return lines;
  }

 private:
  std::vector<GroupQuestion> questions_;
};

}  // namespace

std::unique_ptr<PredictionWriter> MakeGroupWriter(const PredictionStyle& style, std::vector<GroupQuestion> questions) {
  if (style.format == "jsonl") return std::make_unique<GroupJsonLinesWriter>(std::move(questions));
  if (style.format == "csv") return std::make_unique<GroupCsvWriter>(std::move(questions));
  return std::make_unique<GroupTextWriter>(style.path_columns, std::move(questions));
}

}  // namespace siskin::cli
