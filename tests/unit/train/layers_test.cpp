// Layers beyond those of image networks: gradients against the judge on seeded random shapes, one row a
// layer.
#include <functional>

#include "gradient_check.h"

namespace tadpole::train {
namespace {

using ir::GraphBuilder;
using ir::Op;
using ir::Padding;
using ir::Shape;
using ir::Value;

Shape any_shape(Rng& rng, int rank) {
  Shape shape = {1};
  for (int d = 1; d < rank; ++d) shape.push_back(between(rng, 1, 5));
  return shape;
}

/// A trained map of any shape: an input and a dense layer, so that the layer under test passes gradients on.
Value trained(GraphBuilder& builder, const Shape& shape, Rng& rng) {
  const int count = static_cast<int>(ir::element_count(shape));
  const Value x = builder.fully_connected(builder.input({1, between(rng, 2, 6)}), count);
  return builder.reshape(x, shape);
}

/// The dense layer of trained() makes the input; `also` makes a second map from the same features.
struct Maps {
  Value a, b;
};
Maps two_trained(GraphBuilder& builder, const Shape& a, const Shape& b, Rng& rng) {
  const Value features = builder.input({1, between(rng, 2, 6)});
  const auto map = [&](const Shape& shape) {
    return builder.reshape(builder.fully_connected(features, static_cast<int>(ir::element_count(shape))),
                           shape);
  };
  return {map(a), map(b)};
}

std::vector<float> several(const Shape& shape) {
  return std::vector<float>(static_cast<size_t>(ir::element_count(shape)), 1.0f);
}

struct Case {
  const char* name;
  std::function<Value(GraphBuilder&, Rng&)> make;  ///< from input to features
};

void check_case(const Case& of, int cases = 6) {
  check_all(of.name, cases, [&](Rng& rng) {
    GraphBuilder builder("test", rng);
    const Value features = of.make(builder, rng);
    return with_head(std::move(builder), features, rng);
  });
}

Case unary_case(Op op) {
  return {ir::op_name(op).data(), [op](GraphBuilder& b, Rng& rng) {
            Value x = trained(b, any_shape(rng, between(rng, 2, 4)), rng);
            if (op == Op::rsqrt) {  // of something above 0
              x = b.binary(Op::add, b.binary(Op::mul, x, x), b.constant("one", {1}, {1}));
            }
            return b.unary(op, x, ir::default_attributes(op));
          }};
}

class Unary : public testing::TestWithParam<Op> {};
TEST_P(Unary, equals_differences) { check_case(unary_case(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Gradients, Unary,
                         testing::Values(Op::logistic, Op::tanh, Op::leaky_relu, Op::hard_swish, Op::abs,
                                         Op::exp, Op::rsqrt, Op::softmax),
                         [](const auto& info) { return std::string(ir::op_name(info.param)); });

/// Shapes that are broadcast: each dimension of either side may be 1, and leading ones may be missing.
Maps broadcast_maps(GraphBuilder& builder, Rng& rng) {
  Shape a = any_shape(rng, between(rng, 2, 4)), b = a;
  for (size_t d = 1; d < a.size(); ++d) {
    const uint32_t choice = rng.below(4);
    if (choice == 0) a[d] = 1;
    if (choice == 1) b[d] = 1;
  }
  return two_trained(builder, a, b, rng);
}

class Binary : public testing::TestWithParam<Op> {};
TEST_P(Binary, of_two_values_equals_differences) {
  const Op op = GetParam();
  check_case({ir::op_name(op).data(), [op](GraphBuilder& b, Rng& rng) {
                const Maps maps = broadcast_maps(b, rng);
                const Value once = b.binary(op, maps.a, maps.b);
                return rng.below(2) == 0 ? once : b.binary(op, once, once);  // the same value twice
              }});
}
TEST_P(Binary, with_a_constant_equals_differences) {
  const Op op = GetParam();
  check_case({ir::op_name(op).data(), [op](GraphBuilder& b, Rng& rng) {
                const Shape shape = any_shape(rng, between(rng, 2, 4));
                const Value x = trained(b, shape, rng);
                const Shape small = rng.below(2) == 0 ? Shape{shape.back()} : shape;
                const Value constant = b.constant("constant", small, several(small));
                return rng.below(2) == 0 ? b.binary(op, x, constant) : b.binary(op, constant, x);
              }});
}
INSTANTIATE_TEST_SUITE_P(Gradients, Binary,
                         testing::Values(Op::add, Op::sub, Op::mul, Op::maximum, Op::minimum,
                                         Op::squared_difference),
                         [](const auto& info) { return std::string(ir::op_name(info.param)); });

/// Nodes that the builder has no word for.
Value add_node(GraphBuilder& builder, Op op, std::vector<Value> in, ir::Attributes attributes) {
  return builder.operation(op, in, std::move(attributes));
}

const Case kCases[] = {
    {"prelu",
     [](GraphBuilder& b, Rng& rng) {
       const Shape shape = any_shape(rng, 4);
       const Value x = trained(b, shape, rng);
       const Shape alpha = {1, 1, shape[3]};
       return add_node(b, Op::prelu, {x, b.constant("alpha", alpha, several(alpha))}, ir::NoAttributes{});
     }},
    {"mean over axes",
     [](GraphBuilder& b, Rng& rng) {
       const Value x = trained(b, any_shape(rng, 4), rng);
       const std::vector<int32_t> axes[] = {{1}, {-1}, {1, 3}, {1, 2}, {2, -1}};
       return b.mean(x, axes[rng.below(5)], rng.below(2) == 0);
     }},
    {"sum",
     [](GraphBuilder& b, Rng& rng) {
       const Value x = trained(b, any_shape(rng, 3), rng);
       const Value axes = b.integer_constant("axes", {static_cast<int32_t>(between(rng, 1, 2))});
       return add_node(b, Op::sum, {x, axes}, ir::ReduceAttributes{.keep_dims = true});
     }},
    {"softmax in the middle",
     [](GraphBuilder& b, Rng& rng) {
       const Value x = trained(b, any_shape(rng, 3), rng);
       return b.unary(Op::softmax, x, ir::SoftmaxAttributes{.beta = rng.uniform(0.5f, 2)});
     }},
    {"transpose",
     [](GraphBuilder& b, Rng& rng) {
       return b.transpose(trained(b, any_shape(rng, 4), rng), {0, 3, 1, 2});
     }},
    {"pad",
     [](GraphBuilder& b, Rng& rng) {
       const Value x = trained(b, any_shape(rng, 3), rng);
       return b.pad(x, {0, 0, between(rng, 0, 2), between(rng, 0, 2), 1, between(rng, 0, 2)});
     }},
    {"concatenation",
     [](GraphBuilder& b, Rng& rng) {
       Shape first = any_shape(rng, 3), second = first;
       const int axis = between(rng, 1, 2);
       second[static_cast<size_t>(axis)] = between(rng, 1, 4);
       const Maps maps = two_trained(b, first, second, rng);
       return b.concatenation({maps.a, maps.b, maps.a}, rng.below(2) == 0 ? axis : axis - 3);
     }},
    {"pack",
     [](GraphBuilder& b, Rng& rng) {
       const Shape shape = any_shape(rng, 3);
       const Maps maps = two_trained(b, shape, shape, rng);
       return add_node(b, Op::pack, {maps.a, b.relu(maps.b), maps.a}, ir::AxisAttributes{between(rng, 1, 3)});
     }},
    {"slice",
     [](GraphBuilder& b, Rng& rng) {
       const Value x = trained(b, {1, 5, 4}, rng);
       const int start = between(rng, 0, 3);
       return add_node(
           b, Op::slice,
           {x, b.integer_constant("begin", {0, start, 1}), b.integer_constant("size", {1, 5 - start, 2})},
           ir::NoAttributes{});
     }},
    {"strided slice",
     [](GraphBuilder& b, Rng& rng) {
       const Value x = trained(b, {1, 7, 4}, rng);
       return add_node(b, Op::strided_slice,
                       {x, b.integer_constant("begin", {0, between(rng, 0, 2), 3}),
                        b.integer_constant("end", {1, 7, 0}), b.integer_constant("strides", {1, 2, -1})},
                       ir::StridedSliceAttributes{});
     }},
    {"gather",
     [](GraphBuilder& b, Rng& rng) {
       const Value x = trained(b, {1, 4, 3}, rng);
       return add_node(b, Op::gather, {x, b.integer_constant("indices", {3, 0, 0, 2})},
                       ir::GatherAttributes{.axis = 1});
     }},
    {"split",
     [](GraphBuilder& b, Rng& rng) {
       const std::vector<Value> parts = b.split(trained(b, {1, 3, 4}, rng), 2, 2);
       return b.concatenation({parts[1], b.binary(Op::mul, parts[0], parts[1])}, 1);
     }},
    {"nearest upsampling",
     [](GraphBuilder& b, Rng& rng) {
       const Value x = trained(b, any_shape(rng, 4), rng);
       return b.upsample_2d(x, between(rng, 1, 3), between(rng, 1, 3));
     }},
    {"bilinear upsampling",
     [](GraphBuilder& b, Rng& rng) {
       const Value x = trained(b, any_shape(rng, 4), rng);
       return b.upsample_2d(x, between(rng, 1, 3), between(rng, 1, 3), true);
     }},
    {"conv 1d",
     [](GraphBuilder& b, Rng& rng) {
       const Value x = trained(b, {1, between(rng, 6, 12), between(rng, 1, 5)}, rng);
       const Padding padding = rng.below(2) == 0 ? Padding::same : Padding::valid;
       return b.conv_1d(x, between(rng, 1, 9), between(rng, 1, 5),
                        {.padding = padding, .stride_w = between(rng, 1, 2)});
     }},
    {"batch matmul of two values",
     [](GraphBuilder& b, Rng& rng) {
       const int rows = between(rng, 1, 4), depth = between(rng, 1, 5), columns = between(rng, 1, 4),
                 outer = between(rng, 1, 3);
       const bool left = rng.below(2) == 0, right = rng.below(2) == 0;
       const Maps maps = two_trained(b, left ? Shape{1, outer, depth, rows} : Shape{1, outer, rows, depth},
                                     right ? Shape{columns, depth} : Shape{depth, columns}, rng);
       return add_node(b, Op::batch_matmul, {maps.a, maps.b}, ir::BatchMatMulAttributes{left, right});
     }},
    {"batch matmul with a trained matrix",
     [](GraphBuilder& b, Rng& rng) {
       const Value x = trained(b, {1, 3, 4}, rng);
       return add_node(b, Op::batch_matmul, {x, b.constant("matrix", {4, 5}, several({4, 5}))},
                       ir::BatchMatMulAttributes{});
     }},
    {"layer norm",
     [](GraphBuilder& b, Rng& rng) {
       return b.layer_norm(trained(b, {1, between(rng, 1, 4), between(rng, 3, 9)}, rng));
     }},
};

TEST(Gradients, of_layers_that_move_or_mix_values_equal_differences) {
  for (const Case& of : kCases) {
    check_case(of);
    if (HasFailure()) return;
  }
}

TEST(Gradients, transposed_convolution_equals_differences) {
  check_case({"transpose conv",
              [](GraphBuilder& b, Rng& rng) {
                Value x = trained(b, any_shape(rng, 4), rng);
                if (rng.below(2) == 0) x = b.relu(b.batch_norm(x));
                const ir::TransposeConvAttributes how{
                    .padding = rng.below(2) == 0 ? Padding::same : Padding::valid,
                    .stride_h = between(rng, 1, 3),
                    .stride_w = between(rng, 1, 2),
                    .activation = ir::Activation::relu};
                return b.transpose_conv_2d(x, between(rng, 1, 19), between(rng, how.stride_h, 4),
                                           between(rng, how.stride_w, 4), how, rng.below(2) == 0);
              }},
             12);
}

TEST(Gradients, lstm_equals_differences) {
  check_case({"lstm", [](GraphBuilder& b, Rng& rng) {
                Value x = trained(b, {1, between(rng, 1, 6), between(rng, 1, 5)}, rng);
                x = b.lstm(x, between(rng, 1, 20));
                if (rng.below(2) == 0) x = b.lstm(x, between(rng, 1, 5));
                return rng.below(2) == 0 ? x : b.last_step(x);
              }});
}

TEST(Gradients, gru_equals_differences) {
  check_case({"gru",
              [](GraphBuilder& b, Rng& rng) {
                Value x = trained(b, {1, between(rng, 1, 6), between(rng, 1, 5)}, rng);
                x = b.gru(x, between(rng, 1, 20), rng.below(2) == 0, rng.below(2) == 0);
                if (rng.below(2) == 0) x = b.gru(x, between(rng, 1, 5), rng.below(2) == 0);
                return rng.below(2) == 0 ? x : b.last_step(x);
              }},
             10);
}

TEST(Gradients, batch_norm_and_activation_behind_any_layer_equal_differences) {
  check_case({"norms behind", [](GraphBuilder& b, Rng& rng) {
                Value x = trained(b, {1, 4, 3, 5}, rng);
                const Value a = b.relu(b.batch_norm(b.unary(Op::tanh, x)));
                const Value c = b.relu6(b.batch_norm(b.concatenation({a, x}, 3)));
                const Value d = b.batch_norm(b.upsample_2d(c, 2, 1));
                return b.relu(b.batch_norm(b.binary(Op::mul, d, b.unary(Op::logistic, d))));
              }});
}

TEST(Network, trains_a_graph_without_any_head_on_numbers) {
  // An autoencoder with a bottleneck, ending in a plain map.
  Rng rng(3);
  GraphBuilder b("auto", rng);
  Value x = b.relu(b.conv_2d(b.input({1, 8, 6, 1}), 4, 3, 3, {.stride_h = 2, .stride_w = 2}));
  x = b.transpose_conv_2d(x, 1, 3, 3, {.stride_h = 2, .stride_w = 2});
  const auto graph = std::move(b).finish(x);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  Rng batch_rng(4);
  check_gradients(randomised(*graph, batch_rng), 5, batch_rng, {.kind = Loss::huber, .huber_delta = 0.7f});
}

}  // namespace
}  // namespace tadpole::train
