// weights/onnx.h
#include "fuzz/target.h"
#include "weights/import.h"
#include "weights/onnx.h"
#include "weights/testing_weights.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  LooksLikeOnnx(input);
  FileContents contents = ReadOnnx(input, "input");
  const NetworkLayout layout = testing::SmallLayout(true);
  CheckWeights(TakeModel(std::move(contents), layout, "", "input"), layout, "input");
}

}  // namespace siskin::fuzz
