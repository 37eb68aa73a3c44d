// weights/onnx/onnx.h; weights/onnx/onnx_structure.h
#include "fuzz/target.h"
#include "weights/file/signatures.h"
#include "weights/import.h"
#include "weights/onnx/onnx.h"
#include "weights/onnx/onnx_structure.h"
#include "weights/testing_network.h"
#include "weights/testing_weights.h"

namespace siskin::fuzz {
namespace {

void ByNames(std::string_view input) {
  FileContents contents = ReadOnnx(input, "input");
  const NetworkLayout layout = testing::SmallLayout(true);
  CheckWeights(TakeModel(std::move(contents), layout, "", "input"), layout, "input");
}

void ByStructure(std::string_view input) {
  const testing::SmallNetwork network{.filters = 2};
  std::string note;
  const TensorMap tensors = TakeByStructure(input, "input", network, &note);
  RequirePrintable(note);
  CheckWeights(tensors, network(0).Layout(), "input");
}

}  // namespace

void Run(std::string_view input) {
  LooksLikeOnnx(input);
  try {
    ByNames(input);
  } catch (const Error& error) {
    Require(error.kind() == ErrorKind::kModel, "what is found in a file is the file's fault");
    RequirePrintable(error.what());
  }
  ByStructure(input);
}

}  // namespace siskin::fuzz
