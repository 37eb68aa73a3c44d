// weights/tensorflow/graphdef.h
#include "fuzz/target.h"
#include "weights/file/signatures.h"
#include "weights/tensorflow/graphdef.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  LooksLikeGraphDef(input);
  ReadGraphConstants(input, "input");
}

}  // namespace siskin::fuzz
