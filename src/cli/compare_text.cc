#include "cli/compare_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/csv.h"
#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/text.h"

namespace siskin::cli {
namespace {

std::string Percent(double fraction) {
  return fmt::format("{:.2f} %", 100 * fraction);
}

std::string PercentInterval(const Interval& interval) {
  return fmt::format("{:.2f} to {:.2f} %", 100 * interval.low, 100 * interval.high);
}

double Megabytes(uint64_t bytes) {
  return static_cast<double>(bytes) / 1e6;
}

std::string AbsentText(const AbsentNetwork& network) {
  return network.remedy.empty() ? "no published weights are known" : fmt::format("no weights here: {}", network.remedy);
}

// Which is the best, and what takes the others out.
std::string BestText(const NetworkComparison& comparison, const NetworkChoice& choice, const NetworkLimits& limits) {
  std::string text;
  if (choice.best < 0) {
    text = "best: none is within the limits\n";
  } else {
    const ComparedNetwork& best = comparison.networks[static_cast<size_t>(choice.best)];
    const bool alone = std::ranges::count(choice.out, std::string()) == 1;
    text = fmt::format("best: {}, {}{}: {}\n", best.name,
                       alone ? "the only one" : "the most accurate on the validation photos",
                       limits.any() ? " within the limits" : "", Printable(best.model.native()));
  }
  for (size_t i = 0; i < choice.out.size(); ++i) {
    if (!choice.out[i].empty()) text += fmt::format("out: {}, {}\n", comparison.networks[i].name, choice.out[i]);
  }
  return text;
}

const char* RightOne(const FlippedPhoto& photo) {
  return photo.a_right ? "A" : photo.b_right ? "B" : "neither";
}

}  // namespace

std::string NetworksText(const NetworkComparison& comparison, const NetworkChoice& choice,
                         const NetworkLimits& limits) {
  std::vector<std::vector<std::string>> rows = {{"network", "input", "validation", "test", "95 % interval", "MB",
                                                 "parameters", "ms a photo", "photos/s", "memory"}};
  for (const ComparedNetwork& n : comparison.networks) {
    rows.push_back({n.name, std::to_string(n.size), Percent(n.validation.accuracy),
                    n.test ? Percent(n.test->accuracy) : "-", n.test ? PercentInterval(n.test->accuracy_interval) : "-",
                    fmt::format("{:.1f}", Megabytes(n.model_bytes)), WithCommas(n.parameters),
                    fmt::format("{:.1f}", n.cost.ms_per_photo), fmt::format("{:.1f}", n.cost.photos_per_second),
                    BytesText(n.cost.memory_bytes)});
  }
  std::string text = AlignColumns(rows, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  for (const AbsentNetwork& network : comparison.absent) {
    text += fmt::format("  {}  {}\n", network.name, AbsentText(network));
  }
  const ComparedNetwork& first = comparison.networks.front();
  text += "\n";
  if (first.test) {
    text += fmt::format("test: {}, scored once; validation: {}, which choose\n",
                        Plural(static_cast<size_t>(first.test->photos), "photo"),
                        Plural(static_cast<size_t>(first.validation.photos), "photo"));
  }
  text +=
      "ms a photo: one at a time, from file to answer; photos/s: eight at once; memory: weights and activations of one "
      "photo\n";
  return text + BestText(comparison, choice, limits);
}

std::string NetworksCsv(const NetworkComparison& comparison, const NetworkChoice& choice) {
  std::string csv =
      "network,size,validation_accuracy,test_accuracy,test_low,test_high,model_bytes,parameters,ms_per_photo,"
      "photos_per_second,memory_bytes,model,best,remedy\n";
  for (size_t i = 0; i < comparison.networks.size(); ++i) {
    const ComparedNetwork& n = comparison.networks[i];
    const std::string test = n.test ? fmt::format("{:.6f},{:.6f},{:.6f}", n.test->accuracy,
                                                  n.test->accuracy_interval.low, n.test->accuracy_interval.high)
                                    : ",,";
    csv += fmt::format("{},{},{:.6f},{},{},{},{:.3f},{:.3f},{},{},{},\n", n.name, n.size, n.validation.accuracy, test,
                       n.model_bytes, n.parameters, n.cost.ms_per_photo, n.cost.photos_per_second, n.cost.memory_bytes,
                       CsvField(n.model.native()), static_cast<int>(i) == choice.best ? "yes" : "no");
  }
  for (const AbsentNetwork& n : comparison.absent) {
    csv += fmt::format("{},,,,,,,,,,,,no,{}\n", n.name, CsvField(AbsentText(n)));
  }
  return csv;
}

Json NetworksJson(const NetworkComparison& comparison, const NetworkChoice& choice) {
  Json json = {{"v", 1}, {"networks", Json::array()}, {"absent", Json::array()}};
  for (size_t i = 0; i < comparison.networks.size(); ++i) {
    const ComparedNetwork& n = comparison.networks[i];
    json["networks"].push_back({{"name", n.name},
                                {"size", n.size},
                                {"validation", ToJson(n.validation)},
                                {"test", n.test ? ToJson(*n.test) : Json(nullptr)},
                                {"model", ToValidUtf8(n.model.native())},
                                {"model_bytes", n.model_bytes},
                                {"parameters", n.parameters},
                                {"ms_per_photo", n.cost.ms_per_photo},
                                {"photos_per_second", n.cost.photos_per_second},
                                {"memory_bytes", n.cost.memory_bytes},
                                {"seconds_features", n.seconds_features},
                                {"seconds_head", n.seconds_head},
                                {"features_from_cache", n.features_from_cache},
                                {"skipped", n.num_skipped},
                                {"out", choice.out[i].empty() ? Json(nullptr) : Json(choice.out[i])}});
  }
  for (const AbsentNetwork& n : comparison.absent) {
    json["absent"].push_back({{"name", n.name}, {"remedy", n.remedy.empty() ? Json(nullptr) : Json(n.remedy)}});
  }
  json["best"] = choice.best < 0 ? Json(nullptr) : Json(comparison.networks[static_cast<size_t>(choice.best)].name);
  return json;
}

std::string PairText(const PairedComparison& c, const std::string& a, const std::string& b, size_t most) {
  constexpr double kSignificant = 0.05;
  const auto accuracy = [](double value, const Interval& interval) {
    return fmt::format("{}  (95 % interval {})", Percent(value), PercentInterval(interval));
  };
  std::string text = AlignColumns(
      {{"A", Printable(a), accuracy(c.a_accuracy, c.a_interval)},
       {"B", Printable(b), accuracy(c.b_accuracy, c.b_interval)},
       {"", "B less A",
        fmt::format("{:+.2f} points  (95 % interval {:+.2f} to {:+.2f})", 100 * (c.b_accuracy - c.a_accuracy),
                    100 * c.difference.low, 100 * c.difference.high)}});
  text += "\n" + AlignColumns({{"photos", "B right", "B wrong"},
                               {"A right", WithCommas(c.both_right), WithCommas(c.only_a)},
                               {"A wrong", WithCommas(c.only_b), WithCommas(c.both_wrong)}},
                              {1, 2});
  text += fmt::format("\nMcNemar's exact test: p = {:.3g} (mid-p {:.3g}): {}\n", c.test.exact_p, c.test.mid_p,
                      c.test.exact_p >= kSignificant ? "the difference may be chance"
                      : c.only_b > c.only_a          ? "B is better"
                                                     : "A is better");
  if (c.flipped.empty()) return text + "The two give the same answer to every photo.\n";
  text += fmt::format("\n{} with another answer\n", Plural(c.flipped.size(), "photo"));
  std::vector<std::vector<std::string>> rows = {{"photo", "class", "A says", "", "B says", "", "right"}};
  for (const FlippedPhoto& photo : std::span(c.flipped).first(std::min(most, c.flipped.size()))) {
    rows.push_back({Printable(photo.path), Printable(photo.truth), Printable(photo.a),
                    PercentText(static_cast<double>(photo.a_score)), Printable(photo.b),
                    PercentText(static_cast<double>(photo.b_score)), RightOne(photo)});
  }
  text += AlignColumns(rows, {3, 5});
  if (most < c.flipped.size()) {
    text += fmt::format("  and {} more (--format json or csv has them all)\n",
                        WithCommas(static_cast<int64_t>(c.flipped.size() - most)));
  }
  return text;
}

std::string PairCsv(const PairedComparison& comparison) {
  std::string csv = "path,class,a,a_score,b,b_score,right\n";
  for (const FlippedPhoto& photo : comparison.flipped) {
    csv += fmt::format("{},{},{},{},{},{},{}\n", CsvField(photo.path), CsvField(photo.truth), CsvField(photo.a),
                       photo.a_score, CsvField(photo.b), photo.b_score, RightOne(photo));
  }
  return csv;
}

Json PairJson(const PairedComparison& comparison, const std::string& a, const std::string& b) {
  Json json = {{"v", 1}};
  json.update(ToJson(comparison));
  json["a"]["model"] = ToValidUtf8(a);
  json["b"]["model"] = ToValidUtf8(b);
  return json;
}

}  // namespace siskin::cli
