// Every `siskin` command in the documentation is one that the program has: its verb exists, and so does each option.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "program.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> Pages() {
  const fs::path root = SISKIN_SOURCE_DIR;
  std::vector<fs::path> pages = {root / "README.md"};
  for (const fs::directory_entry& entry : fs::directory_iterator(root / "docs")) {
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  }
  return pages;
}

// "siskin VERB ..." at the beginning of a line or of a piece of `code`, up to a comment or the closing backquote.
std::vector<std::string> Commands(const std::string& text) {
  static const std::regex kCommand("(?:^|\n *|`)siskin ([a-z][^\n#`]*)");
  std::vector<std::string> commands;
  for (std::sregex_iterator match(text.begin(), text.end(), kCommand), end; match != end; ++match) {
    commands.push_back((*match)[1]);
  }
  return commands;
}

TEST(Readme, CommandsOfTheDocumentationExist) {
  std::map<std::string, std::string> helps;  // of each verb
  size_t commands = 0;
  for (const fs::path& page : Pages()) {
    for (const std::string& command : Commands(ReadText(page))) {
      ++commands;
      std::istringstream words(command);
      std::string verb;
      words >> verb;
      if (!helps.contains(verb)) {
        const RunResult help = RunSiskin({verb, "--help"});
        EXPECT_EQ(help.exit_code, 0) << page << ": siskin " << command << "\n" << help.err;
        helps[verb] = help.out + help.err;
      }
      for (std::string word; words >> word;) {
        if (!word.starts_with("--")) continue;
        const std::string option = word.substr(0, word.find('='));
        EXPECT_TRUE(std::regex_search(helps[verb], std::regex(option + "\\b"))) << page << ": siskin " << command;
      }
    }
  }
  EXPECT_GT(commands, 10u);
}

}  // namespace
}  // namespace siskin::testing
