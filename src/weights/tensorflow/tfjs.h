// TensorFlow.js "layers models": model.json holds the layers and a manifest of the weights; the numbers lie in shards
// beside it. https://www.tensorflow.org/js/guide/save_load; fields: tfjs-core/src/io/types.ts. Nothing is computed with
// the layers' options: they only say which layer comes when.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "weights/match/match.h"

namespace siskin {

// The content of a file that lies beside the weights file; `name` is a plain file name. Fails with kModel or kIo if
// there is none, it is no regular file or has more than max_bytes.
using ReadBeside = std::function<std::string(const std::string& name, uint64_t max_bytes)>;

// The names of the shards in order. kModel if `json` is no layers model, or if anything in it is not what it should be:
// a name that is a path, a URL or climbs out, a name twice, a shape or type beyond reason.
std::vector<std::string> TfjsShards(std::string_view json, std::string_view where);

// The fp32 weights; those stored as fp16 or as 8- and 16-bit integers are turned back into fp32. All of the manifest is
// checked before the first shard is asked for. kModel as above, or if the shards do not have just the bytes that the
// manifest describes.
FileContents ReadTfjs(std::string_view json, const ReadBeside& read, std::string_view where);

}  // namespace siskin
