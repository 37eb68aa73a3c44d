// `siskin verify`: proves that a model answers here as it did where it was trained.
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "kernels/isa.h"
#include "model/classifier_model.h"
#include "model/self_proof.h"

namespace siskin::cli {
namespace {

constexpr size_t kDigitsShown = 16;  // of 64: enough to tell two files apart

// "same", "changed", or "unknown" where the file has no digest.
const char* WeightsState(const VerifyResult& result) {
  if (result.written_sha256.empty()) return "unknown";
  return result.weights_changed() ? "changed" : "same";
}

std::string AnswersText(const VerifyResult& result) {
  if (result.references == 0) return "has no reference answers, nothing could be compared";
  return fmt::format("{}; {} compared on {}, largest difference {:.1e} (at most {:.0e} allowed)",
                     result.answers_differ() ? "ANSWERS DIFFER" : "answers as it was trained",
                     Plural(static_cast<size_t>(result.references), "reference"), CurrentIsa(),
                     result.largest_difference, result.tolerance);
}

std::string WeightsText(const VerifyResult& result, const std::string& model) {
  if (result.written_sha256.empty()) {
    return fmt::format(
        "has no SHA-256 of its weights, as an older siskin wrote it: small damage may go unnoticed; `siskin export {} "
        "-o NEW.safetensors` writes a copy that has one",
        model);
  }
  const std::string found = result.weights_sha256.substr(0, kDigitsShown);
  if (!result.weights_changed()) return fmt::format("the weights are those that were written (SHA-256 {}...)", found);
  return fmt::format(
      "THE WEIGHTS ARE NOT THOSE THAT WERE WRITTEN: their SHA-256 is {}..., expected {}...; the file is damaged or was "
      "edited: copy it again from where it was made",
      found, Printable(result.written_sha256, kDigitsShown));
}

class VerifyVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe("Prove that a model is undamaged and answers as it was trained.",
                     "Compares the SHA-256 of its card and of its weights with those in the file, and runs the small "
                     "reference pictures whose answers are stored there.");
    options.Argument("MODEL", Reads(&model_), "a model file made by `siskin train`");
    AddFormat(options, {"text", "json"});
    AddThreads(options);
    options.Footer(
        "Exit code 5 if the weights or an answer differ, 1 if the file cannot be read or\n"
        "its card is damaged.\n\n"
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
            {"weights", WeightsState(result)},
            {"weights_sha256", result.weights_sha256},
            {"references", result.references},
            {"largest_difference", result.largest_difference},
            {"tolerance", result.tolerance},
            {"isa", CurrentIsa()}};
  }

  std::string Text(const VerifyResult& result) const {
    const std::string model = Printable(model_);
    return fmt::format("{}: {}\n{}: {}\n", model, AnswersText(result), model, WeightsText(result, model));
  }

  std::string model_;
};

}  // namespace

std::unique_ptr<Verb> MakeVerify() {
  return std::make_unique<VerifyVerb>();
}

}  // namespace siskin::cli
