// weights/tensorflow/tfjs.h. The input is model.json, ended by a NUL, and the bytes of the shards, which every read
// gets a part of.
#include <algorithm>

#include "fuzz/target.h"
#include "weights/file/signatures.h"
#include "weights/import.h"
#include "weights/tensorflow/tfjs.h"
#include "weights/testing_weights.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  const std::string_view json = TakeText(&input);
  LooksLikeTfjs(json);
  const auto read = [&](const std::string& name, uint64_t max_bytes) {
    Require(!name.empty() && name != "." && name != ".." && name.find_first_of("/\\:%") == std::string::npos,
            "only plain names are asked for");
    const std::string bytes(input.substr(0, std::min<uint64_t>(max_bytes, input.size())));
    input.remove_prefix(bytes.size());
    return bytes;
  };
  FileContents contents = ReadTfjs(json, read, "input");
  const NetworkLayout layout = testing::SmallLayout();
  const TensorMap taken = TakeModel(std::move(contents), layout, "", "input");
  CheckWeights(taken, layout, "input");
}

}  // namespace siskin::fuzz
