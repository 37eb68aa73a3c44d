// import/read_hdf5.h. libhdf5 gets no security support; in the product it runs in a sandbox only, in a process of its
// own. Findings inside libhdf5 are what that is for; findings in our own code are not.
#include "fuzz/target.h"
#include "import/read_hdf5.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  ReadHdf5(input);
}

}  // namespace siskin::fuzz
