// What a model takes on this machine: time and memory, measured.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "base/threads.h"
#include "model/classifier_model.h"

namespace siskin {

struct Cost {
  // From a photo's file to its answer, decoding and resizing included, one photo at a time: the median.
  double ms_per_photo = 0;
  // The same for eight at once, which is what a folder of photos is worked through with.
  double photos_per_second = 0;
  // Packed weights, activations and scratch while one photo is computed: what the plan allocates. The program itself,
  // and the photo while it is decoded, come on top of it.
  size_t memory_bytes = 0;
};

// Runs the model on some of the files, by all of the threads. kData if none of them can be read.
Cost MeasureCost(const ClassifierModel& model, std::span<const std::filesystem::path> files, ThreadPool& threads);

}  // namespace siskin
