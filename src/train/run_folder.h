// The folder a training writes into, held by one training at a time.
#pragma once

#include <filesystem>
#include <utility>
#include <vector>

namespace siskin {

// Where everything stands.
class RunPaths {
 public:
  explicit RunPaths(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path lock() const { return path_ / "lock"; }  // 0 bytes, in every run folder
  std::filesystem::path log() const { return path_ / "log.csv"; }
  std::filesystem::path json_log() const { return path_ / "log.jsonl"; }
  // TensorBoard takes files whose name contains "tfevents".
  std::filesystem::path events() const { return path_ / "events.out.tfevents.siskin"; }
  std::filesystem::path splits() const { return path_ / "split.csv"; }
  std::filesystem::path skipped() const { return path_ / "skipped.csv"; }
  std::filesystem::path report() const { return path_ / "report.json"; }
  std::filesystem::path html_report() const { return path_ / "report.html"; }
  std::filesystem::path checkpoint() const { return path_ / "checkpoint.safetensors"; }
  std::filesystem::path fine_tune_slot(int slot) const;  // 0, 1: checkpoints of the network itself
  std::filesystem::path fine_tune_stopped() const { return path_ / "fine-tune-stopped.safetensors"; }
  // Those three: two in turns, one of a stop.
  std::vector<std::filesystem::path> fine_tune_checkpoints() const {
    return {fine_tune_slot(0), fine_tune_slot(1), fine_tune_stopped()};
  }
  std::filesystem::path features() const { return path_ / "features"; }  // a folder

  // All files that a training may write there, or remove; of the features those that are there.
  std::vector<std::filesystem::path> All() const;

 private:
  std::filesystem::path path_;
};

class RunFolder : public RunPaths {
 public:
  // Creates the folder if need be and locks it until destruction (or the end of the process, however it ends).
  // kUsage if another training holds it, kIo if it cannot be written.
  explicit RunFolder(std::filesystem::path path);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

 private:
  int lock_ = -1;
};

}  // namespace siskin
