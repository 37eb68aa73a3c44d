#include "graph/training_steps.h"

#include <utility>

#include "graph/layer_rows.h"
#include "graph/training_lowering.h"

namespace siskin {
namespace {

// Nothing depends on the parameters of an op whose output nobody reads.
void ZeroGradients(TrainingLowering& net, const TrainingOp& op) {
  for (const size_t offset : {op.at.kernel, op.at.depthwise, op.at.bias, op.at.gamma, op.at.beta}) {
    if (offset == kNoParameter) continue;
    PlanStep step = net.StepOf(StepKind::kZeroGradient, op, "no gradient");
    step.finishes = net.RangeOf({offset});
    net.Append(std::move(step));
  }
}

}  // namespace

TrainingSteps LowerToSteps(const TrainingProgram& program, bool batch_statistics) {
  TrainingLowering net(program, batch_statistics);
  TrainingSteps result;
  result.input = net.PlaceInput();
  net.Mark("input", "", result.input);
  for (const TrainingOp& op : program.ops) RowOf(op.kind).forward(net, op);
  result.logits = net.Ensure(program.output);
  net.Mark("logits", "", result.logits);

  net.ForgetCheapOnes();
  result.first_backward = net.list().steps().size();
  result.dlogits = net.NewSlot(net.ShapeOf(program.output));
  net.gradients().Own(program.output, result.dlogits);
  net.Mark("logits", "gradient", result.dlogits);
  for (auto op = program.ops.rbegin(); op != program.ops.rend(); ++op) {
    if (!net.gradients().Exists(op->output)) {
      ZeroGradients(net, *op);
      continue;
    }
    RowOf(op->kind).backward(net, *op);
    net.gradients().Release(op->output);
  }
  result.steps = net.list().steps();
  result.buffers = net.list().buffers();
  result.norms = std::move(net.norms());
  return result;
}

}  // namespace siskin
