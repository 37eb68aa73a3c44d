#include "train/run_log.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/testing.h"
#include "train/event_file.h"

namespace siskin {
namespace {

EpochResult Epoch(int epoch, double loss) {
  return {.epoch = epoch,
          .lr = 0.003,
          .train_loss = loss,
          .train_accuracy = 0.5,
          .validation_loss = loss + 1,
          .validation_accuracy = 0.75,
          .seconds = 2,
          .time = 1000.0 + epoch};
}

std::vector<TrainingPhase> TwoPhases() {
  return {{"head", {Epoch(1, 0.5), Epoch(2, 0.25)}, 2}, {"fine-tune", {Epoch(1, 0.125)}, 1}};
}

TEST(CsvLog, HasALineForEveryEpochOfEveryPhase) {
  EXPECT_EQ(CsvLog(TwoPhases()),
            "phase,epoch,lr,train_loss,train_accuracy,validation_loss,validation_accuracy,seconds\n"
            "head,1,0.003,0.500000,0.500000,1.500000,0.750000,2.000\n"
            "head,2,0.003,0.250000,0.500000,1.250000,0.750000,2.000\n"
            "fine-tune,1,0.003,0.125000,0.500000,1.125000,0.750000,2.000\n");
}

TEST(JsonLog, HasALineForEveryEpochOfEveryPhase) {
  std::istringstream lines(JsonLog(TwoPhases()));
  std::vector<Json> epochs;
  for (std::string line; std::getline(lines, line);) epochs.push_back(ParseJson(line, "log.jsonl"));
  ASSERT_EQ(epochs.size(), 3u);
  EXPECT_EQ(epochs[1], Json({{"v", 1},
                             {"phase", "head"},
                             {"epoch", 2},
                             {"lr", 0.003},
                             {"train_loss", 0.25},
                             {"train_accuracy", 0.5},
                             {"validation_loss", 1.25},
                             {"validation_accuracy", 0.75},
                             {"seconds", 2.0},
                             {"time", 1002.0}}));
  EXPECT_EQ(epochs[2]["phase"], "fine-tune");
  EXPECT_EQ(epochs[2]["epoch"], 1);
}

// The value of the scalar `tag` in one record, found by its bytes: the tag, then key 0x15 and four bytes.
float Scalar(const std::string& record, const std::string& tag) {
  const size_t at = record.find(tag);
  if (at == std::string::npos || record[at + tag.size()] != 0x15) return -1;
  uint32_t bits = 0;
  for (size_t i = 0; i < 4; ++i) {
    bits |= uint32_t{static_cast<uint8_t>(record[at + tag.size() + 1 + i])} << (8 * i);
  }
  return std::bit_cast<float>(bits);
}

TEST(EventFileOfPhases, CountsStepsThroughAllPhases) {
  const std::string file = EventFileOf(TwoPhases());
  std::vector<std::string> records;
  for (size_t at = 0; at < file.size();) {
    const size_t length = static_cast<uint8_t>(file[at]);  // all are shorter than 256 bytes
    records.push_back(file.substr(at + 12, length));
    at += 12 + length + 4;
  }
  ASSERT_EQ(records.size(), 4u);
  for (size_t step = 1; step <= 3; ++step) {
    EXPECT_EQ(records[step][9], 0x10) << "key of the step";
    EXPECT_EQ(static_cast<size_t>(records[step][10]), step);
  }
  EXPECT_EQ(Scalar(records[2], "loss/train"), 0.25f);
  EXPECT_EQ(Scalar(records[2], "loss/validation"), 1.25f);
  EXPECT_EQ(Scalar(records[2], "accuracy/train"), 0.5f);
  EXPECT_EQ(Scalar(records[2], "accuracy/validation"), 0.75f);
  EXPECT_EQ(Scalar(records[2], "learning_rate"), 0.003f);
  EXPECT_EQ(Scalar(records[3], "loss/train"), 0.125f);
}

// A run that is resumed writes what it would have written without the stop.
TEST(RunLogs, AreAFunctionOfTheHistory) {
  const testing::TemporaryFolder folder;
  const RunFolder run(folder.path() / "run");
  const std::vector<TrainingPhase> all = TwoPhases();
  EXPECT_EQ(TryWriteRunLogs(run, std::span(all).first(1)), "");
  EXPECT_EQ(ReadFile(run.json_log()), JsonLog(std::span(all).first(1)));
  EXPECT_EQ(TryWriteRunLogs(run, all), "");
  EXPECT_EQ(TryWriteRunLogs(run, all), "");
  EXPECT_EQ(ReadFile(run.json_log()), JsonLog(all));
  EXPECT_EQ(ReadFile(run.events()), EventFileOf(all));
  EXPECT_NE(run.events().filename().native().find("tfevents"), std::string::npos);
}

// A training goes on without its logs; the next ones have all.
TEST(RunLogs, OnAFullDiskSayWhatWentWrong) {
  const testing::TemporaryFolder folder;
  const RunFolder run(folder.path() / "run");
  const std::vector<TrainingPhase> all = TwoPhases();
  ASSERT_EQ(TryWriteRunLogs(run, std::span(all).first(1)), "");
  testing::FullDisk disk;
  const std::string problem = TryWriteRunLogs(run, all, disk);
  EXPECT_NE(problem.find("log.csv: cannot write: No space left"), std::string::npos) << problem;
  EXPECT_EQ(ReadFile(run.log()), CsvLog(std::span(all).first(1)));
  EXPECT_EQ(TryWriteRunLogs(run, all), "");
  EXPECT_EQ(ReadFile(run.log()), CsvLog(all));
  EXPECT_EQ(ReadFile(run.events()), EventFileOf(all));
}

}  // namespace
}  // namespace siskin
