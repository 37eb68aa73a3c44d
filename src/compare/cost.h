// What a trained model takes on this machine, from a photo's file to its answer: time and memory, measured.
#pragma once

#include <filesystem>
#include <span>

#include "base/threads.h"
#include "model/classifier_model.h"
#include "networks/measure.h"

namespace siskin {

// Runs the model on some of the files, by all of the threads, decoding and resizing included. Memory is what the plan
// allocates: the program itself, and the photo while it is decoded, come on top of it. kData if no file can be read.
InferenceCost MeasureCost(const ClassifierModel& model, std::span<const std::filesystem::path> files,
                          ThreadPool& threads);

}  // namespace siskin
