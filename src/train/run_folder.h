// The folder a training writes into, held by one training at a time.
#pragma once

#include <filesystem>

namespace siskin {

class RunFolder {
 public:
  // Creates the folder if need be and locks it until destruction (or the end of the process, however it ends).
  // kUsage if another training holds it, kIo if it cannot be written.
  explicit RunFolder(std::filesystem::path path);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  std::filesystem::path log() const { return path_ / "log.csv"; }
  std::filesystem::path json_log() const { return path_ / "log.jsonl"; }
  // TensorBoard takes files whose name contains "tfevents".
  std::filesystem::path events() const { return path_ / "events.out.tfevents.siskin"; }
  std::filesystem::path splits() const { return path_ / "split.csv"; }
  std::filesystem::path skipped() const { return path_ / "skipped.csv"; }
  std::filesystem::path report() const { return path_ / "report.json"; }
  std::filesystem::path html_report() const { return path_ / "report.html"; }
  std::filesystem::path checkpoint() const { return path_ / "checkpoint.safetensors"; }
  std::filesystem::path features() const { return path_ / "features"; }  // a folder

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace siskin
