#include "evaluate/paired.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"

namespace siskin {
namespace {

const std::string& NameOf(const ScoredPhotos& photos, int label) {
  return photos.class_names[static_cast<size_t>(label)];
}

FlippedPhoto Side(const ScoredPhotos& a, const ScoredPhotos& b, size_t i) {
  const std::string &truth = NameOf(a, a.labels[i]), &says_a = NameOf(a, a.decisions[i]),
                    &says_b = NameOf(b, b.decisions[i]);
  return {.path = a.paths[i],
          .truth = truth,
          .a = says_a,
          .b = says_b,
          .a_score = a.score(i, a.decisions[i]),
          .b_score = b.score(i, b.decisions[i]),
          .a_right = says_a == truth,
          .b_right = says_b == truth};
}

void CheckSame(const ScoredPhotos& a, const ScoredPhotos& b) {
  if (a.num_photos() == 0 || a.paths != b.paths) {
    Fail(ErrorKind::kInternal, "two models are compared on {} and {} photos that are not the same", a.num_photos(),
         b.num_photos());
  }
  for (size_t i = 0; i < a.num_photos(); ++i) {
    if (NameOf(a, a.labels[i]) == NameOf(b, b.labels[i])) continue;
    Fail(ErrorKind::kInternal, "{} has two true classes", Printable(a.paths[i]));
  }
}

}  // namespace

PairedComparison ComparePaired(const ScoredPhotos& a, const ScoredPhotos& b) {
  CheckSame(a, b);
  PairedComparison result;
  for (size_t i = 0; i < a.num_photos(); ++i) {
    FlippedPhoto photo = Side(a, b, i);
    int64_t& count = photo.a_right ? (photo.b_right ? result.both_right : result.only_a)
                                   : (photo.b_right ? result.only_b : result.both_wrong);
    ++count;
    if (photo.a != photo.b) result.flipped.push_back(std::move(photo));
  }
  std::ranges::stable_partition(result.flipped, [](const FlippedPhoto& p) { return p.a_right || p.b_right; });
  const int64_t photos = result.photos(), a_right = result.both_right + result.only_a,
                b_right = result.both_right + result.only_b;
  result.a_accuracy = static_cast<double>(a_right) / static_cast<double>(photos);
  result.b_accuracy = static_cast<double>(b_right) / static_cast<double>(photos);
  result.a_interval = WilsonInterval(a_right, photos);
  result.b_interval = WilsonInterval(b_right, photos);
  result.difference = PairedDifferenceInterval(result.only_a, result.only_b, photos);
  result.test = McNemarTest(result.only_a, result.only_b);
  return result;
}

Json ToJson(const PairedComparison& c) {
  Json json = {{"photos", c.photos()},
               {"a", {{"accuracy", c.a_accuracy}, {"accuracy_interval", {c.a_interval.low, c.a_interval.high}}}},
               {"b", {{"accuracy", c.b_accuracy}, {"accuracy_interval", {c.b_interval.low, c.b_interval.high}}}},
               {"difference", c.b_accuracy - c.a_accuracy},
               {"difference_interval", {c.difference.low, c.difference.high}},
               {"both_right", c.both_right},
               {"only_a_right", c.only_a},
               {"only_b_right", c.only_b},
               {"both_wrong", c.both_wrong},
               {"mcnemar_exact_p", c.test.exact_p},
               {"mcnemar_mid_p", c.test.mid_p},
               {"flipped", Json::array()}};
  for (const FlippedPhoto& photo : c.flipped) {
    json["flipped"].push_back({{"path", ToValidUtf8(photo.path)},
                               {"class", ToValidUtf8(photo.truth)},
                               {"a", ToValidUtf8(photo.a)},
                               {"a_score", photo.a_score},
                               {"b", ToValidUtf8(photo.b)},
                               {"b_score", photo.b_score}});
  }
  return json;
}

}  // namespace siskin
