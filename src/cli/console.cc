#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace siskin::cli {
namespace {

constexpr char kClearLine[] = "\r\x1b[K";

bool WantsColours() {
  const char* no_color = std::getenv("NO_COLOR");  // https://no-color.org: set and not empty
  if (no_color != nullptr && no_color[0] != '\0') return false;
  const char* term = std::getenv("TERM");
  return term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace

Console::Console() : is_terminal_(::isatty(STDERR_FILENO) == 1), colours_(is_terminal_ && WantsColours()) {}

int Console::width() const {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

void Console::Line(std::string_view text) {
  Put(std::string(text) + "\n");
}

void Console::Warning(std::string_view text) {
  Labelled("warning: ", "\x1b[1;33m", text);
}

void Console::Error(std::string_view text) {
  Labelled("error: ", "\x1b[1;31m", text);
}

void Console::Labelled(const char* label, const char* colour, std::string_view text) {
  std::string line = "siskin: ";
  if (colours_) line += colour;
  line += label;
  if (colours_) line += "\x1b[0m";
  Line(line.append(text));
}

void Console::Transient(std::string_view text) {
  if (!is_terminal_) return;
  Put(text);
  transient_shown_ = !text.empty();
}

void Console::Put(std::string_view text) {
  const std::string all = (transient_shown_ ? kClearLine : "") + std::string(text);
  transient_shown_ = false;
  std::fwrite(all.data(), 1, all.size(), stderr);  // unbuffered; nobody is left to tell if this fails
}

}  // namespace siskin::cli
