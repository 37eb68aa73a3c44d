#include "evaluate/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace siskin {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double Ratio(int64_t part, int64_t whole) {
  return whole == 0 ? kNone : static_cast<double>(part) / static_cast<double>(whole);
}

void CheckInput(std::span<const float> scores, std::span<const int> labels, std::span<const int> decisions,
                size_t classes) {
  if (labels.empty() || classes < 2 || decisions.size() != labels.size() || scores.size() != labels.size() * classes) {
    Fail(ErrorKind::kInternal, "metrics of {} scores, {} labels and {} decisions for {} classes do not fit together",
         scores.size(), labels.size(), decisions.size(), classes);
  }
  const auto known = [&](int label) { return label >= 0 && static_cast<size_t>(label) < classes; };
  if (!std::ranges::all_of(labels, known) || !std::ranges::all_of(decisions, known)) {
    Fail(ErrorKind::kInternal, "metrics: a label is not below the number of classes, {}", classes);
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!(scores[i] >= 0 && scores[i] <= 1)) {
      Fail(ErrorKind::kModel, "the model's score of photo {} is {}, not a number from 0 to 1: its weights are damaged",
           i / classes, scores[i]);
    }
  }
}

double LogLoss(std::span<const float> scores, std::span<const int> labels, size_t classes) {
  constexpr float kSmallest = 1e-7f;  // Keras' epsilon: keeps one confident mistake from making the mean infinite
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const float score = scores[i * classes + static_cast<size_t>(labels[i])];
    sum -= std::log(static_cast<double>(std::max(score, kSmallest)));
  }
  return sum / static_cast<double>(labels.size());
}

double ClassAuc(std::span<const float> scores, std::span<const int> labels, size_t classes, size_t k) {
  std::vector<float> column(labels.size());
  std::vector<bool> positive(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    column[i] = scores[i * classes + k];
    positive[i] = static_cast<size_t>(labels[i]) == k;
  }
  return RocAuc(column, positive);
}

ClassMetrics OneClass(const Metrics& metrics, size_t k, std::string name) {
  int64_t truth = 0, predicted = 0;
  for (size_t j = 0; j < metrics.confusion.size(); ++j) {
    truth += metrics.confusion[k][j];
    predicted += metrics.confusion[j][k];
  }
  const int64_t hits = metrics.confusion[k][k];
  // Without photos of the class every such answer is wrong, however good the model is.
  const bool absent = truth == 0;
  return {.name = std::move(name),
          .photos = truth,
          .precision = absent ? kNone : Ratio(hits, predicted),
          .recall = Ratio(hits, truth),
          .f1 = absent ? kNone : Ratio(2 * hits, truth + predicted)};
}

double MeanAuc(const std::vector<ClassMetrics>& classes) {
  double sum = 0;
  int64_t count = 0;
  for (const ClassMetrics& c : classes) {
    if (std::isnan(c.roc_auc)) continue;
    sum += c.roc_auc;
    ++count;
  }
  return count == 0 ? kNone : sum / static_cast<double>(count);
}

}  // namespace

Interval WilsonInterval(int64_t successes, int64_t total) {
  if (total <= 0 || successes < 0 || successes > total) {
    Fail(ErrorKind::kInternal, "Wilson interval of {} successes in {} trials", successes, total);
  }
  constexpr double z = 1.959963984540054;  // 97.5 % quantile of the normal distribution
  const double n = static_cast<double>(total), p = static_cast<double>(successes) / n;
  const double centre = p + z * z / (2 * n), scale = 1 + z * z / n;
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  // At 0 and n successes an end is 0 or 1 exactly, but for rounding.
  return {successes == 0 ? 0 : (centre - half) / scale, successes == total ? 1 : (centre + half) / scale};
}

double RocAuc(std::span<const float> scores, const std::vector<bool>& positive) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&](size_t a, size_t b) { return scores[a] < scores[b]; });

  int64_t positives = 0, negatives = 0;
  double wins = 0;  // pairs with the positive above the negative; ties count one half
  for (size_t begin = 0; begin < order.size();) {
    int64_t tied_positives = 0, tied_negatives = 0;
    const float score = scores[order[begin]];
    for (; begin < order.size() && scores[order[begin]] == score; ++begin) {
      positive[order[begin]] ? ++tied_positives : ++tied_negatives;
    }
    wins += static_cast<double>(tied_positives) *
            (static_cast<double>(negatives) + static_cast<double>(tied_negatives) / 2);
    positives += tied_positives;
    negatives += tied_negatives;
  }
  if (positives == 0 || negatives == 0) return kNone;
  return wins / (static_cast<double>(positives) * static_cast<double>(negatives));
}

Metrics ComputeMetrics(std::span<const float> scores, std::span<const int> labels, std::span<const int> decisions,
                       std::span<const std::string> class_names) {
  const size_t classes = class_names.size();
  CheckInput(scores, labels, decisions, classes);

  Metrics metrics;
  metrics.photos = static_cast<int64_t>(labels.size());
  metrics.confusion.assign(classes, std::vector<int64_t>(classes, 0));
  for (size_t i = 0; i < labels.size(); ++i) {
    ++metrics.confusion[static_cast<size_t>(labels[i])][static_cast<size_t>(decisions[i])];
  }
  for (size_t k = 0; k < classes; ++k) {
    metrics.correct += metrics.confusion[k][k];
    metrics.classes.push_back(OneClass(metrics, k, class_names[k]));
    metrics.classes.back().roc_auc = ClassAuc(scores, labels, classes, k);
  }
  metrics.accuracy = Ratio(metrics.correct, metrics.photos);
  metrics.accuracy_interval = WilsonInterval(metrics.correct, metrics.photos);
  metrics.log_loss = LogLoss(scores, labels, classes);
  metrics.roc_auc = classes == 2 ? metrics.classes[1].roc_auc : MeanAuc(metrics.classes);
  return metrics;
}

std::vector<Confusion> FrequentConfusions(const Metrics& metrics, size_t limit) {
  std::vector<Confusion> all;
  for (size_t i = 0; i < metrics.classes.size(); ++i) {
    for (size_t j = 0; j < metrics.classes.size(); ++j) {
      if (i != j && metrics.confusion[i][j] > 0) all.push_back({metrics.confusion[i][j], i, j});
    }
  }
  std::ranges::stable_sort(all, [](const Confusion& a, const Confusion& b) { return a.photos > b.photos; });
  all.resize(std::min(all.size(), limit));
  return all;
}

}  // namespace siskin
