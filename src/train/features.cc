#include "train/features.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "train/feature_cache.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

// A power cut costs at most these (a minute of Xception at 299 px on two cores); writing what is done takes far less.
constexpr size_t kPhotosBetweenSaves = 1024;

size_t NumChannels(const Plan& backbone) {
  const FeatureShape shape = backbone.output_shape();
  return static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w) * static_cast<size_t>(shape.c);
}

std::string CacheKey(const FeatureOptions& options) {
  return Sha256Hex(options.weights_digest + ToText(ToJson(options.preprocessing)));
}

// One split while it is worked on.
struct SplitWork {
  Split split;
  std::vector<const Photo*> photos;
  SplitFeatures result;

  size_t remaining() const { return photos.size() - result.done; }
};

// Notes what happened to photos [result.done, result.done + status.size()) and closes the gaps that broken ones leave
// in the rows, which begin at row `begin`.
void TakeResults(const std::vector<LoadStatus>& status, size_t begin, size_t channels, SplitFeatures* result) {
  auto to = result->rows.begin() + static_cast<std::ptrdiff_t>(begin * channels), from = to;
  for (const LoadStatus& photo : status) {
    const auto next = from + static_cast<std::ptrdiff_t>(channels);
    if (photo.error.empty()) {
      to = std::copy(from, next, to);
    } else {
      result->skipped.emplace_back(result->done, photo.error);
    }
    if (!photo.warning.empty()) result->damaged.emplace_back(result->done, photo.warning);
    from = next;
    ++result->done;
  }
  result->rows.erase(to, result->rows.end());
}

// The next photos of a split, at most `count`; fewer if stopped.
void ComputeNext(const Dataset& dataset, size_t count, const Preprocessing& preprocessing, Plan& backbone,
                 const RunContext& context, SplitWork* work) {
  const size_t channels = NumChannels(backbone), end = std::min(work->result.done + count, work->photos.size());
  std::vector<fs::path> files;
  for (size_t i = work->result.done; i < end; ++i) files.push_back(dataset.root / work->photos[i]->path);
  const size_t begin = work->result.rows.size() / channels;
  work->result.rows.resize((begin + files.size()) * channels);
  const std::vector<LoadStatus> status =
      RunBackbone(files, preprocessing, backbone, context, std::span(work->result.rows).subspan(begin * channels));
  TakeResults(status, begin, channels, &work->result);
}

void CheckClasses(const Dataset& dataset, const SplitWork& work) {
  std::vector<size_t> photos(dataset.class_names.size()), skipped(photos.size());
  for (const Photo* photo : work.photos) ++photos[static_cast<size_t>(photo->label)];
  for (const auto& [index, reason] : work.result.skipped) {
    const size_t label = static_cast<size_t>(work.photos[index]->label);
    if (++skipped[label] < photos[label]) continue;
    Fail(ErrorKind::kData, "no photo of class {} in {} can be read ({} of {} are broken; {}: {})",
         Printable(dataset.class_names[label]), kSplitNames[static_cast<size_t>(work.split)], skipped[label],
         photos[label], Printable(work.photos[index]->path), reason);
  }
}

FeatureSet ToFeatureSet(SplitWork* work, size_t channels, Features* features) {
  FeatureSet set;
  set.channels = channels;
  set.features = std::move(work->result.rows);
  auto skipped = work->result.skipped.begin();
  for (size_t i = 0; i < work->photos.size(); ++i) {
    if (skipped != work->result.skipped.end() && skipped->first == i) {
      ++skipped;
      continue;
    }
    set.labels.push_back(work->photos[i]->label);
    set.paths.push_back(work->photos[i]->path);
  }
  for (const auto& [index, reason] : work->result.skipped) {
    features->skipped.push_back({work->photos[index]->path, reason});
  }
  for (const auto& [index, reason] : work->result.damaged) {
    features->damaged.push_back({work->photos[index]->path, reason});
  }
  return set;
}

}  // namespace

std::vector<LoadStatus> RunBackbone(std::span<const fs::path> files, const Preprocessing& preprocessing, Plan& backbone,
                                    const RunContext& context, std::span<float> features) {
  const size_t channels = NumChannels(backbone), max_batch = static_cast<size_t>(backbone.max_batch());
  const size_t photo_floats = static_cast<size_t>(preprocessing.height) * static_cast<size_t>(preprocessing.width) * 3;
  std::vector<float> input(std::min(max_batch, files.size()) * photo_floats);
  std::vector<LoadStatus> status;
  while (status.size() < files.size() && !context.stopped()) {
    const size_t n = std::min(files.size() - status.size(), max_batch);
    const std::span<float> batch = std::span(input).first(n * photo_floats);
    const std::span<float> rows = features.subspan(status.size() * channels, n * channels);
    const std::vector<LoadStatus> loaded =
        LoadPhotos(files.subspan(status.size(), n), preprocessing, batch, context.threads);
    backbone.Run(batch, static_cast<int>(n), rows);
    for (size_t i = 0; i < n; ++i) {
      if (!loaded[i].error.empty()) std::ranges::fill(rows.subspan(i * channels, channels), 0.0f);
    }
    status.insert(status.end(), loaded.begin(), loaded.end());
    context.progress.Advance(n);
  }
  return status;
}

Features ComputeFeatures(const Dataset& dataset, Plan& backbone, const FeatureOptions& options,
                         const RunContext& context, FileOps& ops) {
  const size_t channels = NumChannels(backbone);
  const bool cached = !options.cache_folder.empty();
  const FeatureCache cache(options.cache_folder, CacheKey(options), channels);
  std::array<SplitWork, 3> splits;
  size_t remaining = 0;
  for (size_t i = 0; i < splits.size(); ++i) {
    splits[i].split = static_cast<Split>(i);
    splits[i].photos = dataset.InSplit(splits[i].split);
    if (cached) splits[i].result = cache.Read(splits[i].split, splits[i].photos);
    remaining += splits[i].remaining();
  }

  if (remaining > 0) context.progress.Begin("features", "photos", remaining);
  for (SplitWork& work : splits) {
    while (work.remaining() > 0) {
      ComputeNext(dataset, kPhotosBetweenSaves, options.preprocessing, backbone, context, &work);
      if (cached) cache.Write(work.split, work.photos, dataset.class_names, work.result, ops);
      if (!context.stopped() || work.remaining() == 0) continue;
      Fail(ErrorKind::kInterrupted, "stopped while computing features{}",
           cached ? fmt::format("; those that are done are kept in {}", Printable(options.cache_folder.native())) : "");
    }
  }
  if (remaining > 0) context.progress.Finish();

  Features features;
  features.from_cache = remaining == 0;
  for (const SplitWork& work : splits) CheckClasses(dataset, work);
  features.train = ToFeatureSet(&splits[0], channels, &features);
  features.validation = ToFeatureSet(&splits[1], channels, &features);
  features.test = ToFeatureSet(&splits[2], channels, &features);
  return features;
}

}  // namespace siskin
