// Prefixes of all names in a file: a network that somebody saved from within a wrapper. PyTorch's DataParallel puts
// "module." before every name, torch.compile "_orig_mod.", a larger model "backbone.", and wrappers can be wrapped.
#pragma once

#include <string>
#include <vector>

namespace siskin {

// The prefixes that all of `names` share, each up to a '.' or '/' and shorter than every name, the shortest first: of
// "module.net.conv.weight" and "module.net.fc.bias" these are "module." and "module.net.". At most four.
std::vector<std::string> SharedPrefixes(const std::vector<std::string>& names);

}  // namespace siskin
