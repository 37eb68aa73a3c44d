// A model as an ONNX graph that holds its preprocessing: docs/export.md says what goes in and comes out.
#pragma once

#include "export/protobuf_writer.h"
#include "model/classifier_model.h"

namespace siskin {

// Input "image": uint8 [N, height, width, 3], red first. Outputs "scores": fp32 [N, classes], "label": int64 [N].
// Batch normalisations stay nodes of their own: runtimes fold them when they load the file, and a reader of the
// weights back (to train on, say) finds every tensor unchanged.
ProtobufWriter OnnxModel(const ClassifierModel& model);

}  // namespace siskin
