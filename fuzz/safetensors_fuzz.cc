// weights/file/safetensors.h, and what is made of such a file: weights by our names or by PyTorch's (weights/import.h).
#include "fuzz/target.h"
#include "weights/file/safetensors.h"
#include "weights/import.h"
#include "weights/testing_weights.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  const SafetensorsFile file = ParseSafetensors(input, "input");
  std::string again;
  SerializeSafetensors(file.tensors, file.metadata, [&](std::string_view bytes) { again += bytes; });
  const SafetensorsFile copy = ParseSafetensors(again, "the copy");
  Require(copy.metadata == file.metadata, "metadata survive writing and reading");
  Require(copy.tensors.size() == file.tensors.size(), "tensors survive writing and reading");
  for (const auto& [name, tensor] : file.tensors) {
    const auto found = copy.tensors.find(name);
    Require(found != copy.tensors.end(), "names survive writing and reading");
    Require(found->second.shape() == tensor.shape() && found->second.dtype() == tensor.dtype(),
            "shapes and types survive writing and reading");
    Require(std::ranges::equal(found->second.bytes(), tensor.bytes()), "elements survive writing and reading");
  }
  ImportWeightsFromBytes(input, "input", testing::SmallLayout());
}

}  // namespace siskin::fuzz
