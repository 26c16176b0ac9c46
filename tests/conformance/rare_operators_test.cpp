// Operators that random graphs do not have, side by side in one graph: generated code and the runner of blobs
// give the bytes of the host's plan.
#include <gtest/gtest.h>

#include "plan/plan.h"
#include "tests/conformance/generated_library.h"
#include "tests/conformance/random_graph.h"
#include "tests/unit/plan/one_node.h"

namespace tadpole::conformance {
namespace {

using ir::DType;
using plan::activation;
using plan::one_node;

ir::Tensor weights(const ir::Shape& shape, DType type, Rng& rng) {
  const auto count = static_cast<size_t>(ir::element_count(shape));
  std::vector<float> floats(count);
  std::vector<int8_t> bytes(count);
  for (float& value : floats) value = rng.normal();
  for (int8_t& value : bytes) value = static_cast<int8_t>(static_cast<int>(rng.below(255)) - 127);
  return type == DType::float32 ? plan::constant(shape, type, floats) : plan::constant(shape, type, bytes);
}

ir::Graph lstm_with_everything(Rng& rng) {
  constexpr int32_t kFeatures = 3, kCells = 5, kUnits = 4;
  std::vector<ir::Tensor> inputs(24);
  for (ir::Tensor& input : inputs) input.name = "-";
  const auto fill = [&](size_t at, const ir::Shape& shape) {
    inputs[at] = weights(shape, DType::float32, rng);
  };
  inputs[0] = activation({1, 4, kFeatures}, DType::float32);
  for (size_t gate = 1; gate < 4; ++gate) {  // the input gate is coupled
    fill(1 + gate, {kCells, kFeatures});
    fill(5 + gate, {kCells, kUnits});
    fill(12 + gate, {kCells});
    fill(20 + gate, {kCells});
    if (gate != 2) fill(gate == 3 ? 11 : 10, {kCells});
  }
  fill(16, {kUnits, kCells});
  inputs[18] = activation({1, kUnits}, DType::float32);
  inputs[19] = activation({1, kCells}, DType::float32);
  inputs[18].is_variable = inputs[19].is_variable = true;
  return one_node(ir::Op::unidirectional_sequence_lstm, ir::LstmAttributes{0.7f, 0.5f, false}, inputs,
                  {activation({1, 4, kUnits}, DType::float32)});
}

/// All nodes of both graphs.
ir::Graph beside(ir::Graph a, const ir::Graph& b) {
  const int shift = static_cast<int>(a.tensors.size());
  for (ir::Tensor tensor : b.tensors) {
    tensor.name += "_" + std::to_string(shift);
    a.tensors.push_back(std::move(tensor));
  }
  for (ir::Node node : b.nodes) {
    node.name += "_" + std::to_string(shift);
    for (int& input : node.inputs) input += input < 0 ? 0 : shift;
    for (int& output : node.outputs) output += shift;
    a.nodes.push_back(std::move(node));
  }
  for (const int input : b.inputs) a.inputs.push_back(input + shift);
  for (const int output : b.outputs) a.outputs.push_back(output + shift);
  return a;
}

ir::Graph all_of_them() {
  Rng rng(77);
  ir::Graph graph = lstm_with_everything(rng);
  graph = beside(graph, one_node(ir::Op::batch_matmul, ir::BatchMatMulAttributes{},
                                 {activation({3, 6}, DType::float32), weights({6, 2}, DType::int8, rng)},
                                 {activation({}, DType::float32)}));
  graph =
      beside(graph, one_node(ir::Op::transpose_conv, ir::TransposeConvAttributes{ir::Padding::valid, 2, 2},
                             {plan::numbers({1, 5, 5, 2}), weights({2, 3, 3, 3}, DType::int8, rng),
                              activation({1, 2, 2, 3}, DType::float32)},
                             {activation({1, 5, 5, 2}, DType::float32)}));
  graph = beside(graph, one_node(ir::Op::exp, ir::NoAttributes{}, {activation({7}, DType::int16, 1e-4f)},
                                 {activation({7}, DType::int16, 1e-3f)}));
  return beside(graph,
                one_node(ir::Op::softmax, ir::SoftmaxAttributes{}, {activation({2, 5}, DType::int8, 0.1f)},
                         {activation({2, 5}, DType::int16, 1.0f / 65536, -32768)}));
}

std::vector<uint8_t> all_inputs(const ir::Graph& graph, Rng& rng) {
  std::vector<uint8_t> all;
  for (const int input : graph.inputs) {
    ir::Graph one = graph;
    one.inputs = {input};
    const auto bytes = random_input(one, rng);
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

TEST(RareOperators, give_the_bytes_of_the_host_plan_in_generated_code_and_blobs) {
  const ir::Graph graph = all_of_them();
  const auto plan = plan::lower(graph, {"generic", true});
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  Rng rng(78);
  plan::Runner runner(*plan);
  std::vector<uint8_t> inputs, expected, out(static_cast<size_t>(plan->output_bytes()));
  for (int i = 0; i < 4; ++i) {
    const auto in = all_inputs(graph, rng);
    inputs.insert(inputs.end(), in.begin(), in.end());
    runner.run(in, out);
    expected.insert(expected.end(), out.begin(), out.end());
  }
  for (const codegen::Form form : {codegen::Form::generated, codegen::Form::blob}) {
    codegen::LibraryOptions options{"rare", "0123456789abcdef", {}, false};
    options.form = form;
    const auto files = codegen::emit_library(*plan, options);
    ASSERT_TRUE(files.ok()) << files.error().message();
    GeneratedLibrary library(form == codegen::Form::blob ? "rare_blob" : "rare_generated", *files);
    library.write("main.cc", kDriver);
    ASSERT_EQ(library.compile("g++", "main.cc"), "");
    EXPECT_EQ(library.run(inputs), expected);
  }
}

}  // namespace
}  // namespace tadpole::conformance
