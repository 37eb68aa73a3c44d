// Standard error, where everything for a person goes: plain lines, colours only on a terminal that wants them.
#pragma once

#include <string>
#include <string_view>

namespace siskin::cli {

class Console {
 public:
  Console();  // looks at standard error, NO_COLOR and TERM

  bool is_terminal() const { return is_terminal_; }
  int width() const;  // columns of the terminal; 80 if unknown

  void Line(std::string_view text);
  void Warning(std::string_view text);  // "siskin: warning: ..."
  void Error(std::string_view text);    // "siskin: error: ..."

  // Text that the next call of any function here overwrites (a progress bar). Only on a terminal.
  void Transient(std::string_view text);

 private:
  void Labelled(const char* label, const char* colour, std::string_view text);
  void Put(std::string_view text);

  bool is_terminal_ = false, colours_ = false, transient_shown_ = false;
};

}  // namespace siskin::cli
