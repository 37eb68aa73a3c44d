#include "evaluate/report/report_content.h"

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "images/thumbnail.h"

namespace siskin {
namespace {

std::string Thumbnail(const std::filesystem::path& file) {
  constexpr int kLongestSide = 160;
  constexpr size_t kMaxBytes = size_t{1} << 30;  // as in loading
  std::string bytes, reason;
  return TryReadFile(file, kMaxBytes, &bytes, &reason) ? JpegThumbnail(bytes, kLongestSide) : "";
}

// A member of the recipe is a fact about the model, not an option of the training.
void MoveToFacts(const char* key, const char* name, ReportContent* content) {
  const auto found = content->recipe.find(key);
  if (found == content->recipe.end()) return;
  content->facts.emplace_back(name, found->is_string() ? found->get<std::string>() : ToText(*found));
  content->recipe.erase(found);
}

}  // namespace

void DescribeModel(const ModelCard& card, ReportContent* content) {
  const Preprocessing& p = card.preprocessing;
  content->recipe = card.recipe;
  auto& facts = content->facts;
  facts = {{"Network", FindNetwork(card.network.network).title},
           {"Input", fmt::format("{} x {} px, {}, {}", p.width, p.height, Name(p.resize), Name(p.interpolation))},
           {"Weights it started from", card.weights_name}};
  MoveToFacts("weights_sha256", "SHA-256 of those weights", content);
  if (const auto photos = card.data.find("sha256"); photos != card.data.end() && photos->is_string()) {
    facts.emplace_back("SHA-256 of the list of photos", photos->get<std::string>());
  }
  facts.emplace_back("Temperature of the scores", fmt::format("{:.4g}", card.temperature));
  if (card.class_names.size() == 2) facts.emplace_back("Threshold", fmt::format("{:.4g}", card.threshold));
}

void CollectMistakes(const std::filesystem::path& root, ThreadPool& threads, ReportContent* content) {
  constexpr size_t kMost = 24;  // 24 thumbnails are 160 KB of the page
  const ScoredPhotos& scored = content->scored;
  const std::vector<size_t> worst = WorstMistakes(scored, kMost);
  content->mistakes.clear();
  for (const size_t i : worst) {
    const int truth = scored.labels[i], predicted = scored.decisions[i];
    content->mistakes.push_back({.path = scored.paths[i],
                                 .truth = scored.class_names[static_cast<size_t>(truth)],
                                 .predicted = scored.class_names[static_cast<size_t>(predicted)],
                                 .score = scored.score(i, predicted),
                                 .truth_score = scored.score(i, truth),
                                 .jpeg = ""});
  }
  threads.ParallelFor(worst.size(),
                      [&](size_t i, int) { content->mistakes[i].jpeg = Thumbnail(root / content->mistakes[i].path); });
}

}  // namespace siskin
