// Inside the folder: what every rewrite asks of a graph and does to it. Tensors keep their indices until
// sweep().
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ir/graph.h"

namespace tadpole::plan::rewriting {

using Bytes = std::vector<uint8_t>;

inline ir::Tensor& tensor_at(ir::Graph& graph, int index) {
  return graph.tensors[static_cast<size_t>(index)];
}
inline const ir::Tensor& tensor_at(const ir::Graph& graph, int index) {
  return graph.tensors[static_cast<size_t>(index)];
}

/// Who makes and who reads each tensor.
struct Uses {
  explicit Uses(const ir::Graph& graph);

  std::vector<int> producer;                ///< node, or -1
  std::vector<std::vector<int>> consumers;  ///< nodes, one entry for each use
  std::vector<bool> is_end;                 ///< a graph input or output
  std::vector<bool> is_output;

  /// The one node that reads a tensor which is no end of the graph, or -1.
  int only_consumer(int tensor) const;
};

/// An int8 value with one scale: what the int8 rewrites understand.
bool is_int8(const ir::Tensor& tensor);
inline int32_t zero_of(const ir::Tensor& tensor) { return tensor.quantisation->zero_points[0]; }
/// The last dimension; 1 for a scalar.
int channels_of(const ir::Tensor& tensor);

/// The index of the input that carries the activation; the others may be parameters.
int data_input(ir::Op op);
/// Whether the node's one output is made from its inputs alone, with nothing kept for the next inference.
bool is_pure(const ir::Node& node);
/// One value in, one value out, by the same function everywhere.
bool is_unary(ir::Op op);

/// Runs one node with one output on the reference kernels; `inputs` are the bytes of all its inputs in order
/// (ignored for absent ones). Nothing when the node cannot be lowered.
std::optional<Bytes> evaluate(const ir::Graph& graph, const ir::Node& node, std::span<const Bytes> inputs);

/// The outputs of an int8 to int8 node of a unary operator for -128 ... 127; nothing for others.
std::optional<Bytes> table_of(const ir::Graph& graph, const ir::Node& node);

/// Adds a tensor and returns its index.
int add_tensor(ir::Graph& graph, ir::Tensor tensor);

/// Lets all readers of `from` read `to`.
void replace_uses(ir::Graph& graph, int from, int to);

/// The node's one output becomes a constant; the node is left without readers.
void make_constant(ir::Graph& graph, size_t node, Bytes bytes);

/// Removes nodes that nobody needs and tensors that nobody mentions; indices change.
void sweep(ir::Graph& graph);

}  // namespace tadpole::plan::rewriting
