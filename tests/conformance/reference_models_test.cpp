// Every kernel set against the exact bytes that TensorFlow Lite Micro gives for the reference models.
#include "tests/conformance/reference_models.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "plan/plan.h"

namespace tadpole::conformance {
namespace {

class ReferenceModels : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    model_ = load_reference(GetParam());
    if (!model_) GTEST_SKIP() << "needs ../shared/reference/" << GetParam() << ".golden.json";
  }

  void expect_golden_outputs(const plan::Target& target) {
    const auto plan = plan::lower(model_->graph, target);
    ASSERT_TRUE(plan.ok()) << plan.error().message();
    plan::Runner runner(*plan);
    for (const GoldenCase& golden : model_->cases) {
      std::vector<uint8_t> out(static_cast<size_t>(plan->output_bytes()));
      runner.run(golden.input, out);
      EXPECT_EQ(out, golden.output) << golden.name;
    }
  }

  std::optional<ReferenceModel> model_;
};

TEST_P(ReferenceModels, give_the_golden_bytes_with_the_reference_kernels) {
  expect_golden_outputs({"ref", true});
}

TEST_P(ReferenceModels, give_the_golden_bytes_with_the_generic_kernels) {
  expect_golden_outputs({"generic", true});
}

TEST_P(ReferenceModels, give_the_golden_bytes_with_the_twins_of_the_cortex_m_kernels) {
  expect_golden_outputs({"cortex_m_dsp", true});
}

TEST_P(ReferenceModels, give_the_golden_bytes_with_the_kernels_of_this_computer) {
  expect_golden_outputs({"host", true});
}

TEST_P(ReferenceModels, give_the_golden_checksum_at_every_layer) {
  for (const char* kernels : {"ref", "generic", "cortex_m_dsp", "host"}) {
    const auto plan = plan::lower(model_->graph, {kernels, false, false});
    ASSERT_TRUE(plan.ok()) << plan.error().message();
    plan::Runner runner(*plan);
    int checked = 0;
    for (const GoldenCase& golden : model_->cases) {
      std::vector<uint8_t> out(static_cast<size_t>(plan->output_bytes()));
      runner.run(golden.input, out);
      for (const GoldenLayer& layer : golden.layers) {
        const ir::Node& node = model_->graph.nodes[static_cast<size_t>(layer.node)];
        EXPECT_EQ(base::crc32(runner.tensor(node.outputs[0])), layer.crc32)
            << kernels << " " << golden.name << " layer " << layer.node << " '" << node.name << "'";
        ++checked;
      }
    }
    EXPECT_GT(checked, 0);
  }
}

TEST_P(ReferenceModels, give_the_golden_checksum_at_every_tensor_that_survives_rewriting_whole) {
  for (const char* kernels : {"ref", "cortex_m_dsp"}) {
    const auto plan = plan::lower(model_->graph, {kernels, false});
    ASSERT_TRUE(plan.ok()) << plan.error().message();
    plan::Runner runner(*plan);
    int checked = 0;
    for (const GoldenCase& golden : model_->cases) {
      std::vector<uint8_t> out(static_cast<size_t>(plan->output_bytes()));
      runner.run(golden.input, out);
      for (const GoldenLayer& layer : golden.layers) {
        const ir::Tensor& before =
            model_->graph.output_of(model_->graph.nodes[static_cast<size_t>(layer.node)]);
        for (const ir::Node& node : plan->graph().nodes) {
          const ir::Tensor& now = plan->graph().output_of(node);
          if (now.name != before.name || now.shape != before.shape) continue;
          EXPECT_EQ(base::crc32(runner.tensor(node.outputs[0])), layer.crc32)
              << kernels << " " << golden.name << " tensor '" << now.name << "'";
          ++checked;
        }
      }
    }
    EXPECT_GT(checked, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ReferenceModels,
                         testing::Values("kws", "vww", "ic", "ad", "hello", "micro_speech"),
                         [](const auto& info) { return info.param; });

/// Recorded arena sizes; a change in either direction must be recorded here in the same commit.
struct Arena {
  const char* model;
  int64_t ref, generic, cortex_m_dsp;
  int64_t target;  ///< of ../shared/targets.md
};
constexpr Arena kArenas[] = {
    {"kws", 16000, 9024, 8960, 9 * 1024},
    {"vww", 55296, 39184, 46912, 50 * 1024},
    {"ic", 49152, 33584, 36480, 36 * 1024},
    {"ad", 768, 768, 1024, 1024},
    {"hello", 28, 28, 60, 64},
    {"micro_speech", 5960, 4328, 5056, 5 * 1024},
};

TEST(Arenas, of_the_reference_models_are_as_recorded_and_within_the_targets) {
  for (const Arena& arena : kArenas) {
    const auto model = load_reference(arena.model);
    if (!model) GTEST_SKIP() << "needs ../shared/reference/" << arena.model << ".golden.json";
    EXPECT_EQ(plan::lower(model->graph, {"ref", true})->arena_bytes(), arena.ref) << arena.model;
    EXPECT_EQ(plan::lower(model->graph, {"generic", true})->arena_bytes(), arena.generic) << arena.model;
    EXPECT_EQ(plan::lower(model->graph, {"cortex_m_dsp", true})->arena_bytes(), arena.cortex_m_dsp)
        << arena.model;
    EXPECT_LE(arena.generic, arena.target);
    EXPECT_LE(arena.cortex_m_dsp, arena.target);
  }
}

}  // namespace
}  // namespace tadpole::conformance
