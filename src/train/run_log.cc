#include "train/run_log.h"

#include <fmt/format.h>

#include "base/json.h"
#include "train/event_file.h"

namespace siskin {

std::string CsvLog(std::span<const TrainingPhase> phases) {
  std::string csv = "phase,epoch,lr,train_loss,train_accuracy,validation_loss,validation_accuracy,seconds\n";
  for (const TrainingPhase& phase : phases) {
    for (const EpochResult& e : phase.history) {
      csv += fmt::format("{},{},{:.6g},{:.6f},{:.6f},{:.6f},{:.6f},{:.3f}\n", phase.name, e.epoch, e.lr, e.train_loss,
                         e.train_accuracy, e.validation_loss, e.validation_accuracy, e.seconds);
    }
  }
  return csv;
}

std::string JsonLog(std::span<const TrainingPhase> phases) {
  std::string lines;
  for (const TrainingPhase& phase : phases) {
    for (const EpochResult& e : phase.history) {
      Json line = {{"v", 1}, {"phase", phase.name}};
      line.update(ToJson(e));
      lines += ToText(line);
      lines += '\n';
    }
  }
  return lines;
}

std::string EventFileOf(std::span<const TrainingPhase> phases) {
  std::vector<ScalarEvent> events;
  for (const TrainingPhase& phase : phases) {
    for (const EpochResult& e : phase.history) {
      const auto step = static_cast<int64_t>(events.size()) + 1;
      events.push_back({e.time,
                        step,
                        {{"loss/train", static_cast<float>(e.train_loss)},
                         {"loss/validation", static_cast<float>(e.validation_loss)},
                         {"accuracy/train", static_cast<float>(e.train_accuracy)},
                         {"accuracy/validation", static_cast<float>(e.validation_accuracy)},
                         {"learning_rate", static_cast<float>(e.lr)}}});
    }
  }
  return EventFileBytes(events);
}

std::string TryWriteRunLogs(const RunFolder& folder, std::span<const TrainingPhase> phases, FileOps& ops) {
  const std::string problems[] = {TryWriteFileAtomic(folder.log(), CsvLog(phases), ops),
                                  TryWriteFileAtomic(folder.json_log(), JsonLog(phases), ops),
                                  TryExtendFile(folder.events(), EventFileOf(phases), ops)};
  for (const std::string& problem : problems) {
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace siskin
