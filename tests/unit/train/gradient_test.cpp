// Every layer kind against the double-precision judge: loss, probabilities, and gradients by central
// differences, on seeded random shapes and for every kernel set that this machine runs.
#include "gradient_check.h"

namespace tadpole::train {
namespace {

using ir::GraphBuilder;
using ir::Padding;
using ir::Value;

ir::Activation any_activation(Rng& rng) { return static_cast<ir::Activation>(rng.below(4)); }

ir::Conv2dAttributes conv_attributes(Rng& rng) {
  ir::Conv2dAttributes a;
  a.padding = rng.below(2) == 0 ? Padding::same : Padding::valid;
  a.stride_h = between(rng, 1, 3);
  a.stride_w = between(rng, 1, 3);
  a.dilation_h = a.stride_h > 1 && rng.below(2) == 0 ? 1 : between(rng, 1, 2);
  a.dilation_w = between(rng, 1, 2);
  a.activation = any_activation(rng);
  return a;
}

TEST(Gradients, conv_2d_equals_differences) {
  check_all("conv", 30, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    Value x = builder.input({1, between(rng, 7, 11), between(rng, 7, 11), between(rng, 1, 5)});
    x = builder.conv_2d(x, between(rng, 1, 20), between(rng, 1, 4), between(rng, 1, 4), conv_attributes(rng),
                        rng.below(2) == 0);
    ir::Conv2dAttributes second;
    second.stride_h = second.stride_w = between(rng, 1, 2);
    if (rng.below(2) == 0) x = builder.batch_norm(x);
    x = builder.conv_2d(x, between(rng, 1, 20), between(rng, 1, 3), between(rng, 1, 3), second);
    return with_head(std::move(builder), x, rng);
  });
}

TEST(Gradients, conv_2d_in_winograd_tiles_equals_differences) {
  check_all("winograd", 8, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    Value x = builder.input({1, between(rng, 3, 10), between(rng, 3, 10), 2});
    x = builder.conv_2d(x, 16 * between(rng, 1, 2), 2, 2);
    if (rng.below(2) == 0) x = builder.relu(builder.batch_norm(x));
    const Padding padding = rng.below(2) == 0 ? Padding::same : Padding::valid;
    x = builder.conv_2d(x, 16 * between(rng, 1, 2), 3, 3, {.padding = padding}, rng.below(2) == 0);
    if (rng.below(2) == 0) x = builder.relu(builder.batch_norm(x));
    return with_head(std::move(builder), x, rng);
  });
}

TEST(Gradients, dilated_conv_2d_with_stride_1_equals_differences) {
  check_all("dilated", 10, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    Value x = builder.input({1, 9, 8, 2});
    x = builder.conv_2d(x, 5, 1, 1);
    x = builder.conv_2d(x, between(rng, 2, 18), 3, 2,
                        {.padding = rng.below(2) == 0 ? Padding::same : Padding::valid,
                         .dilation_h = between(rng, 1, 3),
                         .dilation_w = between(rng, 2, 3)});
    return with_head(std::move(builder), x, rng);
  });
}

TEST(Gradients, depthwise_conv_2d_equals_differences) {
  check_all("depthwise", 25, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    Value x = builder.input({1, between(rng, 7, 11), between(rng, 7, 11), between(rng, 1, 3)});
    x = builder.conv_2d(x, between(rng, 1, 20), 1, 1);
    const ir::Conv2dAttributes a = conv_attributes(rng);
    x = builder.depthwise_conv_2d(x, between(rng, 1, 4), between(rng, 1, 4),
                                  {.padding = a.padding,
                                   .stride_h = a.stride_h,
                                   .stride_w = a.stride_w,
                                   .dilation_h = a.dilation_h,
                                   .dilation_w = a.dilation_w,
                                   .depth_multiplier = between(rng, 1, 3),
                                   .activation = a.activation},
                                  rng.below(2) == 0);
    if (rng.below(2) == 0) x = builder.relu6(builder.batch_norm(x));
    return with_head(std::move(builder), x, rng);
  });
}

TEST(Gradients, depthwise_conv_2d_with_more_than_64_taps_equals_differences) {
  check_all("large depthwise", 3, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    Value x = builder.input({1, 12, 10, 3});
    x = builder.depthwise_conv_2d(builder.conv_2d(x, 5, 1, 1), 10, 8, {.stride_h = between(rng, 1, 2)});
    return with_head(std::move(builder), x, rng);
  });
}

TEST(Gradients, depthwise_separable_block_with_batch_norm_equals_differences) {
  check_all("block", 12, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    Value x = builder.input({1, between(rng, 6, 12), between(rng, 3, 7), 1});
    const int channels = between(rng, 3, 70);
    x = builder.conv_2d(x, channels, 4, 3, {.stride_h = 2, .stride_w = 2}, false);
    x = builder.relu(builder.batch_norm(x));
    x = builder.relu(builder.batch_norm(builder.depthwise_conv_2d(x, 3, 3, {}, false)));
    x = builder.relu(builder.batch_norm(builder.conv_2d(x, between(rng, 3, 70), 1, 1, {}, false)));
    return with_head(std::move(builder), builder.global_average_pool(x), rng);
  });
}

TEST(Gradients, dense_layers_equal_differences) {
  check_all("dense", 20, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    Value x = builder.input({1, between(rng, 1, 70)});
    x = builder.fully_connected(x, between(rng, 1, 70), {.activation = any_activation(rng)},
                                rng.below(2) == 0);
    if (rng.below(2) == 0) x = builder.batch_norm(x);
    x = builder.fully_connected(x, between(rng, 1, 35), {.activation = ir::Activation::relu});
    return with_head(std::move(builder), x, rng);
  });
}

TEST(Gradients, dense_over_the_last_axis_equals_differences) {
  check_all("dense last axis", 6, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    Value x = builder.input({1, between(rng, 2, 5), 3, between(rng, 2, 9)});
    x = builder.fully_connected(x, between(rng, 2, 20), {.keep_dims = true});
    return with_head(std::move(builder), builder.relu(x), rng);
  });
}

TEST(Gradients, pools_equal_differences) {
  check_all("pools", 30, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    Value x = builder.input({1, between(rng, 5, 9), between(rng, 5, 9), 2});
    x = builder.conv_2d(x, between(rng, 1, 18), 2, 2);
    if (rng.below(2) == 0) x = builder.batch_norm(x);
    const ir::Pool2dAttributes pool{.padding = rng.below(2) == 0 ? Padding::same : Padding::valid,
                                    .filter_h = between(rng, 1, 3),
                                    .filter_w = between(rng, 1, 3),
                                    .stride_h = between(rng, 1, 3),
                                    .stride_w = between(rng, 1, 3),
                                    .activation = any_activation(rng)};
    x = rng.below(2) == 0 ? builder.average_pool_2d(x, pool) : builder.max_pool_2d(x, pool);
    return with_head(std::move(builder), x, rng);
  });
}

TEST(Gradients, mean_over_height_and_width_equals_differences) {
  check_all("mean", 4, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    Value x = builder.conv_2d(builder.input({1, 5, 4, 2}), between(rng, 2, 18), 2, 2);
    const Value pooled = builder.global_average_pool(x);
    ir::Graph graph = with_head(std::move(builder), pooled, rng);
    for (ir::Node& node : graph.nodes) {
      if (node.op != ir::Op::average_pool_2d) continue;
      const std::vector<int32_t> axes = {1, -2};
      graph.tensors.push_back(
          {"axes", ir::DType::int32, {2}, std::nullopt, ir::make_constant<int32_t>(axes)});
      node.op = ir::Op::mean;
      node.inputs.push_back(static_cast<int>(graph.tensors.size()) - 1);
      node.attributes = ir::ReduceAttributes{.keep_dims = true};
    }
    return graph;
  });
}

TEST(Gradients, residual_sums_with_shared_values_equal_differences) {
  check_all("residual", 20, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    const int channels = between(rng, 2, 20);
    Value x = builder.input({1, 6, 5, 2});
    x = builder.relu(builder.batch_norm(builder.conv_2d(x, channels, 3, 3, {}, false)));
    Value y = builder.batch_norm(builder.conv_2d(x, channels, 3, 3, {}, false));
    if (rng.below(2) == 0) y = builder.relu(y);
    Value z = builder.add(x, y, {.activation = any_activation(rng)});
    if (rng.below(2) == 0) z = builder.relu(builder.batch_norm(z));
    // The same value twice, and once more further on.
    const Value doubled = builder.add(z, z);
    const Value last = builder.add(doubled, builder.conv_2d(z, channels, 1, 1));
    return with_head(std::move(builder), rng.below(2) == 0 ? last : builder.add(last, x), rng);
  });
}

TEST(Gradients, batch_norm_where_it_cannot_wait_equals_differences) {
  check_all("standalone norm", 8, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    Value x = builder.batch_norm(builder.input({1, 5, 3, between(rng, 1, 20)}));  // on the input
    const Value raw = builder.conv_2d(x, 6, 2, 2);
    const Value after = builder.batch_norm(builder.relu(raw));  // after an activation
    const Value sum =
        builder.add(builder.batch_norm(raw), builder.batch_norm(after));      // read twice; normed twice
    const Value flat = builder.batch_norm(builder.reshape(sum, {1, 15, 6}));  // behind a reshape
    return with_head(std::move(builder), builder.batch_norm(builder.reshape(flat, {1, 10, 9})), rng);
  });
}

TEST(Gradients, softmax_with_a_beta_equals_differences) {
  check_all("beta", 3, [](Rng& rng) {
    GraphBuilder builder("test", rng);
    ir::Graph graph = with_head(std::move(builder), builder.input({1, 7}), rng);
    graph.nodes.back().attributes = ir::SoftmaxAttributes{.beta = 0.3f};
    return graph;
  });
}

TEST(Evaluation, equals_the_judge_with_running_statistics) {
  Rng rng(5);
  GraphBuilder builder("test", rng);
  Value x = builder.input({1, 9, 7, 1});
  x = builder.relu(builder.batch_norm(builder.conv_2d(x, 20, 4, 3, {.stride_h = 2}, false)));
  x = builder.dropout(builder.relu6(builder.batch_norm(builder.depthwise_conv_2d(x, 3, 3, {}, false))), 0.5f);
  const ir::Graph graph = with_head(std::move(builder), builder.global_average_pool(x), rng);
  for (const Kernels* kernels : supported_kernels()) {
    auto network = Network::compile(graph, 11, *kernels);
    ASSERT_TRUE(network.ok());
    const Batch batch = random_batch(graph, 7, rng);  // fewer than the network was made for
    load(**network, batch);
    Workers workers(2);
    const Outcome outcome = (*network)->evaluate(workers, 7);
    Reference reference(graph);
    EXPECT_NEAR(outcome.loss, reference.loss(batch, {.kind = Loss::cross_entropy}, false), 1e-5);
    for (int i = 0; i < 7; ++i) {
      for (size_t c = 0; c < 3; ++c) {
        // Probabilities of float logits around 1: a few units in the last place.
        EXPECT_NEAR(static_cast<double>((*network)->answers(i)[c]),
                    reference.answers()[static_cast<size_t>(i) * 3 + c], 1e-5);
      }
    }
  }
}

}  // namespace
}  // namespace tadpole::train
