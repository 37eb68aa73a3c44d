#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.h"

namespace siskin::cli {
namespace {

// Ten times a second looks alive and costs nothing.
constexpr double kRedrawSeconds = 0.1;
// Lines in a log file: not more often than this.
constexpr double kLineSeconds = 2;
constexpr size_t kBarColumns = 24;

std::string Amount(const TaskState& state) {
  const bool bytes = state.unit == "bytes";
  const auto show = [&](size_t count) { return bytes ? BytesText(count) : WithCommas(static_cast<int64_t>(count)); };
  std::string text = show(state.done);
  if (state.total > 0) text += " of " + show(state.total);
  return bytes ? text : text + " " + state.unit;
}

std::string Rate(const TaskState& state) {
  const double rate = static_cast<double>(state.done) / state.seconds;
  if (state.unit == "bytes") return BytesText(static_cast<uint64_t>(rate)) + "/s";
  return rate < 10 ? fmt::format("{:.1f}/s", rate) : WithCommas(static_cast<int64_t>(rate)) + "/s";
}

// Amount, rate and time left, as far as they are known.
std::string Numbers(const TaskState& state) {
  std::string text = Amount(state);
  if (state.done == 0 || state.seconds <= 0) return text;
  text += ", " + Rate(state);
  if (state.total > state.done) {
    const double left = state.seconds / static_cast<double>(state.done) * static_cast<double>(state.total - state.done);
    text += ", " + DurationText(left) + " left";
  }
  return text;
}

size_t Percent(const TaskState& state) {
  return state.total == 0 ? 0 : std::min(state.done, state.total) * 100 / state.total;
}

}  // namespace

std::string LineText(const TaskState& state) {
  const std::string percent = state.total == 0 ? "" : fmt::format("{} %, ", Percent(state));
  return fmt::format("{}: {}{}", state.task, percent, Numbers(state));
}

std::string BarText(const TaskState& state, size_t width) {
  std::string text;
  if (state.total > 0) {
    const size_t filled = std::min(state.done, state.total) * kBarColumns / state.total;
    std::string bar(filled, '=');
    if (filled < kBarColumns) bar += '>';
    bar.resize(kBarColumns, ' ');
    text = fmt::format("{} [{}] {:3} %  {}", state.task, bar, Percent(state), Numbers(state));
  }
  if (text.empty() || DisplayWidth(text) > width) text = LineText(state);
  if (DisplayWidth(text) > width) text = text.substr(0, width);  // a line that wraps could not be cleared
  return text;
}

void ConsoleProgress::Begin(std::string_view task, std::string_view unit, size_t total) {
  state_ = {.task = std::string(task), .unit = std::string(unit), .done = 0, .total = total, .seconds = 0};
  status_.clear();
  begin_ = std::chrono::steady_clock::now();
  last_shown_ = 0;
  tenths_shown_ = 0;
  active_ = volume_ != Volume::kQuiet;
}

void ConsoleProgress::Advance(size_t count) {
  state_.done += count;
  if (!active_) return;
  state_.seconds = SecondsSinceBegin();
  if (console_.is_terminal()) {
    if (state_.seconds - last_shown_ >= kRedrawSeconds) Redraw();
    return;
  }
  const size_t tenths = Percent(state_) / 10;
  if (tenths > tenths_shown_ && tenths < 10 && state_.seconds - last_shown_ >= kLineSeconds) {
    console_.Line(LineText(state_));
    tenths_shown_ = tenths;
    last_shown_ = state_.seconds;
  }
}

void ConsoleProgress::Finish() {
  if (active_ && console_.is_terminal()) console_.Transient("");
  active_ = false;
}

void ConsoleProgress::Note(std::string_view line) {
  if (volume_ == Volume::kQuiet) return;
  console_.Line(line);
  if (active_ && console_.is_terminal()) Redraw();
}

void ConsoleProgress::Warn(std::string_view line) {
  console_.Warning(line);
  if (active_ && console_.is_terminal()) Redraw();
}

void ConsoleProgress::Status(std::string_view line) {
  if (!console_.is_terminal() || volume_ == Volume::kVerbose) {
    Note(line);
    return;
  }
  status_ = line;
  if (active_) Redraw();
}

void ConsoleProgress::Redraw() {
  last_shown_ = state_.seconds;
  const size_t width = static_cast<size_t>(std::max(console_.width() - 1, 1));
  console_.Transient(status_.empty() ? BarText(state_, width) : status_.substr(0, width));
}

double ConsoleProgress::SecondsSinceBegin() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

}  // namespace siskin::cli
