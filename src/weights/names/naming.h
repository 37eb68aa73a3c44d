// How other programs name the layers of our networks: one table per network and naming, as data (names_*.cc).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace siskin {

struct Naming {
  std::string_view title;  // "timm's legacy_xception": for messages
  // A line a layer: our name, then the layer or layers of the file whose tensors are its tensors, in order (a separable
  // convolution is two layers elsewhere). {1..3}, {a..c} and {x,y,z} stand for a row of lines; the k-th range of every
  // word on a line counts along with the k-th of the first.
  std::string_view table;
  // Of its batch normalisation and of our network's, where they differ; 0: they do not.
  double epsilon = 0, our_epsilon = 0;
  std::string_view refusal = {};  // why such a file computes something else than our network; empty: it does not
  std::string_view note = {};     // what its user has to know, such as at which image sizes it computes the same
};

// Our layer and the file's, every range written out.
struct Alias {
  std::string layer;
  std::vector<std::string> file_layers;
};
std::vector<Alias> ExpandAliases(std::string_view table);

}  // namespace siskin
