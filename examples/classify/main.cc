// classify MODEL PHOTO...: one line per photo.
#include <iostream>

#include "siskin/classifier.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: classify MODEL PHOTO...\n";
    return 2;
  }
  try {
    siskin::Classifier classifier(argv[1]);
    for (int i = 2; i < argc; ++i) {
      const siskin::Prediction prediction = classifier.ClassifyFile(argv[i]);
      if (prediction.ok()) {
        std::cout << argv[i] << ": " << prediction.label << " (" << prediction.score << ")\n";
      } else {
        std::cout << argv[i] << ": " << prediction.error << "\n";
      }
    }
  } catch (const siskin::Error& error) {
    std::cerr << "classify: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
