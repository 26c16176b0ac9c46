// Random trained-looking nets, and their float answers with batch norm and dropout in evaluation mode.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/rng.h"
#include "ir/builder.h"
#include "plan/plan.h"

namespace tadpole::quantise {

inline std::vector<float> random_values(Rng& rng, int64_t count, float low, float high) {
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = rng.uniform(low, high);
  return values;
}

inline void set_constant(ir::Graph& graph, int tensor, const std::vector<float>& values) {
  graph.tensors[static_cast<size_t>(tensor)].constant = ir::make_constant<float>(values);
}

/// Gives batch norms and biases the values that training would: nothing stays at 0 or 1.
inline ir::Graph as_if_trained(ir::Graph graph, uint64_t seed) {
  Rng rng(seed, 99);
  for (const ir::Node& node : graph.nodes) {
    const auto fill = [&](int input, float low, float high) {
      const int tensor = node.inputs[static_cast<size_t>(input)];
      const auto count = ir::element_count(graph.tensors[static_cast<size_t>(tensor)].shape);
      set_constant(graph, tensor, random_values(rng, count, low, high));
    };
    if (node.op == ir::Op::batch_norm) {
      fill(1, 0.5f, 1.5f);
      fill(2, -0.5f, 0.5f);
      fill(3, -0.5f, 0.5f);
      fill(4, 0.2f, 2.0f);
    } else if (node.op != ir::Op::add && ir::Graph::has_input(node, 2)) {
      fill(2, -0.3f, 0.3f);
    }
  }
  return graph;
}

inline ir::Graph finished(ir::GraphBuilder&& net, ir::Value output, uint64_t seed) {
  auto graph = std::move(net).finish(output);
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  return as_if_trained(std::move(graph).value(), seed);
}

/// A DS-CNN in small, with every layer that a trained net has.
inline ir::Graph small_net(uint64_t seed) {
  ir::GraphBuilder net("small", Rng(seed));
  auto x = net.input({1, 10, 8, 1});
  x = net.conv_2d(x, 8, 5, 3, {.stride_h = 2, .stride_w = 2}, false);
  x = net.dropout(net.relu(net.batch_norm(x)), 0.2f);
  for (int block = 0; block < 2; ++block) {
    x = net.relu6(net.batch_norm(net.depthwise_conv_2d(x, 3, 3, {}, block == 1)));
    const auto y = net.relu(net.batch_norm(net.conv_2d(x, 8, 1, 1, {}, false)));
    x = net.relu(net.add(x, y));
  }
  x = net.max_pool_2d(x, {.padding = ir::Padding::same, .filter_h = 2, .filter_w = 2});
  x = net.flatten(net.global_average_pool(x));
  x = net.relu(net.batch_norm(net.fully_connected(x, 12)));
  return finished(std::move(net), net.softmax(net.fully_connected(net.dropout(x, 0.5f), 5)), seed);
}

inline std::vector<float> run_plan(const ir::Graph& graph, const std::vector<float>& input) {
  auto plan = plan::lower(graph, {.kernels = "ref"});
  EXPECT_TRUE(plan.ok()) << plan.error().message();
  std::vector<float> out(static_cast<size_t>(plan->output_bytes()) / 4);
  plan::Runner runner(*plan);
  runner.run({reinterpret_cast<const uint8_t*>(input.data()), input.size() * 4},
             {reinterpret_cast<uint8_t*>(out.data()), out.size() * 4});
  return out;
}

/// The trained graph's answer, layer by layer: batch norm by its formula, the rest by the float kernels.
inline std::vector<float> evaluate(const ir::Graph& graph, const std::vector<float>& input) {
  std::map<int, std::vector<float>> values = {{graph.inputs[0], input}};
  for (const ir::Node& node : graph.nodes) {
    std::vector<float> out = values[node.inputs[0]];
    if (node.op == ir::Op::batch_norm) {
      const auto at = [&](int i, size_t c) { return graph.input_of(node, i).values<float>()[c]; };
      const float epsilon = std::get<ir::BatchNormAttributes>(node.attributes).epsilon;
      const auto channels = static_cast<size_t>(graph.input_of(node, 1).shape[0]);
      for (size_t i = 0; i < out.size(); ++i) {
        const size_t c = i % channels;
        out[i] = at(1, c) * (out[i] - at(3, c)) / std::sqrt(at(4, c) + epsilon) + at(2, c);
      }
    } else if (node.op != ir::Op::dropout) {
      ir::Graph single = graph;
      single.nodes = {node};
      single.inputs = {node.inputs[0]};
      single.outputs = node.outputs;
      if (node.op == ir::Op::add && !graph.input_of(node, 1).is_constant()) {
        single.tensors[static_cast<size_t>(node.inputs[1])].constant =
            ir::make_constant<float>(values[node.inputs[1]]);
      }
      out = run_plan(single, out);
    }
    values[node.outputs[0]] = out;
  }
  return values[graph.outputs[0]];
}

}  // namespace tadpole::quantise
