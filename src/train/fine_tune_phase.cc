#include "train/fine_tune_phase.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <utility>

#include "base/error.h"
#include "train/checkpoint.h"
#include "train/run_folder.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

class Phase {
 public:
  Phase(const FineTunePhase& options, FineTuner* tuner, const RunContext& context)
      : options_(options), tuner_(*tuner), context_(context) {}

  void Run() {
    if (options_.resume) {
      GoOn();
    } else {
      std::error_code ignored;
      for (const fs::path& file : RunPaths(options_.folder).fine_tune_checkpoints()) fs::remove(file, ignored);
    }
    while (!tuner_.finished()) {
      const FineTuneState& state = tuner_.state();
      context_.progress.Begin(fmt::format("fine-tuning, epoch {}", state.epoch), "photos", tuner_.photos_left());
      const bool done = RunEpoch();
      context_.progress.Finish();
      if (done) options_.epoch_done(tuner_.state());
    }
    std::error_code ignored;
    fs::remove(Stopped(), ignored);  // the slots are further
  }

 private:
  fs::path Slot(int slot) const { return RunPaths(options_.folder).fine_tune_slot(slot); }
  fs::path Stopped() const { return RunPaths(options_.folder).fine_tune_stopped(); }

  // False: it diverged, and the tuner is back at an earlier state.
  bool RunEpoch() {
    // The first state too: there is then always something to go back to.
    if (tuner_.state().steps == 0) Save(Slot(slot_));
    for (;;) {
      switch (tuner_.Advance()) {
        case FineTuner::Event::kStep:
          context_.progress.Advance(tuner_.photos_in_step());
          if (tuner_.state().step % kStepsBetweenSaves == 0) SaveInTurn();
          break;
        case FineTuner::Event::kEpoch:
          SaveInTurn();
          return true;
        case FineTuner::Event::kStopped:
          Save(Stopped());
          Fail(ErrorKind::kInterrupted, "stopped in epoch {} of the fine-tuning, after step {} of {}",
               tuner_.state().epoch, tuner_.state().step, tuner_.steps_per_epoch());
        case FineTuner::Event::kDiverged:
          RollBack();
          return false;
      }
    }
  }

  void SaveInTurn() {
    slot_ = 1 - slot_;
    Save(Slot(slot_));
  }

  // A disk that is full now may have room later: the training is worth more than one checkpoint.
  void Save(const fs::path& file) {
    const std::string problem =
        TryWriteCheckpoint(file, tuner_.state().arrays, tuner_.StateJson(), options_.identity, *options_.ops);
    if (!problem.empty()) context_.progress.Warn(problem + "; the training goes on without this checkpoint");
  }

  struct Found {
    FineTuneState state;
    int slot = 0;  // that must not be overwritten next
  };

  // The checkpoint that got furthest. Damaged ones are named and left out.
  std::optional<Found> Furthest(bool with_stopped) const {
    std::optional<Found> furthest;
    for (const auto& [file, slot] : {std::pair(Slot(0), 0), std::pair(Slot(1), 1), std::pair(Stopped(), -1)}) {
      std::error_code ignored;
      if ((slot < 0 && !with_stopped) || !fs::exists(file, ignored)) continue;
      Checkpoint checkpoint;
      if (const std::optional<Error> error = TryReadCheckpoint(file, &checkpoint)) {
        context_.progress.Warn(error->what());
        continue;
      }
      CheckIdentity(file, checkpoint.identity, options_.identity);
      FineTuneState state = tuner_.FromCheckpoint(std::move(checkpoint), Printable(file.native()));
      const bool further =
          !furthest ||
          std::pair(state.rollbacks, state.steps) > std::pair(furthest->state.rollbacks, furthest->state.steps) ||
          (state.rollbacks == furthest->state.rollbacks && state.steps == furthest->state.steps &&
           state.history.size() > furthest->state.history.size());
      if (further) furthest = Found{std::move(state), slot < 0 ? (furthest ? furthest->slot : 0) : slot};
    }
    return furthest;
  }

  void GoOn() {
    std::optional<Found> found = Furthest(/*with_stopped=*/true);
    if (!found) return;
    slot_ = found->slot;
    tuner_.Restore(std::move(found->state));
    const FineTuneState& state = tuner_.state();
    context_.progress.Note(fmt::format("fine-tuning goes on in epoch {} after step {} of {}", state.epoch, state.step,
                                       tuner_.steps_per_epoch()));
  }

  void RollBack() {
    const int rollbacks = tuner_.state().rollbacks + 1;
    const double factor = tuner_.state().lr_factor / 2;
    const std::string photos = PhotosText();
    std::optional<Found> found = Furthest(/*with_stopped=*/false);
    if (rollbacks > kMaxRollbacks || !found) {
      Fail(
          ErrorKind::kUsage,
          "the fine-tuning diverges: a loss or gradient is no number, also after {} tries with half the learning rate; "
          "try a tenth of --finetune-lr, or --clip-norm 1. The photos of the last step: {}",
          rollbacks - 1, photos);
    }
    slot_ = found->slot;
    found->state.rollbacks = rollbacks;
    found->state.lr_factor = factor;
    tuner_.Restore(std::move(found->state));
    const FineTuneState& state = tuner_.state();
    context_.progress.Warn(
        fmt::format("a loss or gradient is no number; back to epoch {} step {} with the learning rate times {:g}. The "
                    "photos of that step: {}",
                    state.epoch, state.step, state.lr_factor, photos));
    SaveInTurn();
  }

  std::string PhotosText() const {
    std::vector<std::string> names;
    for (const fs::path& photo : tuner_.photos()) names.push_back(Printable(photo.native()));
    return fmt::format("{}", fmt::join(names, ", "));
  }

  const FineTunePhase& options_;
  FineTuner& tuner_;
  const RunContext& context_;
  int slot_ = 0;  // that was written last
};

}  // namespace

void RunFineTuning(const FineTunePhase& phase, FineTuner* tuner, const RunContext& context) {
  Phase(phase, tuner, context).Run();
}

}  // namespace siskin
