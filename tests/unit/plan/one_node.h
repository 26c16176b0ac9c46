// Graphs of one node for tests of single operators, and running them on bytes.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "base/rng.h"
#include "plan/plan.h"

namespace tadpole::plan {

inline ir::Tensor activation(const ir::Shape& shape, ir::DType type, float scale = 0, int32_t zero = 0) {
  ir::Tensor made;
  made.type = type;
  made.shape = shape;
  const bool scaled = type == ir::DType::int8 || type == ir::DType::int16;
  if (scaled) made.quantisation = ir::Quantisation{{scale > 0 ? scale : 0.1f}, {zero}, 0};
  return made;
}

template <class T>
ir::Tensor constant(const ir::Shape& shape, ir::DType type, const std::vector<T>& values) {
  ir::Tensor made = activation(shape, type);
  made.constant = ir::make_constant<T>(values);
  return made;
}

inline ir::Tensor numbers(const std::vector<int32_t>& values) {
  return constant<int32_t>({static_cast<int32_t>(values.size())}, ir::DType::int32, values);
}

/// Inputs that are neither constants nor variables become the graph's inputs. A name "-" stands for an absent
/// input. The outputs' types and scales are given, and their shapes too unless they are empty (the op's
/// rule).
inline ir::Graph one_node(ir::Op op, ir::Attributes attributes, std::vector<ir::Tensor> inputs,
                          std::vector<ir::Tensor> outputs) {
  ir::Graph graph;
  graph.name = "one_node";
  ir::Node node{op, "tested", {}, {}, std::move(attributes)};
  for (ir::Tensor& input : inputs) {
    const int index = static_cast<int>(graph.tensors.size());
    node.inputs.push_back(input.name == "-" ? -1 : index);
    if (input.name == "-") continue;
    input.name = "in_" + std::to_string(index);
    if (!input.is_constant() && !input.is_variable) graph.inputs.push_back(index);
    graph.tensors.push_back(std::move(input));
  }
  for (ir::Tensor& output : outputs) {
    const int index = static_cast<int>(graph.tensors.size());
    node.outputs.push_back(index);
    graph.outputs.push_back(index);
    output.name = "out_" + std::to_string(index);
    graph.tensors.push_back(std::move(output));
  }
  if (graph.output_of(node).shape.empty()) {
    const auto shapes = ir::output_shapes(graph, node);
    if (!shapes.ok()) throw std::runtime_error(shapes.error().message());
    for (size_t i = 0; i < shapes->size(); ++i)
      graph.tensors[static_cast<size_t>(node.outputs[i])].shape = (*shapes)[i];
  }
  graph.nodes = {std::move(node)};
  return graph;
}

inline std::vector<uint8_t> random_bytes(int64_t count, Rng& rng) {
  std::vector<uint8_t> bytes(static_cast<size_t>(count));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng.below(256));
  return bytes;
}

inline int64_t input_bytes(const ir::Graph& graph) {
  int64_t bytes = 0;
  for (const int input : graph.inputs) bytes += graph.tensors[static_cast<size_t>(input)].bytes();
  return bytes;
}

/// The outputs, one after the other. Throws what lowering says against the graph.
inline std::vector<uint8_t> run(const ir::Graph& graph, const std::vector<uint8_t>& in,
                                const Target& target = {"ref", true}) {
  const auto plan = lower(graph, target);
  if (!plan.ok()) throw std::runtime_error(plan.error().message());
  Runner runner(*plan);
  std::vector<uint8_t> out(static_cast<size_t>(plan->output_bytes()));
  runner.run(in, out);
  return out;
}

template <class T>
std::vector<T> run_as(const ir::Graph& graph, const std::vector<T>& in,
                      const Target& target = {"ref", true}) {
  const auto bytes = run(graph, *ir::make_constant<T>(in), target);
  const auto* values = reinterpret_cast<const T*>(bytes.data());
  return {values, values + bytes.size() / sizeof(T)};
}

/// "" when the graph can be lowered.
inline std::string refusal(const ir::Graph& graph, const Target& target = {"ref", true}) {
  const auto plan = lower(graph, target);
  return plan.ok() ? "" : plan.error().message();
}

}  // namespace tadpole::plan
