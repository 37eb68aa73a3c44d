// What the tests of `siskin export` share: small models of every network with the answers that Siskin gives, and the
// runtimes of other programs that must give the same (drivers in tests/exports).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/classifier_model.h"
#include "networks/catalogue.h"

namespace siskin::testing {

// A model file, a few photos as pixels, and Siskin's answers for them.
struct ExportCase {
  std::string name;              // of network and classes, for messages
  std::filesystem::path folder;  // model.safetensors, pixels.bin, case.json
  std::vector<std::string> class_names;
  std::vector<std::vector<float>> scores;  // by photo
  std::vector<int> labels;

  std::filesystem::path model() const { return folder / "model.safetensors"; }
};

// A small model, not square, with random weights such that every tensor matters and scores are far from 0 and 1.
ClassifierModel MakeExportModel(const NetworkCard& network, std::vector<std::string> class_names);

// Every network of the catalogue, small and not square, with two classes and with five; random weights, so that every
// tensor matters. Below `folder`, which must exist until the end.
std::vector<ExportCase> MakeExportCases(const std::filesystem::path& folder);

// The folder with TensorFlow.js in node_modules: SISKIN_TFJS, or build/tfjs. Empty: not there, or no node.
std::filesystem::path TfjsModules();
inline constexpr char kNoTfjs[] = "SKIPPED: no TensorFlow.js here; tests/exports/install_tfjs installs it";

// Runs `siskin export` for every case; the result is `file` in its folder.
void ExportAll(const std::vector<ExportCase>& cases, const std::string& to, const std::string& file);

// One line of JSON for every case. The test fails if the driver does.
std::vector<Json> RunDriver(const std::vector<std::string>& command, const std::vector<ExportCase>& cases);
// The same for other cases: `folders` follow the command.
std::vector<Json> RunDriverOn(const std::vector<std::string>& command, const std::vector<std::string>& folders);

// `answer` of a driver has the scores of the case within 1e-4, which is what the formats promise, and its labels if it
// knows labels.
void ExpectSameAnswers(const Json& answer, const ExportCase& expected);

}  // namespace siskin::testing
