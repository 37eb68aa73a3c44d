// include/siskin/c_api.h on top of model/: exceptions end here.
#include "siskin/c_api.h"

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "api/pixels.h"
#include "base/error.h"
#include "base/json.h"
#include "base/threads.h"
#include "base/utf8.h"
#include "model/predictor.h"

struct siskin_classifier {
  siskin_classifier(const siskin::ClassifierModel& model, int num_threads)
      : threads(num_threads), predictor(model, 1, threads), card(ToJson(model.card).dump()) {}
  siskin_classifier(const siskin_classifier& other, int num_threads)
      : threads(num_threads), predictor(other.predictor, 1, threads), card(other.card) {}

  // Takes memory for eight photos at once, which who asks one by one does not need: made when it is wanted.
  siskin::Predictor& ForMany() {
    constexpr int kMaxBatch = 8;  // what a batch gains is gained by 8
    if (!for_many) for_many.emplace(predictor, kMaxBatch, threads);
    return *for_many;
  }

  siskin::ThreadPool threads;
  siskin::Predictor predictor;  // of one photo at a time
  std::optional<siskin::Predictor> for_many;
  std::string card;
};

namespace {

using siskin::ErrorKind;
using siskin::Fail;

siskin_status StatusOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return SISKIN_USAGE;
    case ErrorKind::kData:
      return SISKIN_PHOTO;
    case ErrorKind::kModel:
      return SISKIN_MODEL;
    case ErrorKind::kIo:
      return SISKIN_IO;
    case ErrorKind::kInternal:
    case ErrorKind::kInterrupted:
      break;
  }
  return SISKIN_INTERNAL;
}

// As much of it as fits, cut between two letters.
template <size_t kSize>
void CopyText(std::string_view from, char (&to)[kSize]) {
  const std::string_view text = siskin::Utf8Prefix(from, kSize - 1);
  to[text.copy(to, text.size())] = '\0';
}

void Report(siskin_error* error, siskin_status status, const std::string& message) {
  if (error == nullptr) return;
  error->status = status;
  CopyText(message, error->message);
}

// What `body` returns, or `failed` with the reason in `error`.
template <typename Result, typename Body>
Result Guarded(siskin_error* error, Result failed, const Body& body) {
  try {
    return body();
  } catch (const siskin::Error& problem) {
    Report(error, StatusOf(problem.kind()), problem.what());
  } catch (const std::bad_alloc&) {
    Report(error, SISKIN_MEMORY, "out of memory");
  } catch (const std::exception& problem) {
    Report(error, SISKIN_INTERNAL, problem.what());
  }
  return failed;
}

void Require(bool fine, const char* what) {
  if (!fine) Fail(ErrorKind::kUsage, "{}", what);
}

siskin_classifier* Open(const siskin::ClassifierModel& model, int threads) {
  Require(threads >= 0, "threads is below 0");
  return new siskin_classifier(model, threads);
}

siskin::ImageView ViewOf(const siskin_pixels& pixels) {
  return {pixels.rgb, pixels.width, pixels.height, pixels.row_bytes};
}

std::string_view TextOf(const siskin_bytes& bytes) {
  Require(bytes.data != nullptr, "bytes is NULL");
  return {static_cast<const char*>(bytes.data), bytes.size};
}

using Answers = std::vector<siskin::Predictor::Answer>;

// Of one photo. kData if it cannot be read.
int Give(const siskin::Predictor::Answer& answer, float* scores) {
  if (!answer.status.error.empty()) Fail(ErrorKind::kData, "{}", answer.status.error);
  if (scores != nullptr) std::ranges::copy(answer.scores, scores);
  return answer.label;
}

siskin_answer ToC(const siskin::Predictor::Answer& answer) {
  const bool read = answer.status.error.empty();
  siskin_answer given = {.label = answer.label, .score = 0, .status = read ? SISKIN_OK : SISKIN_PHOTO, .message = {}};
  if (read) given.score = answer.scores[static_cast<size_t>(answer.label)];
  CopyText(read ? answer.status.warning : answer.status.error, given.message);
  return given;
}

void GiveAll(const Answers& all, size_t classes, siskin_answer* answers, float* scores) {
  for (size_t i = 0; i < all.size(); ++i) {
    answers[i] = ToC(all[i]);
    if (scores == nullptr) continue;
    const std::span<float> row(scores + i * classes, classes);
    std::ranges::fill(row, 0.0f);
    std::ranges::copy(all[i].scores, row.begin());
  }
}

// `count` photos of the caller's as `view` sees each, by one of the predictor's functions.
template <typename Photo, typename View>
int ClassifyAll(siskin_classifier* classifier, const Photo* photos, size_t count, siskin_answer* answers, float* scores,
                siskin_error* error, const View& view,
                Answers (siskin::Predictor::*predict)(std::span<const std::invoke_result_t<View, const Photo&>>)) {
  return Guarded(error, -1, [&] {
    Require(classifier != nullptr, "classifier is NULL");
    Require(count == 0 || (photos != nullptr && answers != nullptr), "photos or answers is NULL");
    std::vector<std::invoke_result_t<View, const Photo&>> views;
    views.reserve(count);
    for (size_t i = 0; i < count; ++i) views.push_back(view(photos[i]));
    const auto classes = static_cast<size_t>(classifier->predictor.num_classes());
    GiveAll((classifier->ForMany().*predict)(views), classes, answers, scores);
    return 0;
  });
}

siskin::ImageView CheckedView(const siskin_pixels& pixels) {
  siskin::RequirePicture(ViewOf(pixels));
  return ViewOf(pixels);
}

}  // namespace

siskin_classifier* siskin_open_file(const char* path, int threads, siskin_error* error) {
  return Guarded(error, static_cast<siskin_classifier*>(nullptr), [&] {
    Require(path != nullptr, "path is NULL");
    return Open(siskin::ReadModel(path), threads);
  });
}

siskin_classifier* siskin_open_memory(const void* bytes, size_t size, int threads, siskin_error* error) {
  return Guarded(error, static_cast<siskin_classifier*>(nullptr), [&] {
    Require(bytes != nullptr, "bytes is NULL");
    return Open(siskin::ParseModel({static_cast<const char*>(bytes), size}, "the model in memory"), threads);
  });
}

siskin_classifier* siskin_share(const siskin_classifier* classifier, int threads, siskin_error* error) {
  return Guarded(error, static_cast<siskin_classifier*>(nullptr), [&] {
    Require(classifier != nullptr, "classifier is NULL");
    Require(threads >= 0, "threads is below 0");
    return new siskin_classifier(*classifier, threads);
  });
}

void siskin_close(siskin_classifier* classifier) {
  delete classifier;
}

int siskin_num_classes(const siskin_classifier* classifier) {
  return classifier == nullptr ? 0 : classifier->predictor.num_classes();
}

const char* siskin_class_name(const siskin_classifier* classifier, int label) {
  if (label < 0 || label >= siskin_num_classes(classifier)) return nullptr;
  return classifier->predictor.card().class_names[static_cast<size_t>(label)].c_str();
}

const char* siskin_model_json(const siskin_classifier* classifier) {
  return classifier == nullptr ? nullptr : classifier->card.c_str();
}

int siskin_classify_photo(siskin_classifier* classifier, const void* bytes, size_t size, float* scores,
                          siskin_error* error) {
  return Guarded(error, -1, [&] {
    Require(classifier != nullptr, "classifier is NULL");
    const std::string_view photo = TextOf({bytes, size});
    return Give(classifier->predictor.PredictBytes({&photo, 1})[0], scores);
  });
}

int siskin_classify_pixels(siskin_classifier* classifier, const uint8_t* rgb, int width, int height, size_t row_bytes,
                           float* scores, siskin_error* error) {
  return Guarded(error, -1, [&] {
    Require(classifier != nullptr, "classifier is NULL");
    const siskin::ImageView photo = CheckedView({rgb, width, height, row_bytes});
    return Give(classifier->predictor.PredictPixels({&photo, 1})[0], scores);
  });
}

int siskin_classify_photos(siskin_classifier* classifier, const siskin_bytes* photos, size_t count,
                           siskin_answer* answers, float* scores, siskin_error* error) {
  return ClassifyAll(classifier, photos, count, answers, scores, error, TextOf, &siskin::Predictor::PredictBytes);
}

int siskin_classify_pictures(siskin_classifier* classifier, const siskin_pixels* pictures, size_t count,
                             siskin_answer* answers, float* scores, siskin_error* error) {
  return ClassifyAll(classifier, pictures, count, answers, scores, error, CheckedView,
                     &siskin::Predictor::PredictPixels);
}

const char* siskin_version(void) {
  return SISKIN_VERSION;
}

int siskin_abi_version(void) {
  return SISKIN_ABI_VERSION;
}
