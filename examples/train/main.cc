// train PHOTOS MODEL PHOTO [NAME=VALUE...]: trains a classifier on folders of photos, one for each class, says how good
// it is, and asks it about one more photo. NAME is an option of `siskin train` that a recipe has ("network", "epochs"),
// "weights", or, after Ctrl-C, "resume".
#include <atomic>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>

#include "siskin/classifier.h"
#include "siskin/train.h"

namespace {

std::atomic<bool> stop = false;

class Lines : public siskin::Progress {
 public:
  void Begin(std::string_view task, std::string_view unit, size_t total) override {
    std::cerr << task << ": " << total << " " << unit << "\n";
  }
  void Note(std::string_view line) override { std::cerr << line << "\n"; }
  void Warn(std::string_view line) override { std::cerr << "warning: " << line << "\n"; }
};

siskin::TrainOptions OptionsFrom(int argc, char** argv) {
  siskin::TrainOptions options;
  options.photos = argv[1];
  options.output = argv[2];
  options.run_folder = options.output.parent_path() / options.output.stem().concat(".run");  // reports, checkpoints
  for (int i = 4; i < argc; ++i) {
    const std::string_view text = argv[i];
    const std::string_view name = text.substr(0, text.find('='));
    const std::string_view value = name == text ? "true" : text.substr(name.size() + 1);
    if (name == "weights") {
      options.weights = value;
    } else if (name == "resume") {
      options.resume = value == "true";
    } else {
      options.Set(name, value);
    }
  }
  return options;
}

void PrintAccuracy(const siskin::Metrics& test) {
  std::cout << "test accuracy " << 100 * test.accuracy << " % of " << test.photos << " photos never seen before (95 % "
            << "interval " << 100 * test.accuracy_interval.low << " to " << 100 * test.accuracy_interval.high
            << " %)\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: train PHOTOS MODEL PHOTO [NAME=VALUE...]\n";
    return 2;
  }
  try {
    std::signal(SIGINT, [](int) { stop = true; });
    Lines lines;
    const siskin::TrainReport report = siskin::Train(OptionsFrom(argc, argv), {.progress = &lines, .stop = &stop});
    if (report.test) PrintAccuracy(*report.test);

    siskin::Classifier classifier(report.model);
    const siskin::Prediction prediction = classifier.ClassifyFile(argv[3]);
    if (!prediction.ok()) {
      std::cerr << argv[3] << ": " << prediction.error << "\n";
      return 1;
    }
    std::cout << argv[3] << ": " << prediction.label << " (" << prediction.score << ")\n";
  } catch (const siskin::Error& error) {
    std::cerr << "train: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
