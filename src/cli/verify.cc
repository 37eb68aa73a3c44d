// `siskin verify`: proves that a model answers here as it did where it was trained.
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "kernels/isa.h"
#include "model/classifier_model.h"

namespace siskin::cli {
namespace {

class VerifyVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe("Prove that a model answers here as where it was trained.",
                     "Runs the small reference pictures whose answers are stored in the file.");
    options.Argument("MODEL", &model_, "a model file made by `siskin train`");
    AddFormat(options, {"text", "json"});
    AddThreads(options);
    options.Footer(
        "Exit code 5 if an answer differs.\n\n"
        "Examples:\n"
        "  siskin verify pets.safetensors\n"
        "  SISKIN_ISA=avx2 siskin verify pets.safetensors");
  }

  ExitCode Run(Session& session) override {
    const ClassifierModel model = ReadModel(model_);
    const VerifyResult result = Verify(model, session.context().threads);
    Output output = session.OpenOutput();
    output.Write(session.format() == "json" ? ToText(ToJson(result), 2) + "\n" : Text(result));
    output.Commit();
    return result.passed() ? ExitCode::kDone : ExitCode::kGateFailed;
  }

 private:
  Json ToJson(const VerifyResult& result) const {
    return {{"v", 1},
            {"model", ToValidUtf8(model_)},
            {"passed", result.passed()},
            {"references", result.references},
            {"largest_difference", result.largest_difference},
            {"tolerance", result.tolerance},
            {"isa", CurrentIsa()}};
  }

  std::string Text(const VerifyResult& result) const {
    if (result.references == 0) {
      return fmt::format("{}: has no reference answers, nothing could be compared\n", Printable(model_));
    }
    return fmt::format("{}: {}; {} compared on {}, largest difference {:.1e} (at most {:.0e} allowed)\n",
                       Printable(model_), result.passed() ? "answers as it was trained" : "ANSWERS DIFFER",
                       Plural(static_cast<size_t>(result.references), "reference"), CurrentIsa(),
                       result.largest_difference, result.tolerance);
  }

  std::string model_;
};

}  // namespace

std::unique_ptr<Verb> MakeVerify() {
  return std::make_unique<VerifyVerb>();
}

}  // namespace siskin::cli
