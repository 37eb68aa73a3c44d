// `siskin networks`: the catalogue as a table.
#include <fmt/format.h>

#include "cli/text.h"
#include "cli/verb.h"
#include "networks/catalogue.h"

namespace siskin::cli {
namespace {

// The network as published: own size, ImageNet's 1,000 classes.
Graph PublishedGraph(const NetworkCard& card) {
  NetworkOptions options;
  options.network = card.name;
  options.top = true;
  return BuildNetwork(WithDefaults(options));
}

std::string Table() {
  std::vector<std::vector<std::string>> rows = {
      {"network", "input", "smallest", "parameters", "multiply-adds", "top-1", "weights"}};
  for (const NetworkCard& card : Catalogue()) {
    const Graph graph = PublishedGraph(card);
    std::string weights;
    for (const WeightsCard& w : card.weights) weights += (weights.empty() ? "" : ", ") + w.name;
    rows.push_back({card.name, std::to_string(card.default_size), std::to_string(card.min_size),
                    WithCommas(graph.num_parameters()),
                    fmt::format("{:.2f} G", static_cast<double>(graph.num_multiply_adds()) / 1e9),
                    card.top1 > 0 ? fmt::format("{:.1f} %", card.top1) : "", weights});
  }
  return AlignColumns(rows, {1, 2, 3, 4, 5});
}

Json TableAsJson() {
  Json networks = Json::array();
  for (const NetworkCard& card : Catalogue()) {
    const Graph graph = PublishedGraph(card);
    Json weights = Json::array();
    for (const WeightsCard& w : card.weights) weights.push_back(w.name);
    networks.push_back({{"name", card.name},
                        {"title", card.title},
                        {"paper", card.paper},
                        {"default_size", card.default_size},
                        {"min_size", card.min_size},
                        {"alphas", card.alphas},
                        {"parameters", graph.num_parameters()},
                        {"multiply_adds", graph.num_multiply_adds()},
                        {"top1", card.top1},
                        {"top5", card.top5},
                        {"weights", weights}});
  }
  return {{"v", 1}, {"networks", networks}};
}

class NetworksVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe(
        "List the networks.",
        "Input size, parameters and multiply-adds with ImageNet's classifier, published ImageNet accuracy, "
        "names of the weights.");
    AddFormat(options, {"text", "json"});
    options.Footer(
        "Examples:\n"
        "  siskin networks\n"
        "  siskin info xception");
  }

  ExitCode Run(Session& session) override {
    Output output = session.OpenOutput();
    output.Write(session.format() == "json" ? ToText(TableAsJson(), 2) + "\n" : Table());
    output.Commit();
    return ExitCode::kDone;
  }
};

}  // namespace

std::unique_ptr<Verb> MakeNetworks() {
  return std::make_unique<NetworksVerb>();
}

}  // namespace siskin::cli
