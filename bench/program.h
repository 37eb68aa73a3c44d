// What the measuring programs of this folder share: the clock, the memory, a line of JSON, and main().
#pragma once

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <vector>

#include "base/json.h"

namespace siskin {

inline double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double PeakRssMb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

inline void Print(const Json& json) {
  std::cout << ToText(json) << std::endl;
}

// One run that does not count, then as many as fit, at least two, each followed by after(): seconds of each.
std::vector<double> TimedRuns(double seconds, const auto& run, const auto& after) {
  run();
  std::vector<double> times;
  const auto start = std::chrono::steady_clock::now();
  while (times.size() < 2 || SecondsSince(start) < seconds) {
    const auto before = std::chrono::steady_clock::now();
    run();
    times.push_back(SecondsSince(before));
    after();
  }
  return times;
}

// Parses the arguments into what `app` has been told, then work(). The exit code; errors go to standard error.
int RunProgram(CLI::App& app, const char* name, int argc, char** argv, const auto& work) {
  try {
    app.parse(argc, argv);
    work();
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << "\n";
    return 1;
  }
}

}  // namespace siskin
