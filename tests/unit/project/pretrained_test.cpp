#include "project/pretrained.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "project/config.h"

namespace tadpole::project {
namespace {

using testing::HasSubstr;

features::FeatureBlock block_of(const features::FeatureConfig& config) {
  auto block = features::FeatureBlock::create(config);
  EXPECT_TRUE(block.ok());
  return std::move(*block);
}

TEST(Pretrained, every_model_fits_the_features_of_its_mode) {
  ProjectConfig config;
  suit_few_shot(config);
  EXPECT_TRUE(is_pretrained(config.transfer_model));
  const features::FeatureBlock block = block_of(config.features);
  ASSERT_FALSE(pretrained_names().empty());
  for (const std::string_view name : pretrained_names()) {
    const auto graph = read_pretrained(name, block);
    ASSERT_TRUE(graph.ok()) << graph.error().detail;
    const ir::Tensor& input = graph->tensors[static_cast<size_t>(graph->inputs[0])];
    EXPECT_EQ(ir::element_count(input.shape), block.size());
    EXPECT_EQ(graph->tensors[static_cast<size_t>(graph->outputs[0])].shape, (ir::Shape{1, 172}));
  }
}

TEST(Pretrained, a_model_stays_below_300_kilobytes) {
  for (const PretrainedBytes& model : pretrained_bytes()) EXPECT_LT(model.bytes.size(), 300'000u);
}

TEST(Pretrained, other_features_are_refused_with_both) {
  ProjectConfig config;
  suit_few_shot(config);
  config.features.high_hz = 4000;
  const auto graph = read_pretrained("speech_1", block_of(config.features));
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, Code::features_bad_setting);
  EXPECT_THAT(graph.error().detail, HasSubstr("high_hz=7600"));
  EXPECT_THAT(graph.error().detail, HasSubstr("high_hz=4000"));
}

TEST(Pretrained, the_settings_of_few_shot_survive_their_file) {
  ProjectConfig config;
  suit_few_shot(config);
  config.name = "few";
  config.data.classes = {"yes", "no"};
  const auto read = parse_config(config_text(config), "tadpole.toml");
  ASSERT_TRUE(read.ok()) << read.error().detail;
  EXPECT_EQ(read->transfer_model, "speech_1");
  EXPECT_EQ(read->transfer.train_from, "conv_5");
  EXPECT_EQ(read->deploy.inference_stride_ms, 250);
}

}  // namespace
}  // namespace tadpole::project
