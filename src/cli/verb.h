// What a verb of the program is: it declares its options, then runs once. One file a verb; the list is in verbs.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/session.h"

namespace siskin::cli {

class Verb {
 public:
  virtual ~Verb() = default;
  // Options and help text; called once, before the command line is parsed.
  virtual void Declare(Options options) = 0;
  virtual ExitCode Run(Session& session) = 0;

  const CommonOptions& common() const { return common_; }

 protected:
  // Options that several verbs share and that mean the same everywhere.
  void AddFormat(Options& options, const std::vector<std::string>& formats);
  void AddOutput(Options& options, const FileType& type,
                 const std::string& help = "write the results there instead of to standard output");
  void AddBatch(Options& options);
  void AddThreads(Options& options);
  void AddVolume(Options& options);  // -q and -v

  CommonOptions common_;
};

// All verbs, declared on the command line; they live as long as it is used.
class CommandLine;
std::vector<std::unique_ptr<Verb>> DeclareVerbs(CommandLine* command_line);

// The verbs, each in the file of its name.
std::unique_ptr<Verb> MakeCheck();
std::unique_ptr<Verb> MakeTrain();
std::unique_ptr<Verb> MakePredict();
std::unique_ptr<Verb> MakeEval();
std::unique_ptr<Verb> MakeCompare();
std::unique_ptr<Verb> MakeFeatures();
std::unique_ptr<Verb> MakeInfo();
std::unique_ptr<Verb> MakeVerify();
std::unique_ptr<Verb> MakeExport();
std::unique_ptr<Verb> MakeNetworks();
std::unique_ptr<Verb> MakeWeights();
std::unique_ptr<Verb> MakeDemoData();
std::unique_ptr<Verb> MakeDoctor();
std::unique_ptr<Verb> MakeCompletion();

}  // namespace siskin::cli
