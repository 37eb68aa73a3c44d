// Keras in tests: the Python that has it, and networks with the formula's weights that it wrote down
// (tests/make_keras_files.py).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "graph/graph.h"
#include "networks/catalogue.h"
#include "tensor/tensor.h"

namespace siskin::testing {

constexpr uint64_t kKerasSeed = 21;  // of weights and inputs, as in the script

// Of $SISKIN_BENCH_VENV, or of build/bench-venv (bench/lib/venv). Empty if there is none: kNoKeras says so.
std::filesystem::path KerasPython();
constexpr char kNoKeras[] = "SKIPPED: no Python with Keras: set SISKIN_BENCH_VENV, or run bench/lib/venv once";

// Runs `tests/NAME network folder`; a test fails if the script does.
void RunKerasScript(const std::string& name, const std::string& network, const std::filesystem::path& folder);

// The network of folder/FORM.input.json (form: "top" or "notop"), with logits.
NetworkOptions ReadKerasOptions(const std::string& network, const std::filesystem::path& folder,
                                const std::string& form);

// EXPECTs that the network answers the formula's input as folder/FORM.output.npy has it.
void ExpectKerasOutput(const Graph& graph, TensorMap weights, const std::filesystem::path& folder,
                       const std::string& form);

}  // namespace siskin::testing
