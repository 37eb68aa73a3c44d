// The reading half of classifier_model.h: needs no plan and no kernel.
#include <algorithm>
#include <string>
#include <system_error>

#include "base/error.h"
#include "graph/parameters.h"
#include "model/card_metadata.h"
#include "model/classifier_model.h"
#include "weights/file/file_kind.h"
#include "weights/file/safetensors.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr char kGiveAModel[] = "give the .safetensors file that `siskin train` wrote";

std::string RemedyFor(FileKind kind) {
  if (HoldsWeights(kind)) {
    return fmt::format("{}; of this one `siskin train --weights` can take the weights to start from", kGiveAModel);
  }
  switch (kind) {
    case FileKind::kTorch:
    case FileKind::kPickle:
      return fmt::format("{} ({})", kGiveAModel, kTorchRemedy);
    case FileKind::kCHeader:
      return "give the .safetensors file beside it";
    case FileKind::kPhoto:
      return "the model comes before the photos: siskin predict MODEL PHOTO";
    default:
      return kGiveAModel;
  }
}

// What is not even a safetensors file.
void RequireSafetensors(std::string_view bytes, std::string_view where) {
  const FileKind kind = KindOfFile(bytes);
  if (kind == FileKind::kSafetensors) return;
  Fail(ErrorKind::kModel, "{}: is {}, not a model of Siskin; {}", where, Describe(kind), RemedyFor(kind));
}

// The first model that may be meant by a folder; empty: there is none.
std::string ModelWithin(const fs::path& folder) {
  std::error_code error;
  std::string first;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.ends_with(".safetensors") && (first.empty() || name < first)) first = name;
  }
  return first;
}

void RequireNoFolder(const fs::path& file) {
  std::error_code error;
  if (!fs::is_directory(file, error)) return;
  const std::string model = ModelWithin(file);
  Fail(ErrorKind::kModel, "{}: is {}, not a model of Siskin; {}", Printable(file.native()), DescribeFolder(file),
       model.empty() ? kGiveAModel : fmt::format("did you mean {}?", Printable((file / model).native())));
}

}  // namespace

ModelCard ReadModelCard(const fs::path& file) {
  RequireNoFolder(file);
  RequireSafetensors(MappedFile(file).text(), Printable(file.native()));
  return CardFromMetadata(ReadSafetensorsMetadata(file), Printable(file.native()));
}

ClassifierModel ParseModel(std::string_view bytes, std::string_view where) {
  RequireSafetensors(bytes, where);
  SafetensorsFile content = ParseSafetensors(bytes, where);
  ClassifierModel model{CardFromMetadata(content.metadata, where), std::move(content.tensors)};
  CheckWeights(model.weights, BuildModelGraph(model.card).Layout(), where);
  return model;
}

ClassifierModel ReadModel(const fs::path& file) {
  RequireNoFolder(file);
  const MappedFile mapped(file);
  ClassifierModel model = ParseModel(mapped.text(), Printable(file.native()));
  model.file = file;
  return model;
}

}  // namespace siskin
