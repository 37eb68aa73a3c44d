#include "train/run_log.h"

#include "base/json.h"
#include "train/event_file.h"

namespace siskin {

std::string JsonLog(std::span<const TrainingPhase> phases) {
  std::string lines;
  for (const TrainingPhase& phase : phases) {
    for (const EpochResult& e : phase.history) {
      lines += ToText({{"v", 1},
                       {"phase", phase.name},
                       {"epoch", e.epoch},
                       {"lr", e.lr},
                       {"train_loss", e.train_loss},
                       {"train_accuracy", e.train_accuracy},
                       {"validation_loss", e.validation_loss},
                       {"validation_accuracy", e.validation_accuracy},
                       {"seconds", e.seconds},
                       {"time", e.time}});
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

void WriteRunLogs(const RunFolder& folder, std::span<const TrainingPhase> phases, FileOps& ops) {
  WriteFileAtomic(folder.json_log(), JsonLog(phases), ops);
  ExtendFile(folder.events(), EventFileOf(phases), ops);
}

}  // namespace siskin
