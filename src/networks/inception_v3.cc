// Szegedy et al. 2015, "Rethinking the Inception architecture for computer vision", table 1 and figures 5 to 7, as
// Keras builds it: modules of parallel branches that see the same input through windows of different sizes. Large
// windows are taken apart: 5x5 into two 3x3, 7x7 into 1x7 and 7x1.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "networks/builders.h"
#include "networks/inception.h"

namespace siskin {
namespace {

// Builds module after module; `x` is the current activation.
class InceptionV3 {
 public:
  explicit InceptionV3(const NetworkOptions& options) { x_ = g_.Input(options.height, options.width, 3); }

  Graph Build(const NetworkOptions& options) {
    x_ = inception_.Stem(x_);
    Module35("mixed0", 32);
    Module35("mixed1", 64);
    Module35("mixed2", 64);
    Reduce35("mixed3");
    Module17("mixed4", 128);
    Module17("mixed5", 160);
    Module17("mixed6", 160);
    Module17("mixed7", 192);
    Reduce17("mixed8");
    Module8("mixed9", 0);
    Module8("mixed10", 1);
    AppendEnd(g_, x_, options);
    return std::move(g_);
  }

 private:
  // 35x35 (of 299): figure 5, with one 5x5 left whole.
  void Module35(const std::string& name, int pool_filters) {
    Concat(name, {Branch(name + "_1x1", {{64, 1, 1}}),                             //
                  Branch(name + "_5x5", {{48, 1, 1}, {64, 5, 5}}),                 //
                  Branch(name + "_3x3dbl", {{64, 1, 1}, {96, 3, 3}, {96, 3, 3}}),  //
                  PoolBranch(name, pool_filters)});
  }

  void Reduce35(const std::string& name) {
    Concat(name, {Branch(name + "_3x3", {{384, 3, 3, 2}}),                            //
                  Branch(name + "_3x3dbl", {{64, 1, 1}, {96, 3, 3}, {96, 3, 3, 2}}),  //
                  inception_.MaxPool(name + "_pool", x_)});
  }

  // 17x17: figure 6, n = 7.
  void Module17(const std::string& name, int f) {
    Concat(name, {Branch(name + "_1x1", {{192, 1, 1}}),                        //
                  Branch(name + "_7x7", {{f, 1, 1}, {f, 1, 7}, {192, 7, 1}}),  //
                  Branch(name + "_7x7dbl", {{f, 1, 1}, {f, 7, 1}, {f, 1, 7}, {f, 7, 1}, {192, 1, 7}}),
                  PoolBranch(name, 192)});
  }

  void Reduce17(const std::string& name) {
    Concat(name, {Branch(name + "_3x3", {{192, 1, 1}, {320, 3, 3, 2}}),  //
                  Branch(name + "_7x7x3", {{192, 1, 1}, {192, 1, 7}, {192, 7, 1}, {192, 3, 3, 2}}),
                  inception_.MaxPool(name + "_pool", x_)});
  }

  // 8x8: figure 7, branches that end in a 1x3 beside a 3x1.
  void Module8(const std::string& name, int number) {
    const NodeId one = Branch(name + "_1x1", {{320, 1, 1}});
    const NodeId three = Fork(fmt::format("mixed9_{}", number), name + "_3x3", {{384, 1, 1}});
    const NodeId twice = Fork(name + "_3x3dbl_fork", name + "_3x3dbl", {{448, 1, 1}, {384, 3, 3}});
    g_.MarkUnnamed(twice);
    Concat(name, {one, three, twice, PoolBranch(name, 192)});
  }

  NodeId Fork(const std::string& fork, const std::string& name, const std::vector<InceptionBuilder::Step>& steps) {
    const NodeId x = Branch(name, steps);
    return g_.Concat(fork, {inception_.Branch(name + "_1x3", x, {{384, 1, 3}}),  //
                            inception_.Branch(name + "_3x1", x, {{384, 3, 1}})});
  }

  NodeId PoolBranch(const std::string& name, int filters) {
    return inception_.Branch(name + "_pool_1x1", inception_.AveragePool(name + "_pool", x_), {{filters, 1, 1}});
  }

  NodeId Branch(const std::string& name, const std::vector<InceptionBuilder::Step>& steps) {
    return inception_.Branch(name, x_, steps);
  }

  void Concat(const std::string& name, const std::vector<NodeId>& branches) { x_ = g_.Concat(name, branches); }

  Graph g_;
  InceptionBuilder inception_{g_};
  NodeId x_;
};

}  // namespace

Graph BuildInceptionV3(const NetworkOptions& options) {
  return InceptionV3(options).Build(options);
}

}  // namespace siskin
