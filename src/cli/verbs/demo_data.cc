// `siskin demo-data`: pictures to try everything with.
#include <fmt/format.h>

#include "base/error.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "data/demo.h"

namespace siskin::cli {
namespace {

class DemoDataVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe("Draw pictures in two classes to try everything with.",
                     "Small varied JPEG files; needs neither photos nor a network.");
    options.Argument("DIR", Writes(&folder_, kPhotoFolder), "the folder to make; it must not exist or be empty");
    options.Whole("--photos", &photos_per_class_, 1, 100000, "pictures per class");
    options.Whole("--seed", &seed_, "the same seed draws the same pictures");
    AddThreads(options);
    AddVolume(options);
    options.Footer(
        "Example:\n"
        "  siskin demo-data demo && siskin train demo -o demo.safetensors");
  }

  ExitCode Run(Session& session) override {
    WriteDemoData(folder_, photos_per_class_, seed_, session.context());
    session.progress().Note(fmt::format("{}: {} of 2 classes drawn; next: siskin train {}", Printable(folder_),
                                        Plural(2 * static_cast<size_t>(photos_per_class_), "picture"),
                                        Printable(folder_)));
    return ExitCode::kDone;
  }

 private:
  std::string folder_;
  int photos_per_class_ = 150;  // enough for a head, drawn in a few seconds
  uint64_t seed_ = 0;
};

}  // namespace

std::unique_ptr<Verb> MakeDemoData() {
  return std::make_unique<DemoDataVerb>();
}

}  // namespace siskin::cli
