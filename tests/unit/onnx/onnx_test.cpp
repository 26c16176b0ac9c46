// ONNX files made here, message by message, against sums written down by hand.
#include "onnx/onnx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "onnx/onnx_pb.h"
#include "plan/plan.h"

namespace tadpole::onnx {
namespace {

using testing::HasSubstr;
namespace proto = ::onnx;

/// Builds a model a line a node.
class ModelMaker {
 public:
  explicit ModelMaker(int opset = 13) {
    model_.set_ir_version(7);
    model_.add_opset_import()->set_version(opset);
    model_.mutable_graph()->set_name("made");
  }

  ModelMaker& input(const std::string& name, const std::vector<int64_t>& shape) {
    describe(*graph().add_input(), name, shape);
    return *this;
  }
  ModelMaker& output(const std::string& name) {
    describe(*graph().add_output(), name, {});
    return *this;
  }
  ModelMaker& floats(const std::string& name, const std::vector<int64_t>& shape,
                     const std::vector<float>& values) {
    auto& tensor = constant(name, shape, proto::TensorProto::FLOAT);
    for (const float value : values) tensor.add_float_data(value);
    return *this;
  }
  ModelMaker& numbers(const std::string& name, const std::vector<int64_t>& values) {
    auto& tensor = constant(name, {std::ssize(values)}, proto::TensorProto::INT64);
    tensor.set_raw_data(values.data(), values.size() * sizeof(int64_t));
    return *this;
  }
  proto::NodeProto& node(const std::string& op, const std::vector<std::string>& inputs,
                         const std::string& output) {
    auto& node = *graph().add_node();
    node.set_op_type(op);
    node.set_name("/" + output + "/" + op);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
  }

  std::vector<uint8_t> bytes() const {
    const std::string text = model_.SerializeAsString();
    return {text.begin(), text.end()};
  }
  Result<ir::Graph> read() const { return read_onnx(bytes()); }
  ir::Graph graph_read() const {
    auto graph = read();
    EXPECT_TRUE(graph.ok()) << graph.error().message();
    return graph.ok() ? std::move(graph).value() : ir::Graph{};
  }
  proto::GraphProto& graph() { return *model_.mutable_graph(); }

 private:
  proto::TensorProto& constant(const std::string& name, const std::vector<int64_t>& shape, int type) {
    auto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const int64_t dimension : shape) tensor.add_dims(dimension);
    return tensor;
  }
  static void describe(proto::ValueInfoProto& value, const std::string& name,
                       const std::vector<int64_t>& shape) {
    value.set_name(name);
    auto& type = *value.mutable_type()->mutable_tensor_type();
    type.set_elem_type(proto::TensorProto::FLOAT);
    for (const int64_t dimension : shape) type.mutable_shape()->add_dim()->set_dim_value(dimension);
  }

  proto::ModelProto model_;
};

void add_ints(proto::NodeProto& node, const std::string& name, const std::vector<int64_t>& values) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(proto::AttributeProto::INTS);
  for (const int64_t value : values) attribute.add_ints(value);
}

void add_int(proto::NodeProto& node, const std::string& name, int64_t value) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(proto::AttributeProto::INT);
  attribute.set_i(value);
}

void add_text(proto::NodeProto& node, const std::string& name, const std::string& value) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(proto::AttributeProto::STRING);
  attribute.set_s(value);
}

std::vector<float> run(const ir::Graph& graph, const std::vector<float>& in) {
  const auto plan = plan::lower(graph, {"ref", true});
  EXPECT_TRUE(plan.ok()) << plan.error().message();
  if (!plan.ok()) return {};
  std::vector<float> out(static_cast<size_t>(plan->output_bytes()) / 4);
  const auto* bytes = reinterpret_cast<const uint8_t*>(in.data());
  plan::Runner(*plan).run({bytes, in.size() * 4}, {reinterpret_cast<uint8_t*>(out.data()), out.size() * 4});
  return out;
}

int count_of(const ir::Graph& graph, ir::Op op) {
  return static_cast<int>(std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                        [&](const ir::Node& node) { return node.op == op; }));
}

std::vector<float> counting(size_t count, float step = 1) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = step * static_cast<float>(i);
  return values;
}

TEST(Onnx, a_convolution_takes_its_input_with_channels_last) {
  ModelMaker maker;
  maker.input("x", {1, 2, 2, 3}).floats("w", {1, 2, 1, 1}, {10, 1}).output("y");
  maker.node("Conv", {"x", "w"}, "y");
  const ir::Graph graph = maker.graph_read();
  EXPECT_EQ(graph.tensors[static_cast<size_t>(graph.inputs[0])].shape, (ir::Shape{1, 2, 3, 2}));
  EXPECT_EQ(count_of(graph, ir::Op::transpose), 0);
  // Pixel p holds channels 2p and 2p + 1.
  EXPECT_EQ(run(graph, counting(12)), (std::vector<float>{1, 23, 45, 67, 89, 111}));
}

TEST(Onnx, a_flattened_map_sorts_the_weights_and_not_the_values) {
  ModelMaker maker;
  maker.input("x", {1, 2, 1, 3})
      .floats("w", {2, 2, 1, 1}, {1, 0, 0, 1})
      .floats("g", {1, 6}, counting(6))
      .output("y");
  maker.node("Conv", {"x", "w"}, "c");
  maker.node("Flatten", {"c"}, "f");
  add_int(maker.node("Gemm", {"f", "g"}, "y"), "transB", 1);
  const ir::Graph graph = maker.graph_read();
  EXPECT_EQ(count_of(graph, ir::Op::transpose) + count_of(graph, ir::Op::gather), 0);
  // Stored [w][c]; ONNX counts c * 3 + w.
  const std::vector<float> in = {1, 10, 2, 20, 3, 30};
  EXPECT_EQ(run(graph, in), (std::vector<float>{0 * 1 + 1 * 2 + 2 * 3 + 3 * 10 + 4 * 20 + 5 * 30}));
}

TEST(Onnx, batch_norm_goes_into_the_convolution_before_it) {
  ModelMaker maker;
  maker.input("x", {1, 1, 1, 2}).floats("w", {2, 1, 1, 1}, {1, 2}).output("y");
  maker.floats("s", {2}, {3, 4}).floats("b", {2}, {1, 0}).floats("m", {2}, {5, 6}).floats("v", {2}, {1, 4});
  maker.node("Conv", {"x", "w"}, "c");
  auto& norm = maker.node("BatchNormalization", {"c", "s", "b", "m", "v"}, "y");
  auto& epsilon = *norm.add_attribute();
  epsilon.set_name("epsilon");
  epsilon.set_f(0);
  const ir::Graph graph = maker.graph_read();
  EXPECT_EQ(graph.nodes.size(), 1u);
  // Channel 0: 3 * (x - 5) + 1; channel 1: 4 * (2x - 6) / 2.
  EXPECT_EQ(run(graph, {1, 7}), (std::vector<float>{-11, -8, 7, 16}));
}

TEST(Onnx, uneven_pads_are_kept) {
  ModelMaker maker;
  maker.input("x", {1, 1, 1, 3}).floats("w", {1, 1, 1, 2}, {1, 10}).output("y");
  add_ints(maker.node("Conv", {"x", "w"}, "y"), "pads", {0, 2, 0, 0});
  EXPECT_EQ(run(maker.graph_read(), {1, 2, 3}), (std::vector<float>{0, 10, 21, 32}));
}

TEST(Onnx, groups_that_are_not_depthwise_run_side_by_side) {
  ModelMaker maker;
  maker.input("x", {1, 4, 1, 1}).floats("w", {2, 2, 1, 1}, {1, 2, 3, 4}).output("y");
  add_int(maker.node("Conv", {"x", "w"}, "y"), "group", 2);
  EXPECT_EQ(run(maker.graph_read(), {1, 10, 100, 1000}), (std::vector<float>{21, 4300}));
}

TEST(Onnx, transpositions_of_activations_are_only_noted) {
  ModelMaker maker;  // Keras' way: the model's own input has channels last
  maker.input("x", {1, 2, 3, 2}).floats("w", {1, 2, 1, 1}, {10, 1}).output("y");
  add_ints(maker.node("Transpose", {"x"}, "t"), "perm", {0, 3, 1, 2});
  maker.node("Conv", {"t", "w"}, "c");
  add_ints(maker.node("Transpose", {"c"}, "y"), "perm", {0, 2, 3, 1});
  const ir::Graph graph = maker.graph_read();
  EXPECT_EQ(count_of(graph, ir::Op::transpose), 0);
  EXPECT_EQ(run(graph, counting(12)), (std::vector<float>{1, 23, 45, 67, 89, 111}));
}

TEST(Onnx, constants_are_turned_as_what_they_meet) {
  ModelMaker maker;
  maker.input("x", {1, 2, 1, 2}).floats("w", {2, 2, 1, 1}, {1, 0, 0, 1}).output("y");
  maker.floats("rows", {1, 2, 1, 2}, {1, 2, 3, 4});
  maker.node("Conv", {"x", "w"}, "c");
  maker.node("Add", {"rows", "c"}, "y");
  EXPECT_EQ(run(maker.graph_read(), {0, 0, 0, 0}), (std::vector<float>{1, 3, 2, 4}));
}

TEST(Onnx, a_bias_added_to_a_product_becomes_the_layers) {
  ModelMaker maker;
  maker.input("x", {1, 2}).floats("w", {2, 2}, {1, 2, 3, 4}).floats("b", {2}, {100, 200}).output("y");
  maker.node("MatMul", {"x", "w"}, "p");
  maker.node("Add", {"p", "b"}, "y");
  const ir::Graph graph = maker.graph_read();
  EXPECT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(run(graph, {1, 1}), (std::vector<float>{104, 206}));
}

TEST(Onnx, sums_with_shapes_are_done_while_reading) {
  ModelMaker maker;
  maker.input("x", {2, 3, 4}).numbers("first", {0}).numbers("rest", {-1}).output("y");
  maker.node("Shape", {"x"}, "s");
  maker.node("Gather", {"s", "first"}, "batch");
  add_int(maker.node("Concat", {"batch", "rest"}, "shape"), "axis", 0);
  maker.node("Reshape", {"x", "shape"}, "y");
  const ir::Graph graph = maker.graph_read();
  EXPECT_EQ(graph.tensors[static_cast<size_t>(graph.outputs[0])].shape, (ir::Shape{2, 12}));
}

TEST(Onnx, every_operator_that_is_not_read_is_named_at_once) {
  ModelMaker maker;
  maker.input("x", {1, 4}).output("y");
  maker.node("Erf", {"x"}, "a");
  maker.node("Relu", {"a"}, "b");
  maker.node("TopK", {"b"}, "y");
  const auto graph = maker.read();
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, Code::op_unsupported);
  EXPECT_THAT(graph.error().detail, HasSubstr("2 of 3 layers"));
  EXPECT_THAT(graph.error().detail, HasSubstr("'a_Erf' (Erf), 'y_TopK' (TopK)"));
}

TEST(Onnx, another_opset_is_refused_by_number) {
  ModelMaker maker(9);
  maker.input("x", {1, 4}).output("y");
  maker.node("Relu", {"x"}, "y");
  const auto graph = maker.read();
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, Code::onnx_unsupported);
  EXPECT_THAT(graph.error().detail, HasSubstr("opset 9"));
  EXPECT_THAT(graph.error().detail, HasSubstr("11 to 15"));
}

TEST(Onnx, sizes_known_only_while_running_are_refused) {
  ModelMaker maker;
  maker.input("x", {1, 4}).output("y");
  maker.node("Relu", {"x"}, "y");
  maker.graph()
      .mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(1)
      ->set_dim_param("length");
  const auto graph = maker.read();
  ASSERT_FALSE(graph.ok());
  EXPECT_THAT(graph.error().detail, HasSubstr("dimension 1 is only known while running"));
}

TEST(Onnx, a_reversed_recurrent_layer_is_refused_with_its_name) {
  ModelMaker maker;
  maker.input("x", {5, 1, 2})
      .floats("w", {1, 3, 2}, counting(6))
      .floats("r", {1, 3, 1}, counting(3))
      .output("y");
  add_text(maker.node("GRU", {"x", "w", "r"}, "y"), "direction", "reverse");
  const auto graph = maker.read();
  ASSERT_FALSE(graph.ok());
  EXPECT_THAT(graph.error().detail, HasSubstr("layer 'y_GRU' (GRU): runs reverse"));
}

TEST(Onnx, a_few_bytes_do_not_make_constants_without_end) {
  ModelMaker shapes;  // each is allowed alone
  shapes.input("x", {1, 4}).numbers("shape", {1 << 11, 1 << 11}).output("y");
  for (int i = 0; i < 6; ++i) shapes.node("ConstantOfShape", {"shape"}, "c" + std::to_string(i));
  shapes.node("Relu", {"x"}, "y");
  auto graph = shapes.read();
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, Code::onnx_damaged);
  EXPECT_THAT(graph.error().detail, HasSubstr("16,777,216 values"));

  ModelMaker doubled;
  doubled.input("x", {1, 4}).numbers("c0", {1, 2, 3, 4}).output("y");
  for (int i = 0; i < 40; ++i) {
    const std::string from = "c" + std::to_string(i);
    doubled.node("Concat", {from, from}, "c" + std::to_string(i + 1));
  }
  doubled.node("Relu", {"x"}, "y");
  EXPECT_FALSE(doubled.read().ok());

  ModelMaker expanded;
  expanded.input("x", {1, 4}).floats("one", {1}, {1}).numbers("to", {1 << 13, 1 << 13}).output("y");
  expanded.node("Expand", {"one", "to"}, "e");
  expanded.node("Relu", {"x"}, "y");
  EXPECT_FALSE(expanded.read().ok());
}

TEST(Onnx, a_cut_file_is_damaged) {
  ModelMaker maker;
  maker.input("x", {1, 4}).output("y");
  maker.node("Relu", {"x"}, "y");
  std::vector<uint8_t> bytes = maker.bytes();
  EXPECT_TRUE(looks_like_onnx(bytes));
  bytes.resize(bytes.size() - 3);
  const auto graph = read_onnx(bytes);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, Code::onnx_damaged);
}

TEST(Onnx, any_changed_byte_gives_an_error_or_a_checked_graph) {
  ModelMaker maker;
  maker.input("x", {1, 2, 4, 4})
      .floats("w", {2, 2, 3, 3}, counting(36))
      .floats("g", {3, 8}, counting(24))
      .output("y");
  auto& conv = maker.node("Conv", {"x", "w"}, "c");
  add_ints(conv, "pads", {1, 1, 1, 1});
  add_ints(conv, "strides", {2, 2});
  maker.node("Relu", {"c"}, "r");
  maker.node("Flatten", {"r"}, "f");
  add_int(maker.node("Gemm", {"f", "g"}, "y"), "transB", 1);
  const std::vector<uint8_t> bytes = maker.bytes();
  int read = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const uint8_t flip : {0x01, 0x80, 0xff}) {
      std::vector<uint8_t> changed = bytes;
      changed[at] ^= flip;
      const auto graph = read_onnx(changed);
      if (!graph.ok()) continue;
      ++read;
      EXPECT_TRUE(ir::check_graph(*graph).ok()) << "byte " << at;
    }
  }
  EXPECT_GT(read, 50);  // weights may be anything
}

}  // namespace
}  // namespace tadpole::onnx
