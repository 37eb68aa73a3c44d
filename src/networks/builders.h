// The builders behind the catalogue, one file each. Options come with their defaults filled in and checked.
#pragma once

#include "graph/graph.h"
#include "networks/network_options.h"

namespace siskin {

Graph BuildXception(const NetworkOptions& options);
Graph BuildMobileNet(const NetworkOptions& options);
Graph BuildMobileNetV2(const NetworkOptions& options);
Graph BuildResNet50(const NetworkOptions& options);
Graph BuildInceptionV3(const NetworkOptions& options);
Graph BuildInceptionResNetV2(const NetworkOptions& options);

// What ends a network without top: global pooling as the options say, or nothing.
NodeId AppendPooling(Graph& graph, NodeId x, Pooling pooling);

// The ImageNet classifier over pooled features as Keras has it, one layer "predictions"; the softmax is one of its own
// here, if the options want it.
NodeId AppendClassifier(Graph& graph, NodeId x, const NetworkOptions& options);

// How most networks end: the classifier over the pooled features ("avg_pool"), or without top AppendPooling.
NodeId AppendEnd(Graph& graph, NodeId x, const NetworkOptions& options);

}  // namespace siskin
