// The cache of published weights: $SISKIN_WEIGHTS, else $XDG_CACHE_HOME/siskin, else ~/.cache/siskin. Kept as
// safetensors, named after the card; what is in it was checked against the catalogue's digests when it came in.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/run_context.h"
#include "graph/graph.h"
#include "graph/layout.h"
#include "tensor/tensor.h"
#include "weights/file/source.h"

namespace siskin {

class WeightStore {
 public:
  explicit WeightStore(std::filesystem::path folder = DefaultFolder());
  static std::filesystem::path DefaultFolder();

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path PathOf(const WeightsCard& card) const;  // whether it is there or not
  bool Has(const WeightsCard& card) const;

  // Uses the network: tries the card's sources in order, resumes interrupted downloads, checks SHA-256 of the file,
  // maps it onto `layout`, checks the tensors' digest, keeps the result. Nothing is kept if anything differs. Returns
  // the path. kIo when no source could be reached (each with its reason), kModel when what came is wrong.
  std::filesystem::path Pull(const WeightsCard& card, const NetworkLayout& layout, const RunContext& context);

  // Takes a local file instead of a download: same checks of names and shapes, and of the digest if the card has one.
  // What import.h notes about the file becomes a warning; `build` is that of its ImportOptions.
  std::filesystem::path Import(const WeightsCard& card, const NetworkLayout& layout, const std::filesystem::path& file,
                               Progress& progress, const GraphBuilder& build = {});

  // kModel "not here yet: run `siskin weights pull NAME`" if absent.
  TensorMap Load(const WeightsCard& card, const NetworkLayout& layout) const;

 private:
  // Maps, checks and writes what a source gave.
  std::filesystem::path Keep(const WeightsCard& card, const NetworkLayout& layout, const std::string& bytes,
                             const std::map<std::string, std::string>& beside, const WeightSource& source,
                             const RunContext& context) const;
  void Write(const WeightsCard& card, const NetworkLayout& layout, const TensorMap& tensors,
             std::map<std::string, std::string> metadata) const;

  std::filesystem::path folder_;
};

}  // namespace siskin
