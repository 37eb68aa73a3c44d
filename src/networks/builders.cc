#include "networks/builders.h"

namespace siskin {

NodeId AppendPooling(Graph& graph, NodeId x, Pooling pooling) {
  if (pooling == Pooling::kNone) return x;
  const NodeId pooled = pooling == Pooling::kAverage ? graph.GlobalAveragePool("global_average_pooling", x)
                                                     : graph.GlobalMaxPool("global_max_pooling", x);
  graph.MarkUnnamed(pooled);
  return pooled;
}

NodeId AppendClassifier(Graph& graph, NodeId x, const NetworkOptions& options) {
  x = graph.Dense("predictions", x, options.classes);
  if (!options.softmax) return x;
  x = graph.Softmax("predictions_softmax", x);
  graph.MarkUnnamed(x);
  return x;
}

NodeId AppendEnd(Graph& graph, NodeId x, const NetworkOptions& options) {
  if (!options.top) return AppendPooling(graph, x, options.pooling);
  return AppendClassifier(graph, graph.GlobalAveragePool("avg_pool", x), options);
}

}  // namespace siskin
