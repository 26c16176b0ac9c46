// Public models that exist as float and as int8 files: what we make of the one is compared with the other,
// which the TensorFlow Lite converter made.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "convert/tflite.h"
#include "nets.h"
#include "quantise/quantise.h"

namespace tadpole::quantise {
namespace {

std::vector<uint8_t> reference(const std::string& name) {
  std::ifstream file(TADPOLE_SOURCE_DIR "/../shared/reference/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class OfficialConverter : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    float_bytes = reference(std::string(GetParam()) + "_float.tflite");
    int8_bytes = reference(std::string(GetParam()) + "_int8.tflite");
    if (float_bytes.empty() || int8_bytes.empty())
      GTEST_SKIP() << "needs ../shared/reference/" << GetParam() << "_float.tflite and _int8.tflite";
  }

  ir::Graph quantised() const {
    const auto graph = convert::read_tflite(float_bytes);
    EXPECT_TRUE(graph.ok()) << graph.error().message();
    const auto folded = fold_for_inference(*graph);
    EXPECT_TRUE(folded.ok()) << folded.error().message();
    const auto values = ir::element_count(folded->tensors[static_cast<size_t>(folded->inputs[0])].shape);
    const CalibrationSet noise{2, [values](int index) {
                                 Rng rng(static_cast<uint64_t>(index));
                                 return random_values(rng, values, 0, 1);
                               }};
    Silent silent;
    auto result = quantise_int8(*folded, noise, silent);
    EXPECT_TRUE(result.ok()) << result.error().message();
    return result.ok() ? result->graph.graph : ir::Graph{};
  }

  std::vector<uint8_t> float_bytes, int8_bytes;
};

bool has_weights(const ir::Node& node) {
  return node.op == ir::Op::conv_2d || node.op == ir::Op::depthwise_conv_2d ||
         node.op == ir::Op::fully_connected;
}

/// Weights do not depend on calibration, so they can be compared value by value. A weight that lies between
/// two steps to the last bit may go the other way (2 of 480,000 values do): one step in ten thousand values.
TEST_P(OfficialConverter, makes_the_same_int8_weights) {
  const ir::Graph ours = quantised();
  const auto theirs = convert::read_tflite(int8_bytes);
  ASSERT_TRUE(theirs.ok()) << theirs.error().message();
  ASSERT_EQ(ours.nodes.size(), theirs->nodes.size());
  size_t values = 0, different = 0;
  for (size_t i = 0; i < ours.nodes.size(); ++i) {
    ASSERT_EQ(ours.nodes[i].op, theirs->nodes[i].op);
    if (!has_weights(ours.nodes[i])) continue;
    const ir::Tensor& a = ours.input_of(ours.nodes[i], 1);
    const ir::Tensor& b = theirs->input_of(theirs->nodes[i], 1);
    ASSERT_EQ(a.shape, b.shape);
    EXPECT_EQ(a.quantisation->scales.size(), b.quantisation->scales.size());
    EXPECT_EQ(a.quantisation->axis, b.quantisation->axis);
    const auto x = a.values<int8_t>(), y = b.values<int8_t>();
    values += x.size();
    for (size_t k = 0; k < x.size(); ++k) {
      ASSERT_LE(std::abs(x[k] - y[k]), 1) << ours.nodes[i].name << " value " << k;
      different += x[k] != y[k];
    }
  }
  EXPECT_GT(values, 50'000u);
  EXPECT_LE(different * 10'000, values);
}

TEST_P(OfficialConverter, our_int8_model_survives_the_file_and_runs) {
  const ir::Graph ours = quantised();
  const auto bytes = convert::write_tflite(ours, "test");
  ASSERT_TRUE(bytes.ok()) << bytes.error().message();
  EXPECT_EQ(*bytes, *convert::write_tflite(quantised(), "test"));
  const auto read = convert::read_tflite(*bytes);
  ASSERT_TRUE(read.ok()) << read.error().message();
  const auto plan = plan::lower(*read, {.kernels = "ref"});
  EXPECT_TRUE(plan.ok()) << plan.error().message();
}

INSTANTIATE_TEST_SUITE_P(Shared, OfficialConverter, testing::Values("vww_96", "ic", "ad"));

}  // namespace
}  // namespace tadpole::quantise
