// The convolution and dense kernels of the Arm DSP extension (their portable twins) against the judge.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "plan/plan.h"
#include "tests/conformance/random_graph.h"

namespace tadpole::conformance {
namespace {

/// Weights as quantisers make them, without -128: two of them always share a lane.
ir::Graph narrow(ir::Graph graph) {
  if (graph.nodes.empty()) return graph;
  ir::Tensor& weights = graph.tensors[static_cast<size_t>(graph.nodes[0].inputs[1])];
  std::vector<uint8_t> bytes = *weights.constant;
  for (uint8_t& byte : bytes) byte = byte == 0x80 ? 0x81 : byte;
  weights.constant = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  return graph;
}

std::vector<uint8_t> run(const plan::Plan& plan, const std::vector<uint8_t>& in) {
  plan::Runner runner(plan);
  std::vector<uint8_t> out(static_cast<size_t>(plan.output_bytes()));
  runner.run(in, out);
  return out;
}

/// make(random) gives a graph of one layer, or an empty one when the shape does not work out. At least
/// `least` of the `count` layers must take the kernels of `header`.
template <class Make>
void equal_reference(int count, int least, const char* header, uint64_t seed, Make make,
                     int64_t flash_limit_bytes = 0) {
  Rng rng(seed);
  int compared = 0, fast = 0;
  for (int i = 0; compared < count; ++i) {
    RandomGraph random(rng.fork(std::to_string(i)), true);
    const ir::Graph graph = narrow(make(random));
    if (graph.nodes.empty()) continue;
    const auto in = random_input(graph, rng);
    plan::Target judge;
    judge.kernels = "ref";
    judge.share_arena = false;
    plan::Target target;
    target.kernels = "cortex_m_dsp";  // shared, so that out lies over in wherever the kernel gives leave
    target.flash_limit_bytes = flash_limit_bytes;
    const auto expected = plan::lower(graph, judge);
    const auto plan = plan::lower(graph, target);
    ASSERT_TRUE(expected.ok() && plan.ok());
    fast += plan->steps()[0].call->name().header.find(header) != std::string_view::npos ? 1 : 0;
    ASSERT_EQ(run(*plan, in), run(*expected, in))
        << "case " << i << " " << plan->steps()[0].call->name().function << " "
        << ir::to_string(graph.tensors[0].shape) << " by " << ir::to_string(graph.tensors[1].shape) << " to "
        << ir::to_string(graph.output_of(graph.nodes[0]).shape);
    ++compared;
  }
  EXPECT_GE(fast, least) << "of " << count;
}

constexpr const char* kDsp = "/cortex_m_dsp/";

TEST(CortexMConv, equals_reference_on_600_random_shapes) {
  equal_reference(600, 500, kDsp, 1, [](RandomGraph& r) {
    ir::Conv2dAttributes a{r.padding(),   r.range(1, 3), r.range(1, 3),
                           r.range(1, 2), r.range(1, 2), r.activation_kind()};
    if (r.range(0, 2)) a.dilation_h = a.dilation_w = 1;
    return r.make_conv({r.range(1, 2), r.range(1, 14), r.range(1, 14), r.range(1, 18)}, r.range(1, 18),
                       r.range(1, 5), r.range(1, 5), a);
  });
}

TEST(CortexMConv, of_3x3_equals_reference_on_200_random_shapes) {
  equal_reference(200, 180, kDsp, 2, [](RandomGraph& r) {
    const int stride = r.range(1, 2);
    return r.make_conv({1, r.range(1, 20), r.range(1, 20), r.range(1, 24)}, r.range(1, 24), 3, 3,
                       {r.padding(), stride, stride, 1, 1, r.activation_kind()});
  });
}

TEST(CortexMConv, of_first_layers_equals_reference_on_200_random_shapes) {
  equal_reference(200, 180, kDsp, 3, [](RandomGraph& r) {
    const int stride = r.range(1, 2);
    return r.make_conv({1, r.range(1, 50), r.range(1, 40), r.range(0, 1) ? 3 : 1}, r.range(1, 24),
                       r.range(2, 10), r.range(2, 8),
                       {r.padding(), stride, stride, 1, 1, r.activation_kind()});
  });
}

TEST(CortexMConv, of_1x1_equals_reference_on_300_random_shapes) {
  equal_reference(300, 270, kDsp, 4, [](RandomGraph& r) {
    const int stride = r.range(1, 2);
    return r.make_conv({1, r.range(1, 12), r.range(1, 12), r.range(1, 140)}, r.range(1, 70), 1, 1,
                       {ir::Padding::same, stride, stride, 1, 1, r.activation_kind()});
  });
}

/// All that can have lanes of their own, within a large limit.
TEST(CortexMConv, with_single_lanes_equals_reference_on_300_random_shapes) {
  equal_reference(
      300, 270, kDsp, 11,
      [](RandomGraph& r) {
        const int stride = r.range(1, 2), size = r.range(1, 4);
        return r.make_conv({r.range(1, 2), r.range(1, 14), r.range(1, 14), r.range(1, 40)}, r.range(1, 24),
                           size, size, {r.padding(), stride, stride, 1, 1, r.activation_kind()});
      },
      1 << 20);
}

TEST(CortexMConv, of_one_input_channel_equals_reference_on_200_random_shapes) {
  equal_reference(200, 180, kDsp, 5, [](RandomGraph& r) {
    return r.make_depthwise(
        {1, r.range(1, 20), r.range(1, 20), 1}, r.range(1, 10), r.range(1, 8),
        {r.padding(), r.range(1, 2), r.range(1, 2), 1, 1, r.range(1, 9), r.activation_kind()});
  });
}

TEST(CortexMWinograd, equals_reference_on_300_random_shapes) {
  equal_reference(
      300, 80, "/winograd_3x3.h", 8,
      [](RandomGraph& r) {
        const int filters = 4 * r.range(1, 9), channels = 4 * r.range(1, 18);
        return r.make_conv({r.range(1, 2), r.range(1, 14), r.range(1, 14), channels}, filters, 3, 3,
                           {r.padding(), 1, 1, 1, 1, r.activation_kind()});
      },
      1 << 20);
}

TEST(CortexMWinograd, is_chosen_within_the_flash_limit_only) {
  const ir::Graph graph =
      narrow(RandomGraph(Rng(9), true)
                 .make_conv({1, 8, 8, 32}, 32, 3, 3, {ir::Padding::same, 1, 1, 1, 1, ir::Activation::none}));
  plan::Target target;
  target.kernels = "cortex_m_dsp";
  for (const int64_t limit : {0, 20000, 33000, 40000}) {
    target.flash_limit_bytes = limit;
    const auto plan = plan::lower(graph, target);
    ASSERT_TRUE(plan.ok());
    const bool winograd = plan->steps()[0].call->name().function == "dsp_winograd_3x3_int8";
    EXPECT_EQ(winograd, limit == 40000) << limit;
    if (winograd) {
      EXPECT_LE(plan->constant_bytes(), limit);
    }
  }
}

TEST(CortexMDense, equals_reference_on_300_random_shapes) {
  equal_reference(300, 250, kDsp, 6, [](RandomGraph& r) {
    return r.make_dense(r.range(1, 3), r.range(1, 300), r.range(1, 40), r.activation_kind());
  });
}

TEST(CortexMDense, with_single_lanes_equals_reference_on_200_random_shapes) {
  equal_reference(
      200, 180, "/fully_connected.h", 10,
      [](RandomGraph& r) {
        return r.make_dense(r.range(1, 3), r.range(1, 300), r.range(1, 40), r.activation_kind());
      },
      1 << 20);
}

TEST(CortexMDense, with_sums_beyond_23_bits_equals_reference_on_40_random_shapes) {
  equal_reference(40, 35, kDsp, 7, [](RandomGraph& r) {
    return r.make_dense(1, r.range(1500, 4100), r.range(1, 20), r.activation_kind());
  });
}

}  // namespace
}  // namespace tadpole::conformance
