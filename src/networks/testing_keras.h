// Keras in tests: networks with the formula's weights that it wrote down (tests/make_keras_files.py).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "graph/graph.h"
#include "networks/catalogue.h"
#include "tensor/tensor.h"

namespace siskin::testing {

constexpr uint64_t kKerasSeed = 21;  // of weights and inputs, as in the script

// Runs `tests/NAME network folder` with BenchPython; a test fails if the script does.
void RunKerasScript(const std::string& name, const std::string& network, const std::filesystem::path& folder);

// The network of folder/FORM.input.json (form: "top" or "notop"), with logits.
NetworkOptions ReadKerasOptions(const std::string& network, const std::filesystem::path& folder,
                                const std::string& form);

// EXPECTs that the network answers the formula's input as folder/FORM.output.npy has it.
void ExpectKerasOutput(const Graph& graph, TensorMap weights, const std::filesystem::path& folder,
                       const std::string& form);

}  // namespace siskin::testing
