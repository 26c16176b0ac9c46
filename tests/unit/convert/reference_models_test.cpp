// Public models that other tools have made.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "convert/tflite.h"
#include "test_graphs.h"

namespace tadpole::convert {
namespace {

constexpr char kFolder[] = TADPOLE_SOURCE_DIR "/../shared/reference/";

struct Model {
  const char* file;
  const char* golden;  ///< int8 facts, or nullptr
};

class ReferenceModel : public testing::TestWithParam<Model> {
 protected:
  void SetUp() override {
    bytes = file_bytes(std::string(kFolder) + GetParam().file);
    if (bytes.empty()) GTEST_SKIP() << "needs ../shared/reference/" << GetParam().file;
  }
  std::vector<uint8_t> bytes;
};

void expect_tensor(const ir::Tensor& tensor, const nlohmann::json& golden) {
  EXPECT_EQ(tensor.shape, golden["shape"].get<ir::Shape>());
  EXPECT_EQ(tensor.type, ir::DType::int8);
  ASSERT_TRUE(tensor.quantisation.has_value());
  EXPECT_EQ(tensor.quantisation->scales[0], static_cast<float>(golden["scale"].get<double>()));
  EXPECT_EQ(tensor.quantisation->zero_points[0], golden["zero_point"].get<int>());
}

TEST_P(ReferenceModel, is_read_and_its_facts_are_the_golden_ones) {
  const auto graph = read_tflite(bytes);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  ASSERT_TRUE(ir::check_graph(*graph).ok());
  std::set<std::string> names;
  for (const ir::Node& node : graph->nodes) {
    EXPECT_TRUE(names.insert(node.name).second) << node.name << " is there twice";
    EXPECT_LE(node.name.size(), 60u);
  }
  if (!GetParam().golden) return;
  const auto text = file_bytes(std::string(kFolder) + GetParam().golden);
  const auto golden = nlohmann::json::parse(text);
  EXPECT_EQ(ir::multiply_accumulates(*graph), golden["macs"].get<int64_t>());
  expect_tensor(graph->tensors[static_cast<size_t>(graph->inputs[0])], golden["input"]);
  expect_tensor(graph->tensors[static_cast<size_t>(graph->outputs[0])], golden["output"]);
  int layers = 0;
  for (const auto& one : golden["cases"]) {
    if (!one.contains("layers")) continue;
    ASSERT_EQ(one["layers"].size(), graph->nodes.size());
    for (const auto& layer : one["layers"]) {
      const ir::Node& node = graph->nodes[layer["op"].get<size_t>()];
      EXPECT_EQ(node.outputs[0], layer["tensor"].get<int>()) << node.name;
      EXPECT_EQ(graph->output_of(node).bytes(), layer["bytes"].get<int64_t>()) << node.name;
      ++layers;
    }
  }
  EXPECT_GT(layers, 0);
}

TEST_P(ReferenceModel, written_anew_and_read_back_is_equal) {
  const auto graph = read_tflite(bytes);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  const auto written = write_tflite(*graph, "");
  ASSERT_TRUE(written.ok()) << written.error().message();
  const auto again = read_tflite(*written);
  ASSERT_TRUE(again.ok()) << again.error().message();
  expect_equal(*graph, *again);
  EXPECT_LE(written->size(), bytes.size() + bytes.size() / 10) << "a file much larger than the original";
}

/// Named float, yet its weights are int8: the public example of a dynamic-range model.
TEST(DynamicRangeModel, is_read_with_float_activations_and_int8_weights) {
  const auto bytes = file_bytes(std::string(kFolder) + "kws_float.tflite");
  if (bytes.empty()) GTEST_SKIP() << "needs ../shared/reference/kws_float.tflite";
  const auto graph = read_tflite(bytes);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  int hybrid = 0;
  for (const ir::Node& node : graph->nodes) {
    EXPECT_EQ(graph->output_of(node).type, ir::DType::float32) << node.name;
    hybrid += ir::multiply_accumulates(*graph, node) > 0 && graph->input_of(node, 1).type == ir::DType::int8;
  }
  EXPECT_GE(hybrid, 5);
  const auto written = write_tflite(*graph, "");
  ASSERT_TRUE(written.ok()) << written.error().message();
  const auto again = read_tflite(*written);
  ASSERT_TRUE(again.ok()) << again.error().message();
  expect_equal(*graph, *again);
}

INSTANTIATE_TEST_SUITE_P(
    Shared, ReferenceModel,
    testing::Values(Model{"kws_int8.tflite", "kws.golden.json"},
                    Model{"vww_96_int8.tflite", "vww.golden.json"}, Model{"vww_96_float.tflite", nullptr},
                    Model{"ic_int8.tflite", "ic.golden.json"}, Model{"ic_float.tflite", nullptr},
                    Model{"ad_int8.tflite", "ad.golden.json"}, Model{"ad_float.tflite", nullptr},
                    Model{"hello_int8.tflite", "hello.golden.json"}, Model{"hello_float.tflite", nullptr},
                    Model{"micro_speech_int8.tflite", "micro_speech.golden.json"}),
    [](const auto& info) {
      std::string name = info.param.file;
      return name.substr(0, name.find('.'));
    });

}  // namespace
}  // namespace tadpole::convert
