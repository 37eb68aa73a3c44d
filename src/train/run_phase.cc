#include "train/run_phase.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "train/checkpoint.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

std::string EpochLine(const EpochResult& e, int epochs, bool best) {
  return fmt::format("epoch {:>{}}/{}  loss {:.4f}  accuracy {:.2f} %  validation loss {:.4f}  accuracy {:.2f} %{}",
                     e.epoch, std::to_string(epochs).size(), epochs, e.train_loss, 100 * e.train_accuracy,
                     e.validation_loss, 100 * e.validation_accuracy, best ? "  best" : "");
}

class Phase {
 public:
  Phase(const PhaseOptions& options, Trainer* trainer, const RunContext& context)
      : options_(options), trainer_(*trainer), context_(context) {}

  void Run() {
    if (options_.resume) {
      GoOn();
    } else {
      RemoveCheckpoints();
    }
    Log();
    if (options_.short_epochs) {
      const size_t left = static_cast<size_t>(trainer_.options().optimizer.epochs) - trainer_.state().history.size();
      context_.progress.Begin(options_.task, "epochs", left);
    }
    while (!trainer_.finished()) RunEpoch();
    if (options_.short_epochs) context_.progress.Finish();
    std::error_code ignored;
    if (!options_.stopped.empty()) fs::remove(options_.stopped, ignored);  // the others are further
  }

 private:
  void RunEpoch() {
    const TrainingState& state = trainer_.state();
    if (!options_.short_epochs) {
      context_.progress.Begin(fmt::format("{}, epoch {}", options_.task, state.epoch), "photos",
                              trainer_.photos_left());
    }
    const bool done = RunSteps();
    if (!options_.short_epochs) context_.progress.Finish();
    if (!done) return;
    Log();
    const EpochResult& epoch = state.history.back();
    const bool best = state.best_epoch == epoch.epoch && epoch.epoch >= trainer_.options().first_candidate;
    const std::string line = EpochLine(epoch, trainer_.options().optimizer.epochs, best);
    if (options_.short_epochs) {
      context_.progress.Advance(1);
      context_.progress.Status(line);
    } else {
      context_.progress.Note(line);
    }
  }

  // To the end of the epoch. False: it diverged, and the trainer is back at an earlier state.
  bool RunSteps() {
    // The first state too: there is then always something to go back to.
    if (trainer_.state().steps == 0) Save(options_.checkpoints[last_]);
    for (;;) {
      switch (trainer_.Advance()) {
        case Trainer::Event::kStep:
          if (options_.short_epochs) break;
          context_.progress.Advance(trainer_.photos_in_step().size());
          if (trainer_.state().step % kStepsBetweenSaves == 0) SaveInTurn();
          break;
        case Trainer::Event::kEpoch:
          SaveInTurn();
          return true;
        case Trainer::Event::kStopped:
          Stop();
        case Trainer::Event::kDiverged:
          RollBack();
          return false;
      }
    }
  }

  [[noreturn]] void Stop() {
    const TrainingState& state = trainer_.state();
    if (options_.short_epochs) {
      Fail(ErrorKind::kInterrupted, "stopped in epoch {} of the {}", state.epoch, options_.name);
    }
    Save(options_.stopped);
    Fail(ErrorKind::kInterrupted, "stopped in epoch {} of the {}, after step {} of {}", state.epoch, options_.name,
         state.step, trainer_.steps_per_epoch());
  }

  void SaveInTurn() {
    last_ = (last_ + 1) % options_.checkpoints.size();
    Save(options_.checkpoints[last_]);
  }

  // A disk that is full now may have room later: the training is worth more than one checkpoint.
  void Save(const fs::path& file) {
    const std::string problem = TryWriteCheckpoint(file, trainer_.state(), options_.identity, *options_.ops);
    if (!problem.empty()) context_.progress.Warn(problem + "; the training goes on without this checkpoint");
  }

  void Log() const {
    const std::string problem = options_.log(trainer_.state());
    if (!problem.empty()) context_.progress.Warn(problem + "; the training goes on without this log");
  }

  void RemoveCheckpoints() const {
    std::error_code ignored;
    for (const fs::path& file : options_.checkpoints) fs::remove(file, ignored);
    if (!options_.stopped.empty()) fs::remove(options_.stopped, ignored);
  }

  // Nothing if there is no such file. One that is damaged is named and left out.
  std::optional<TrainingState> Read(const fs::path& file) const {
    std::error_code ignored;
    if (file.empty() || !fs::exists(file, ignored)) return std::nullopt;
    Checkpoint checkpoint;
    if (const std::optional<Error> error = TryReadCheckpoint(file, &checkpoint)) {
      context_.progress.Warn(error->what());
      return std::nullopt;
    }
    CheckIdentity(file, checkpoint.identity, options_.identity);
    CheckArrays(file, checkpoint.state, trainer_.state());
    return std::move(checkpoint.state);
  }

  static bool IsFurther(const TrainingState& a, const TrainingState& b) {
    return std::tuple(a.rollbacks, a.steps, a.history.size()) > std::tuple(b.rollbacks, b.steps, b.history.size());
  }

  // The state that got furthest of those that were written in turns; `last_` is then where it stands, which must not be
  // overwritten next.
  std::optional<TrainingState> ReadFurthest() {
    std::optional<TrainingState> furthest;
    for (size_t i = 0; i < options_.checkpoints.size(); ++i) {
      std::optional<TrainingState> state = Read(options_.checkpoints[i]);
      if (!state || (furthest && !IsFurther(*state, *furthest))) continue;
      furthest = std::move(state);
      last_ = i;
    }
    return furthest;
  }

  void GoOn() {
    std::optional<TrainingState> state = ReadFurthest();
    std::optional<TrainingState> stopped = Read(options_.stopped);
    if (stopped && (!state || IsFurther(*stopped, *state))) state = std::move(stopped);
    if (!state) return;
    trainer_.Restore(std::move(*state));
    const TrainingState& now = trainer_.state();
    if (now.steps == 0) return;  // saved before the first step
    context_.progress.Note(options_.short_epochs
                               ? fmt::format("going on after epoch {}", now.history.size())
                               : fmt::format("{} goes on in epoch {} after step {} of {}", options_.name, now.epoch,
                                             now.step, trainer_.steps_per_epoch()));
  }

  void RollBack() {
    const int rollbacks = trainer_.state().rollbacks + 1;
    const double factor = trainer_.state().lr_factor / 2;
    const std::string photos = PhotosText();
    std::optional<TrainingState> state = ReadFurthest();
    if (rollbacks > kMaxRollbacks || !state) {
      Fail(ErrorKind::kUsage,
           "the {} diverges: a loss or gradient is NaN, also after {} tries with half the learning rate; {}. The "
           "photos of the last step: {}",
           options_.name, rollbacks - 1, options_.remedy, photos);
    }
    state->rollbacks = rollbacks;
    state->lr_factor = factor;
    trainer_.Restore(std::move(*state));
    const TrainingState& now = trainer_.state();
    context_.progress.Warn(
        fmt::format("a loss or gradient is NaN; back to epoch {} step {} with the learning rate times {:g}. The "
                    "photos of that step: {}",
                    now.epoch, now.step, now.lr_factor, photos));
    SaveInTurn();
  }

  std::string PhotosText() const {
    std::vector<std::string> names;
    for (const uint32_t photo : trainer_.photos_in_step()) names.push_back(trainer_.source().NameOf(photo));
    return fmt::format("{}", fmt::join(names, ", "));
  }

  const PhaseOptions& options_;
  Trainer& trainer_;
  const RunContext& context_;
  size_t last_ = 0;  // of the checkpoints: that was written last
};

}  // namespace

void RunPhase(const PhaseOptions& options, Trainer* trainer, const RunContext& context) {
  Phase(options, trainer, context).Run();
}

}  // namespace siskin
