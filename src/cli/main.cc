// The program `siskin`: finds the verb, runs it, turns errors into one line for a person and an exit code. All the work
// is done by the library; the verbs parse, call it and print.
#include <csignal>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/command_line.h"
#include "cli/output_guard.h"
#include "cli/verb.h"
#include "kernels/isa.h"

namespace siskin::cli {
namespace {


// The arguments as they could be typed again in a shell.
std::string CommandText(const std::vector<std::string>& arguments) {
  constexpr char kPlain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,=@%+";
  std::string text = "siskin";
  for (const std::string& argument : arguments) {
    std::string quoted = argument;
    if (argument.empty() || argument.find_first_not_of(kPlain) != std::string::npos) {
      for (size_t at = 0; (at = quoted.find('\'', at)) != std::string::npos; at += 4) quoted.replace(at, 1, "'\\''");
      quoted = "'" + quoted + "'";
    }
    text += " " + quoted;
  }
  return text;
}

ExitCode RunVerb(Verb& verb, const OptionTable& options, const std::vector<std::string>& arguments, Console& console) {
  ObeyEnvironment();  // of a wrong SISKIN_ISA the user hears before any work
  const OutputGuard guard(options);
  Session session(verb.common(), CommandText(arguments), guard, console);
  return verb.Run(session);
}

ExitCode RunGuarded(Verb& verb, const OptionTable& options, const std::vector<std::string>& arguments,
                    Console& console) {
  try {
    return RunVerb(verb, options, arguments, console);
  } catch (const Error& error) {
    console.Error(error.what());
    return ExitCodeFor(error.kind());
  } catch (const std::bad_alloc&) {
    console.Error("out of memory; try a smaller --batch or fewer --threads");
  } catch (const std::exception& error) {
    console.Error(std::string("a defect of siskin, please report it: ") + error.what());
  }
  return ExitCode::kFailed;
}

// A message for standard output that is all that was asked for: help, the version.
ExitCode PrintText(const std::string& text, Console& console) {
  try {
    Output output("");
    output.Write(text);
    output.Commit();
  } catch (const Error& error) {
    console.Error(error.what());
    return ExitCodeFor(error.kind());
  }
  return ExitCode::kDone;
}

ExitCode Main(const std::vector<std::string>& arguments) {
  KeepStandardDescriptors();
  // A write that fails says so: see Output.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  Console console;

  CommandLine command_line;
  const std::vector<std::unique_ptr<Verb>> verbs = DeclareVerbs(&command_line);
  if (arguments.empty()) {
    console.Line(command_line.Help());
    return ExitCode::kWrongUsage;
  }
  const CommandLine::Outcome outcome = command_line.Parse(arguments);
  switch (outcome.kind) {
    case CommandLine::Outcome::Kind::kText:
      return PrintText(outcome.text, console);
    case CommandLine::Outcome::Kind::kMistake:
      console.Error(outcome.text);
      console.Line("see: " + outcome.command + " --help");
      return ExitCode::kWrongUsage;
    case CommandLine::Outcome::Kind::kVerb:
      break;
  }
  return RunGuarded(*verbs[static_cast<size_t>(outcome.verb)], command_line.options(), arguments, console);
}

}  // namespace
}  // namespace siskin::cli

int main(int argc, char** argv) {
  return static_cast<int>(siskin::cli::Main({argv + 1, argv + argc}));
}
