// The float and dynamic-range reference models beside the golden answers of their int8 versions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "plan/plan.h"
#include "tests/conformance/reference_models.h"

namespace tadpole::conformance {
namespace {

struct FloatModel {
  const char* name;
  const char* file;
  /// Largest difference of any output from the int8 model's, in steps of its output: measured and rounded up.
  /// The two were quantised from one training by others, so that nothing smaller follows from anything.
  float tolerance_steps;
};

std::ostream& operator<<(std::ostream& out, const FloatModel& model) { return out << model.name; }

/// Noise and constants are far from what the models were calibrated for; there the int8 ones saturate.
bool is_recorded(const GoldenCase& golden) {
  return !golden.name.starts_with("lcg") && !golden.name.starts_with("const_");
}

class FloatModels : public testing::TestWithParam<FloatModel> {};

TEST_P(FloatModels, answer_what_their_int8_versions_answer) {
  const auto int8 = load_reference(GetParam().name);
  if (!int8) GTEST_SKIP() << "needs ../shared/reference/" << GetParam().name << ".golden.json";
  const auto graph = convert::read_tflite(read_bytes(reference_folder() / GetParam().file));
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  const ir::Quantisation in_scale =
      *int8->graph.tensors[static_cast<size_t>(int8->graph.inputs[0])].quantisation;
  const ir::Quantisation out_scale =
      *int8->graph.tensors[static_cast<size_t>(int8->graph.outputs[0])].quantisation;
  const auto plan = plan::lower(*graph, {"generic", true});
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  plan::Runner runner(*plan);
  float worst = 0;
  int compared = 0;
  const bool any_recorded = std::any_of(int8->cases.begin(), int8->cases.end(), is_recorded);
  for (const GoldenCase& golden : int8->cases) {
    if (any_recorded && !is_recorded(golden)) continue;
    ++compared;
    std::vector<float> in;
    for (const uint8_t byte : golden.input)
      in.push_back(in_scale.scales[0] *
                   static_cast<float>(static_cast<int8_t>(byte) - in_scale.zero_points[0]));
    std::vector<uint8_t> out(static_cast<size_t>(plan->output_bytes()));
    runner.run(*ir::make_constant<float>(in), out);
    const auto* values = reinterpret_cast<const float*>(out.data());
    ASSERT_EQ(out.size() / sizeof(float), golden.output.size());
    for (size_t i = 0; i < golden.output.size(); ++i) {
      const float expected = out_scale.scales[0] * static_cast<float>(static_cast<int8_t>(golden.output[i]) -
                                                                      out_scale.zero_points[0]);
      worst = std::max(worst, std::abs(values[i] - expected) / out_scale.scales[0]);
    }
  }
  RecordProperty("worst", std::to_string(worst));
  EXPECT_GT(compared, 0);
  EXPECT_LE(worst, GetParam().tolerance_steps);
}

INSTANTIATE_TEST_SUITE_P(All, FloatModels,
                         testing::Values(FloatModel{"kws", "kws_float.tflite", 1},
                                         FloatModel{"vww", "vww_96_float.tflite", 3},
                                         FloatModel{"ic", "ic_float.tflite", 30},
                                         FloatModel{"ad", "ad_float.tflite", 8},
                                         FloatModel{"hello", "hello_float.tflite", 14}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tadpole::conformance
