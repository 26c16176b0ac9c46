// Fast kernels against the judge on random shapes.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "plan/plan.h"
#include "tests/conformance/random_graph.h"

namespace tadpole::conformance {
namespace {

std::vector<uint8_t> run(const ir::Graph& graph, const plan::Target& target, const std::vector<uint8_t>& in,
                         bool must_be_fast) {
  const auto plan = plan::lower(graph, target);
  if (!plan.ok()) throw std::runtime_error(plan.error().message());
  if (must_be_fast) {
    EXPECT_EQ(plan->steps()[0].call->name().header.find("/ref/"), std::string_view::npos)
        << plan->steps()[0].call->name().function;
  }
  plan::Runner runner(*plan);
  std::vector<uint8_t> out(static_cast<size_t>(plan->output_bytes()));
  runner.run(in, out);
  return out;
}

std::string kernels_of(const ir::Graph& graph) { return plan::lower(graph, {"host"})->target().kernels; }

class FastKernels : public testing::TestWithParam<std::string> {
 protected:
  /// make(random) gives a graph of one layer, or an empty one when the shape does not work out.
  template <class Make>
  void equal_reference(int count, uint64_t seed, Make make, bool int8 = true) {
    Rng rng(seed);
    int compared = 0;
    for (int i = 0; compared < count; ++i) {
      RandomGraph random(rng.fork(std::to_string(i)), int8);
      const ir::Graph graph = make(random);
      if (graph.nodes.empty()) continue;
      const auto in = random_input(graph, rng);
      const auto expected = run(graph, {"ref", false}, in, false);
      if (compared == 0 && GetParam() == "host" && kernels_of(graph) == "generic") {
        GTEST_SKIP() << "needs vector units that this computer lacks";
      }
      // Shared, so that out lies over in wherever the kernel gives leave.
      ASSERT_EQ(run(graph, {GetParam(), true}, in, true), expected)
          << "case " << i << " " << ir::to_string(graph.tensors[0].shape) << " to "
          << ir::to_string(graph.output_of(graph.nodes[0]).shape);
      ++compared;
    }
  }
};

TEST_P(FastKernels, conv_equals_reference_on_300_random_shapes) {
  equal_reference(300, 1, [](RandomGraph& r) {
    ir::Conv2dAttributes a{r.padding(),   r.range(1, 3), r.range(1, 3),
                           r.range(1, 2), r.range(1, 2), r.activation_kind()};
    if (r.range(0, 1)) a.dilation_h = a.dilation_w = 1;
    return r.make_conv({r.range(1, 2), r.range(1, 14), r.range(1, 14), r.range(1, 18)}, r.range(1, 18),
                       r.range(1, 5), r.range(1, 5), a);
  });
}

TEST_P(FastKernels, pointwise_conv_equals_reference_on_300_random_shapes) {
  equal_reference(300, 2, [](RandomGraph& r) {
    return r.make_conv({1, r.range(1, 12), r.range(1, 12), r.range(1, 70)}, r.range(1, 70), 1, 1,
                       {ir::Padding::same, 1, 1, 1, 1, r.activation_kind()});
  });
}

TEST_P(FastKernels, depthwise_conv_equals_reference_on_300_random_shapes) {
  equal_reference(300, 3, [](RandomGraph& r) {
    ir::DepthwiseConv2dAttributes a{
        r.padding(), r.range(1, 3), r.range(1, 3), r.range(1, 2), r.range(1, 2), 1, r.activation_kind()};
    if (r.range(0, 1)) a.dilation_h = a.dilation_w = 1;
    return r.make_depthwise({r.range(1, 2), r.range(1, 14), r.range(1, 14), r.range(1, 70)}, r.range(1, 4),
                            r.range(1, 4), a);
  });
}

TEST_P(FastKernels, depthwise_3x3_equals_reference_on_300_random_shapes) {
  equal_reference(300, 4, [](RandomGraph& r) {
    const int stride = r.range(1, 2);
    return r.make_depthwise({1, r.range(1, 20), r.range(1, 20), 4 * r.range(1, 16)}, 3, 3,
                            {r.padding(), stride, stride, 1, 1, 1, r.activation_kind()});
  });
}

TEST_P(FastKernels, depthwise_of_one_channel_equals_reference_on_200_random_shapes) {
  equal_reference(200, 5, [](RandomGraph& r) {
    return r.make_depthwise(
        {1, r.range(1, 20), r.range(1, 20), 1}, r.range(1, 10), r.range(1, 8),
        {r.padding(), r.range(1, 2), r.range(1, 2), 1, 1, r.range(2, 9), r.activation_kind()});
  });
}

TEST_P(FastKernels, dense_equals_reference_on_300_random_shapes) {
  equal_reference(300, 6, [](RandomGraph& r) {
    return r.make_dense(r.range(1, 3), r.range(1, 200), r.range(1, 40), r.activation_kind());
  });
}

/// Layers that Helium, too, has fast forms of.
TEST(HeliumKernels, pools_and_sums_equal_reference_on_300_random_shapes) {
  Rng rng(14);
  int fast_sums = 0;
  for (int i = 0; i < 300; ++i) {
    RandomGraph r(rng.fork(std::to_string(i)), true);
    const bool pool = i % 2 == 0;
    const ir::Op op = r.range(0, 1) ? ir::Op::average_pool_2d : ir::Op::max_pool_2d;
    const ir::Graph graph =
        pool ? r.make_pool(op, {r.range(1, 2), r.range(1, 12), r.range(1, 12), r.range(1, 70)},
                           {r.padding(), r.range(1, 5), r.range(1, 5), r.range(1, 3), r.range(1, 3),
                            r.activation_kind()})
             : r.make_add({r.range(1, 2), r.range(1, 6), r.range(1, 6), r.range(2, 70)}, r.activation_kind());
    if (graph.nodes.empty()) continue;
    const auto in = random_input(graph, rng);
    const plan::Target helium{"cortex_m_helium", true};
    const auto plan = plan::lower(graph, helium);
    ASSERT_TRUE(plan.ok());
    if (!pool) fast_sums += plan->steps()[0].call->name().header.find("/ref/") == std::string_view::npos;
    ASSERT_EQ(run(graph, helium, in, pool), run(graph, {"ref", false}, in, false)) << "case " << i;
  }
  EXPECT_GT(fast_sums, 50) << "sums that one linear form equals";
}

/// Layers that only the kernels for this computer have fast forms of.
using KernelsOfThisComputer = FastKernels;

TEST_P(KernelsOfThisComputer, pools_equal_reference_on_300_random_shapes) {
  equal_reference(300, 8, [](RandomGraph& r) {
    const ir::Op op = r.range(0, 1) ? ir::Op::average_pool_2d : ir::Op::max_pool_2d;
    return r.make_pool(
        op, {r.range(1, 2), r.range(1, 12), r.range(1, 12), r.range(1, 70)},
        {r.padding(), r.range(1, 5), r.range(1, 5), r.range(1, 3), r.range(1, 3), r.activation_kind()});
  });
}

TEST_P(KernelsOfThisComputer, sums_equal_reference_on_300_random_shapes) {
  equal_reference(300, 9, [](RandomGraph& r) {
    return r.make_add({r.range(1, 2), r.range(1, 6), r.range(1, 6), r.range(2, 70)}, r.activation_kind());
  });
}

TEST_P(KernelsOfThisComputer, float_convs_equal_reference_on_300_random_shapes) {
  const auto make = [](RandomGraph& r) {
    ir::Conv2dAttributes a{r.padding(),   r.range(1, 3), r.range(1, 3),
                           r.range(1, 2), r.range(1, 2), r.activation_kind()};
    return r.make_conv({r.range(1, 2), r.range(1, 14), r.range(1, 14), r.range(1, 18)}, r.range(1, 40),
                       r.range(1, 5), r.range(1, 5), a);
  };
  equal_reference(300, 10, make, false);
}

TEST_P(KernelsOfThisComputer, float_depthwise_convs_equal_reference_on_300_random_shapes) {
  const auto make = [](RandomGraph& r) {
    ir::DepthwiseConv2dAttributes a{
        r.padding(), r.range(1, 3), r.range(1, 3), r.range(1, 2), r.range(1, 2), 1, r.activation_kind()};
    return r.make_depthwise({r.range(1, 2), r.range(1, 14), r.range(1, 14), r.range(1, 40)}, r.range(1, 4),
                            r.range(1, 4), a);
  };
  equal_reference(300, 11, make, false);
}

TEST_P(KernelsOfThisComputer, float_dense_layers_equal_reference_on_300_random_shapes) {
  const auto make = [](RandomGraph& r) {
    return r.make_dense(r.range(1, 8), r.range(1, 100), r.range(1, 150), r.activation_kind());
  };
  equal_reference(300, 12, make, false);
}

INSTANTIATE_TEST_SUITE_P(All, KernelsOfThisComputer, testing::Values("host"),
                         [](const auto& info) { return info.param; });

INSTANTIATE_TEST_SUITE_P(All, FastKernels,
                         testing::Values("generic", "cortex_m_dsp", "cortex_m_helium", "cortex_m0", "rv32",
                                         "host"),
                         [](const auto& info) { return info.param; });

TEST(RandomGraphs, in_float_give_the_same_bytes_with_the_kernels_of_this_computer) {
  Rng rng(13);
  for (int i = 0; i < 200; ++i) {
    const ir::Graph graph = RandomGraph(rng.fork(std::to_string(i)), false).make(1 + i % 10);
    const auto in = random_input(graph, rng);
    ASSERT_EQ(run(graph, {"host", true}, in, false), run(graph, {"ref", false}, in, false)) << "graph " << i;
  }
}

TEST(RandomGraphs, give_the_same_bytes_with_every_kernel_set) {
  Rng rng(7);
  for (int i = 0; i < 200; ++i) {
    const ir::Graph graph = RandomGraph(rng.fork(std::to_string(i)), true, i % 3 == 2).make(1 + i % 10);
    const auto in = random_input(graph, rng);
    const auto expected = run(graph, {"ref", false}, in, false);
    for (const char* kernels : {"generic", "cortex_m_dsp", "host"}) {
      ASSERT_EQ(run(graph, {kernels, true}, in, false), expected) << "graph " << i << " " << kernels;
      ASSERT_EQ(run(graph, {kernels, false}, in, false), expected) << "graph " << i << " " << kernels;
    }
  }
}

}  // namespace
}  // namespace tadpole::conformance
