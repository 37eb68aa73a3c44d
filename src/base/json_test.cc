#include "base/json.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace siskin {
namespace {

std::string Repeated(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += part;
  return text;
}

// What is wrong with `text`; empty if nothing is.
std::string Problem(const std::string& text) {
  std::string problem;
  const std::optional<Json> json = TryParseJson(text, &problem);
  EXPECT_EQ(json.has_value(), problem.empty()) << text.substr(0, 100);
  return problem;
}

void ExpectProblem(const std::string& text, const std::string& part) {
  EXPECT_NE(Problem(text).find(part), std::string::npos) << Problem(text) << "\nexpected: " << part;
}

TEST(Json, ReadsWhatItWrote) {
  const std::string text = R"({"b":[1,-2,0.5,true,null,"é"],"a":{"a":{},"c":{"a":1}}})";
  EXPECT_EQ(ToText(ParseJson(text, "x")), text);  // the order of the keys too
}

TEST(Json, RefusesWhatIsNotOneValue) {
  for (const char* text : {"", "{", "[1,]", "{} {}", "\xFF", "\"\xC3\"", "1e999", "nul"}) {
    ExpectProblem(text, "is not valid JSON");
  }
  EXPECT_THROW(ParseJson("{", "x"), Error);
}

// Copying, comparing and writing a tree go down by recursion: 100,000 brackets in the "recipe" of a model's card, which
// is copied, overflowed the stack.
TEST(Json, RefusesDeepNesting) {
  EXPECT_EQ(Problem(Repeated("[", 256) + Repeated("]", 256)), "");
  ExpectProblem(Repeated("[", 257) + Repeated("]", 257), "deeper than 256");
  ExpectProblem(Repeated("{\"a\":", 1'000'000), "deeper than 256");
  EXPECT_EQ(Problem("[" + Repeated("[],{},", 1000) + "[]]"), "") << "side by side is not deep";
}

// A reader that takes the first and one that takes the last would see two different models in one file.
TEST(Json, RefusesAMemberTwice) {
  ExpectProblem(R"({"classes": 1, "a": {"b": 2}, "classes": 3})", "two members \"classes\"");
  ExpectProblem(R"([{"\u0061": 1, "a": 2}])", "two members \"a\"");
  EXPECT_EQ(Problem(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}]})"), "");
}

// An object that keeps its order finds a key by going through all of them: a card of 1 MB with 100,000 members costs
// 5,000,000,000 comparisons.
TEST(Json, RefusesObjectsThatTakeLong) {
  const auto members = [](size_t count) {
    std::string text = "{";
    for (size_t i = 0; i < count; ++i) text += fmt::format("\"{}\":0,", i);
    text.back() = '}';
    return text;
  };
  EXPECT_EQ(Problem(members(10'000)), "");
  ExpectProblem(members(20'000), "more members than is reasonable");
  ExpectProblem("[" + Repeated(members(5'000) + ",", 9) + "0]", "more members than is reasonable");
}

TEST(Json, RefusesLongTextBeforeItIsParsed) {
  const std::string text = Repeated(" ", 17 << 20) + "1";
  EXPECT_EQ(Problem(text), "");  // for files of our own that may be long
  testing::ExpectError(ErrorKind::kModel, "x: has 17825793 bytes of JSON", [&] { ParseJson(text, "x"); });
}

}  // namespace
}  // namespace siskin
