// weights/graphdef.h
#include "fuzz/target.h"
#include "weights/graphdef.h"
#include "weights/signatures.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  LooksLikeGraphDef(input);
  ReadGraphConstants(input, "input");
}

}  // namespace siskin::fuzz
