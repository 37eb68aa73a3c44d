// include/siskin/c_api.h on top of model/: exceptions end here.
#include "siskin/c_api.h"

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/threads.h"
#include "base/utf8.h"
#include "images/decode.h"
#include "images/preprocess.h"
#include "model/classifier_model.h"

struct siskin_classifier {
  siskin_classifier(const siskin::ClassifierModel& model, int num_threads)
      : threads(num_threads), predictor(model, 1, threads) {}

  siskin::ThreadPool threads;
  siskin::Predictor predictor;
};

namespace {

using siskin::ErrorKind;
using siskin::Fail;

// The largest side of a photo that is taken: the decoders' limit on pixels, as a strip of one row.
constexpr int kMaxSide = 250'000'000;

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

void Report(siskin_error* error, siskin_status status, const std::string& message) {
  if (error == nullptr) return;
  error->status = status;
  const std::string_view text = siskin::Utf8Prefix(message, sizeof(error->message) - 1);
  const size_t length = text.copy(error->message, text.size());
  error->message[length] = '\0';
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

int Classify(siskin_classifier* classifier, const siskin::Image& photo, float* scores) {
  const std::vector<float> answer = classifier->predictor.Scores(photo);
  if (scores != nullptr) std::copy(answer.begin(), answer.end(), scores);
  return classifier->predictor.Decide(answer);
}

siskin::Image Copy(const uint8_t* rgb, int width, int height, size_t row_bytes) {
  Require(rgb != nullptr, "rgb is NULL");
  Require(width > 0 && height > 0 && width <= kMaxSide / height, "the photo has no pixels, or too many");
  const size_t row = static_cast<size_t>(width) * 3;
  Require(row_bytes >= row, "row_bytes is less than 3 * width");
  siskin::Image photo{width, height, {}};
  photo.rgb.reserve(row * static_cast<size_t>(height));
  for (int y = 0; y < height; ++y) {
    const uint8_t* begin = rgb + static_cast<size_t>(y) * row_bytes;
    photo.rgb.insert(photo.rgb.end(), begin, begin + row);
  }
  return photo;
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

int siskin_classify_photo(siskin_classifier* classifier, const void* bytes, size_t size, float* scores,
                          siskin_error* error) {
  return Guarded(error, -1, [&] {
    Require(classifier != nullptr, "classifier is NULL");
    Require(bytes != nullptr, "bytes is NULL");
    const siskin::DecodedImage photo = siskin::DecodeImage(
        {static_cast<const char*>(bytes), size}, DecodeOptionsFor(classifier->predictor.card().preprocessing));
    if (!photo.error.empty()) Fail(ErrorKind::kData, photo.error);
    return Classify(classifier, photo.image, scores);
  });
}

int siskin_classify_pixels(siskin_classifier* classifier, const uint8_t* rgb, int width, int height, size_t row_bytes,
                           float* scores, siskin_error* error) {
  return Guarded(error, -1, [&] {
    Require(classifier != nullptr, "classifier is NULL");
    return Classify(classifier, Copy(rgb, width, height, row_bytes), scores);
  });
}

const char* siskin_version(void) {
  return SISKIN_VERSION;
}

int siskin_abi_version(void) {
  return SISKIN_ABI_VERSION;
}
