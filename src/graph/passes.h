// The passes of the compiler, in the order in which Optimize runs them. Each leaves a program that computes the same.
#pragma once

#include "graph/program.h"

namespace siskin {

// Deletes ops whose result nobody needs.
void RemoveDeadOps(Program& program);

// Dropout, and activations that do nothing, are the identity in inference.
void RemoveIdentities(Program& program);

// Zero padding becomes padding of the convolutions after it, and of a maximum over what a ReLU has left: there zeros
// count as much as nothing. Where something else reads the padded image too, a depthwise 1x1 convolution with ones
// stays behind: it writes the same image.
void MergeZeroPadding(Program& program);

// A concatenation of concatenations becomes one, whose parts are all computed in their place.
void FlattenConcat(Program& program);

// Batch normalisation after a convolution or dense layer that nobody else reads goes into its weights and bias (in
// double precision, rounded once; for a filter when it is read). Any other stays: y = scale * x + shift.
void FoldBatchNorm(Program& program);

// An addition becomes the residual of the convolution that computes one of its sides, the later one if both do.
void FuseAdd(Program& program);

// An activation moves to the op that computes its input if nobody needs the raw values; else a ReLU moves into the
// depthwise and separable convolutions that read it, if nobody else does; else it stays.
void FuseActivation(Program& program);

// A depthwise convolution read only by a 1x1 convolution becomes a separable one with bias and activation in between.
void FuseSeparable(Program& program);

// A network that does nothing still has to write its output: it becomes a copy.
void CopyUntouchedInput(Program& program);

// All of them.
void Optimize(Program& program);

}  // namespace siskin
