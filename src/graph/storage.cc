#include "graph/storage.h"

#include <algorithm>

#include "graph/layer_rows.h"
#include "tensor/view.h"

namespace siskin {
namespace {

class Assigner {
 public:
  explicit Assigner(const Program& program) : program_(program), last_use_(program.values.size(), -1) {
    storage_.slots.resize(program.values.size());
    for (size_t v = 0; v < program.values.size(); ++v) {
      storage_.slots[v].shape = program.values[v].shape;
      storage_.slots[v].dtype = program.values[v].dtype;
    }
  }

  Storage Assign() && {
    FindLastUses();
    SetOutside(program_.input, Place::kInput);
    SetOutside(program_.output, Place::kOutput);
    PlaceConcatenations();
    for (int i = 0; i < static_cast<int>(program_.ops.size()); ++i) PlaceOutput(i);
    return std::move(storage_);
  }

 private:
  const Op& OpAt(int i) const { return program_.ops[static_cast<size_t>(i)]; }
  Slot& SlotOf(ValueId value) { return storage_.slots[static_cast<size_t>(value)]; }
  int& LastUse(ValueId value) { return last_use_[static_cast<size_t>(value)]; }
  Lifetime& BufferOf(const Slot& slot) { return storage_.buffers[static_cast<size_t>(slot.buffer)]; }

  void FindLastUses() {
    for (int i = 0; i < static_cast<int>(program_.ops.size()); ++i) {
      for (const ValueId input : OpAt(i).inputs) LastUse(input) = i;
      if (OpAt(i).residual != kNoValue) LastUse(OpAt(i).residual) = i;
    }
  }

  void SetOutside(ValueId value, Place place) {
    Slot& slot = SlotOf(value);
    slot.place = place;
    slot.stride = slot.shape.c;
  }

  // Softmax, sigmoid and flatten see rows without gaps.
  bool MustBeDense(ValueId value) const {
    return std::any_of(program_.ops.begin(), program_.ops.end(), [&](const Op& op) {
      const bool rows = RowOf(op.kind).wants_rows;
      if (rows && op.inputs[0] == value) return true;
      return op.output == value && (rows || op.kind == LayerKind::kFlatten);
    });
  }

  void NewBuffer(ValueId value, int first, int last) {
    Slot& slot = SlotOf(value);
    slot.padded = IsWorthPadding(slot.shape.c, slot.dtype) && !MustBeDense(value);
    slot.stride = ArenaStride(slot.shape.c, slot.padded, slot.dtype);
    slot.buffer = static_cast<int>(storage_.buffers.size());
    storage_.buffers.push_back({ImageBytes(slot.shape, slot.stride, slot.dtype), first, last});
  }

  bool Placed(ValueId value) { return SlotOf(value).place != Place::kArena || SlotOf(value).buffer >= 0; }

  // Every concatenation gets its buffer first, alive from its first part on; parts are written straight into it where
  // that is possible: not for a part that lies outside, is dense, of another type, or (in) another concatenation,
  // placed before.
  void PlaceConcatenations() {
    for (int i = 0; i < static_cast<int>(program_.ops.size()); ++i) {
      if (OpAt(i).kind != LayerKind::kConcat || SlotOf(OpAt(i).output).place != Place::kArena) continue;
      NewBuffer(OpAt(i).output, i, LastUse(OpAt(i).output));
      PlaceParts(OpAt(i));
    }
  }

  void PlaceParts(const Op& concat) {
    const Slot whole = SlotOf(concat.output);
    int first_channel = 0;
    for (const ValueId part : concat.inputs) {
      Slot& slot = SlotOf(part);
      const int producer = ProducerOf(program_, part);
      if (!Placed(part) && !MustBeDense(part) && slot.dtype == whole.dtype) {
        slot.buffer = whole.buffer;
        slot.first_channel = first_channel;
        slot.stride = whole.stride;
        Lifetime& buffer = BufferOf(whole);
        buffer.first = std::min(buffer.first, producer);
        buffer.last = std::max(buffer.last, LastUse(part));
      }
      first_channel += slot.shape.c;
    }
  }

  void PlaceOutput(int i) {
    const ValueId output = OpAt(i).output;
    if (Placed(output)) return;
    if (const ValueId over = Overwritable(i); over != kNoValue) {
      SlotOf(output) = SlotOf(over);
      Lifetime& buffer = BufferOf(SlotOf(over));
      buffer.last = std::max(buffer.last, LastUse(output));
    } else {
      NewBuffer(output, i, LastUse(output));
    }
  }

  // A value that op `i` may write its output over: read there for the last time, element by element.
  ValueId Overwritable(int i) {
    const Op& op = OpAt(i);
    if (MustBeDense(op.output)) return kNoValue;
    if (RowOf(op.kind).has_epilogue) {
      // The window reads other pixels of its input than the one that is being written.
      const bool apart = op.residual != kNoValue && SlotOf(op.residual).buffer != SlotOf(op.inputs[0]).buffer;
      return apart && CanTakeOver(op.residual, i) ? op.residual : kNoValue;
    }
    if (!RowOf(op.kind).is_elementwise) return kNoValue;
    const auto dying = std::find_if(op.inputs.begin(), op.inputs.end(), [&](ValueId v) { return CanTakeOver(v, i); });
    return dying == op.inputs.end() ? kNoValue : *dying;
  }

  // The output of op `i` fits over each element of the value, which nobody needs any more.
  bool CanTakeOver(ValueId value, int i) {
    return SlotOf(value).dtype == SlotOf(OpAt(i).output).dtype && DiesAt(value, i);
  }

  // Nothing in the value's buffer is needed after op `i`, and the value fills it alone.
  bool DiesAt(ValueId value, int i) {
    const Slot& slot = SlotOf(value);
    if (slot.place != Place::kArena || MustBeDense(value)) return false;
    const Lifetime& buffer = BufferOf(slot);
    const bool alone =
        buffer.bytes == ImageBytes(slot.shape, ArenaStride(slot.shape.c, slot.padded, slot.dtype), slot.dtype);
    return alone && buffer.last == i;
  }

  const Program& program_;
  std::vector<int> last_use_;  // by value: the last op that reads it
  Storage storage_;
};

}  // namespace

Storage AssignStorage(const Program& program) {
  return Assigner(program).Assign();
}

bool IsSliceAt(const Slot& part, const Slot& whole, int first_channel) {
  return part.place == Place::kArena && whole.place == Place::kArena && part.buffer == whole.buffer &&
         part.first_channel == first_channel;
}

}  // namespace siskin
