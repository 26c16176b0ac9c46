// Chains of layers band by band against the same layers whole: the same bytes in less memory.
#include "plan/bands.h"

#include <gtest/gtest.h>

#include "plan/plan.h"
#include "tests/conformance/random_graph.h"
#include "tests/conformance/reference_models.h"

namespace tadpole::conformance {
namespace {

std::vector<uint8_t> outputs(const plan::Plan& plan, const std::vector<uint8_t>& in) {
  std::vector<uint8_t> out(static_cast<size_t>(plan.output_bytes()));
  plan::Runner(plan).run(in, out);
  return out;
}

TEST(Bands, give_the_bytes_of_whole_layers_on_random_chains) {
  Rng rng(1);
  int split_graphs = 0;
  for (int i = 0; i < 400; ++i) {
    const ir::Graph graph = RandomGraph(rng.fork(std::to_string(i)), i % 4 != 0).make(2 + i % 6);
    const auto whole = plan::lower(graph, {.kernels = "ref", .share_arena = false, .rewrite = false});
    if (!whole.ok()) continue;
    const auto in = random_input(graph, rng);
    const int first = static_cast<int>(rng.below(3)), last = first + static_cast<int>(rng.below(3));
    const auto split = plan::split_into_bands(graph, first, last, 1 + static_cast<int>(rng.below(5)));
    if (!split.ok()) continue;
    ++split_graphs;
    for (const char* kernels : {"ref", "generic", "cortex_m_dsp"}) {
      const auto banded = plan::lower(*split, {.kernels = kernels, .rewrite = false});
      ASSERT_TRUE(banded.ok()) << banded.error().message();
      ASSERT_EQ(outputs(*banded, in), outputs(*whole, in)) << "graph " << i << " " << kernels;
    }
  }
  EXPECT_GT(split_graphs, 50);
}

TEST(Bands, keep_vww_within_36_kilobytes_with_every_golden_byte) {
  const auto model = load_reference("vww");
  if (!model) GTEST_SKIP() << "needs ../shared/reference/vww.golden.json";
  const auto plan = plan::lower(model->graph, {.kernels = "cortex_m_dsp", .ram_limit_bytes = 36 * 1024});
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  EXPECT_LE(plan->arena_bytes(), 36 * 1024);
  // Rows that two bands need are computed twice: less than one in a hundred.
  EXPECT_LT(plan->macs(), plan::lower(model->graph, {.kernels = "cortex_m_dsp"})->macs() * 101 / 100);
  for (const GoldenCase& golden : model->cases)
    EXPECT_EQ(outputs(*plan, golden.input), golden.output) << golden.name;
}

}  // namespace
}  // namespace tadpole::conformance
