#include "diagram/outline.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "graph/layer_rows.h"

namespace siskin {
namespace {

struct Node {
  OutlineBox box;
  std::vector<size_t> inputs;  // nodes
};

const char* ActivationName(Activation activation) {
  switch (activation) {
    case Activation::kRelu:
      return "ReLU";
    case Activation::kRelu6:
      return "ReLU6";
    case Activation::kNone:
      break;
  }
  return "linear";
}

std::string TitleOf(const Layer& layer) {
  const std::string window = fmt::format("{}×{}", layer.window.kernel_h, layer.window.kernel_w);
  switch (layer.kind) {
    case LayerKind::kInput:
      return "Input";
    case LayerKind::kConv2D:
      return fmt::format("Conv {}, {}", window, layer.output.c);
    case LayerKind::kSeparableConv2D:
      return fmt::format("SepConv {}, {}", window, layer.output.c);
    case LayerKind::kDepthwiseConv2D:
      return fmt::format("Depthwise {}", window);
    case LayerKind::kMaxPool:
      return fmt::format("MaxPool {}", window);
    case LayerKind::kAveragePool:
      return fmt::format("AvgPool {}", window);
    case LayerKind::kGlobalAveragePool:
      return "Global AvgPool";
    case LayerKind::kGlobalMaxPool:
      return "Global MaxPool";
    case LayerKind::kAdd:
      return layer.residual_scale == 1 ? "+" : fmt::format("+ {:.2g} ×", layer.residual_scale);
    case LayerKind::kConcat:
      return "concat";
    case LayerKind::kDense:
      return fmt::format("Dense {}", layer.output.c);
    case LayerKind::kZeroPad:
      return "Zero padding";
    case LayerKind::kBatchNorm:
      return "BN";
    case LayerKind::kActivation:
      return ActivationName(layer.activation);
    case LayerKind::kDropout:
      return fmt::format("dropout {:g}", layer.rate);
    case LayerKind::kSoftmax:
      return "softmax";
    case LayerKind::kSigmoid:
      return "sigmoid";
    case LayerKind::kFlatten:
      return "flatten";
    default:
      return RowOf(layer.kind).keras_class;
  }
}

void AddNote(std::string_view note, OutlineBox* box) {
  if (!box->note.empty()) box->note += ", ";
  box->note += note;
}

bool IsNoteOfItsInput(LayerKind kind) {
  return kind == LayerKind::kBatchNorm || kind == LayerKind::kActivation || kind == LayerKind::kDropout ||
         kind == LayerKind::kSoftmax || kind == LayerKind::kSigmoid || kind == LayerKind::kFlatten;
}

bool IsConvolution(LayerKind kind) {
  return kind == LayerKind::kConv2D || kind == LayerKind::kDepthwiseConv2D || kind == LayerKind::kSeparableConv2D;
}

// The layers that get boxes, in topological order.
class Condenser {
 public:
  explicit Condenser(const Graph& graph) : layers_(graph.layers()), readers_(layers_.size()) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      for (const NodeId input : layers_[i].inputs) readers_[Index(input)].push_back(i);
    }
  }

  std::vector<Node> Condense() && {
    node_of_.resize(layers_.size());
    notes_.resize(layers_.size());
    for (size_t i = 0; i < layers_.size(); ++i) Take(i);
    return std::move(nodes_);
  }

 private:
  static size_t Index(NodeId id) { return static_cast<size_t>(id.index); }

  void Take(size_t i) {
    const Layer& layer = layers_[i];
    if (!layer.inputs.empty()) {
      const size_t source = Index(layer.inputs[0]);
      const bool alone = readers_[source].size() == 1 && layers_[source].kind != LayerKind::kInput;
      if (IsNoteOfItsInput(layer.kind) && alone && !IsNoteOfItsReader(source)) {
        node_of_[i] = node_of_[source];
        return AddNote(TitleOf(layer), &nodes_[node_of_[i]].box);
      }
      if (IsNoteOfItsReader(i)) {
        node_of_[i] = node_of_[source];
        if (layer.kind == LayerKind::kActivation) notes_[i] = TitleOf(layer) + " first";
        return;
      }
    }
    node_of_[i] = nodes_.size();
    nodes_.push_back(NodeOf(layer));
  }

  // Padding, and an activation of a value that others read as it is.
  bool IsNoteOfItsReader(size_t i) const {
    const LayerKind kind = layers_[i].kind;
    if (readers_[i].size() != 1) return false;
    if (kind == LayerKind::kZeroPad) return true;
    return kind == LayerKind::kActivation && IsConvolution(layers_[readers_[i][0]].kind) &&
           readers_[Index(layers_[i].inputs[0])].size() > 1;
  }

  Node NodeOf(const Layer& layer) const {
    Node node;
    node.box = {layer.kind, layer.name, TitleOf(layer), "", layer.output};
    for (const NodeId input : layer.inputs) {
      node.inputs.push_back(node_of_[Index(input)]);
      if (!notes_[Index(input)].empty()) AddNote(notes_[Index(input)], &node.box);
    }
    if (layer.window.stride_h > 1) AddNote(fmt::format("stride {}", layer.window.stride_h), &node.box);
    return node;
  }

  const std::vector<Layer>& layers_;
  std::vector<std::vector<size_t>> readers_;
  std::vector<size_t> node_of_;
  std::vector<std::string> notes_;  // by layer: what it is to its reader
  std::vector<Node> nodes_;
};

// Splits nodes into what comes one after the other and what is side by side.
class Decomposer {
 public:
  explicit Decomposer(const std::vector<Node>& nodes) : nodes_(nodes) {}

  OutlineSeries Whole() const {
    const size_t output = nodes_.size() - 1;
    OutlineSeries series = {Box(0)};
    OutlineSeries rest = Between(0, output);
    std::ranges::move(rest, std::back_inserter(series));
    return series;
  }

 private:
  OutlinePart Box(size_t node) const {
    OutlinePart part;
    part.box = nodes_[node].box;
    return part;
  }

  // The nodes after `entry` that `exit` needs, itself included, in order.
  std::set<size_t> Needed(size_t entry, size_t exit) const {
    std::set<size_t> needed;
    if (exit == entry) return needed;
    needed.insert(exit);
    for (auto node = needed.rbegin(); node != needed.rend(); ++node) {  // inputs come before: reached later
      for (const size_t input : nodes_[*node].inputs) {
        if (input > entry) needed.insert(input);
      }
    }
    return needed;
  }

  // After `entry`, up to `exit`.
  OutlineSeries Between(size_t entry, size_t exit) const {
    OutlineSeries series;
    size_t from = entry;
    for (const size_t cut : Cuts(entry, Needed(entry, exit))) {
      series.push_back(Step(from, cut));
      from = cut;
    }
    return series;
  }

  // The nodes on which all later ones depend: no edge bypasses them.
  std::vector<size_t> Cuts(size_t entry, const std::set<size_t>& needed) const {
    std::set<size_t> cuts = needed;
    for (const size_t reader : needed) {
      for (const size_t input : nodes_[reader].inputs) {
        cuts.erase(cuts.upper_bound(std::max(input, entry)), cuts.lower_bound(reader));
      }
    }
    return {cuts.begin(), cuts.end()};
  }

  // One node, or the branches between two cuts.
  OutlinePart Step(size_t from, size_t to) const {
    OutlinePart part = Box(to);
    if (nodes_[to].inputs.size() == 1) return part;
    part.kind = OutlinePart::Kind::kParallel;
    part.caption = part.box.name.substr(0, part.box.name.rfind("_add"));
    std::set<size_t> seen;
    for (const size_t input : nodes_[to].inputs) {
      for (const size_t node : Needed(from, input)) {
        if (!seen.insert(node).second) {
          Fail(ErrorKind::kInternal, "{}: it joins branches that share {}, which nobody can draw side by side",
               part.box.name, nodes_[node].box.name);
        }
      }
      part.branches.push_back(Between(from, input));
    }
    return part;
  }

  const std::vector<Node>& nodes_;
};

// Equal for parts that are drawn alike.
std::string Signature(const OutlinePart& part) {
  std::string text = fmt::format("{}|{}|{}|{}x{}", static_cast<int>(part.kind), part.box.title, part.box.note,
                                 part.box.output.h, part.box.output.w);
  if (part.kind == OutlinePart::Kind::kParallel) text += fmt::format("x{}", part.box.output.c);
  for (const OutlineSeries& branch : part.branches) {
    text += "(";
    for (const OutlinePart& inner : branch) text += Signature(inner) + ";";
    text += ")";
  }
  return text;
}

// The longest unit that is looked for: MobileNetV2's blocks are three boxes.
constexpr size_t kMaxPeriod = 6;

struct Repetition {
  size_t period = 1, times = 1;
  size_t covered() const { return times > 1 ? period * times : 1; }
};

Repetition RepetitionAt(const std::vector<std::string>& signatures, size_t begin) {
  Repetition best;
  for (size_t period = 1; period <= kMaxPeriod; ++period) {
    size_t end = begin + period;
    while (end < signatures.size() && signatures[end] == signatures[end - period]) ++end;
    const Repetition found{period, (std::min(end, signatures.size()) - begin) / period};
    if (found.times > 1 && found.covered() > best.covered()) best = found;
  }
  return best;
}

std::string NameOf(const OutlinePart& part) {
  return part.caption.empty() ? part.box.name : part.caption;
}

OutlinePart Repeat(const OutlineSeries& series, size_t begin, const Repetition& repetition) {
  const auto first = series.begin() + static_cast<ptrdiff_t>(begin);
  OutlinePart part;
  part.kind = OutlinePart::Kind::kRepeat;
  part.times = static_cast<int>(repetition.times);
  part.branches = {OutlineSeries(first, first + static_cast<ptrdiff_t>(repetition.period))};
  part.caption = fmt::format("{} … {}", NameOf(*first), NameOf(series[begin + repetition.covered() - 1]));
  part.box.output = OutputOf(part.branches[0].back());
  for (OutlinePart& inner : part.branches[0]) inner.caption.clear();
  return part;
}

OutlineSeries Collapse(const OutlineSeries& series) {
  std::vector<std::string> signatures;
  for (const OutlinePart& part : series) signatures.push_back(Signature(part));
  OutlineSeries collapsed;
  for (size_t i = 0; i < series.size();) {
    const Repetition here = RepetitionAt(signatures, i);
    // "a b a b a b a" is "a, 3 times b a": a unit ends with what stood before it.
    bool later_is_as_good = false;
    for (size_t k = 1; k < here.period && i + k < series.size(); ++k) {
      later_is_as_good |= RepetitionAt(signatures, i + k).covered() >= here.covered();
    }
    if (here.times > 1 && !later_is_as_good) {
      collapsed.push_back(Repeat(series, i, here));
      i += here.covered();
    } else {
      collapsed.push_back(series[i++]);
    }
  }
  return collapsed;
}

}  // namespace

OutlineSeries OutlineOf(const Graph& graph) {
  if (graph.layers().empty()) Fail(ErrorKind::kInternal, "a graph without layers");
  const std::vector<Node> nodes = Condenser(graph).Condense();
  return Collapse(Decomposer(nodes).Whole());
}

const FeatureShape& OutputOf(const OutlinePart& part) {
  return part.box.output;
}

}  // namespace siskin
