// Samples of any sensor in, answers out: the part of a session that is not about sound.
#include "device/app/signal_input.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/rng.h"
#include "device/dsp/image_features.h"
#include "features/feature_block.h"

namespace tadpole::app {
namespace {

constexpr int kAxes = 2, kSteps = 3;
/// Features of 1,024 steps a unit.
void extract(const uint8_t* samples, uint32_t count, uint32_t, int16_t* features) {
  for (uint32_t i = 0; i < kSteps * kAxes; ++i) {
    float value = 0;
    if (i < count * kAxes) std::memcpy(&value, samples + 4 * i, 4);
    features[i] = static_cast<int16_t>(value * 1024);
  }
}

std::vector<uint8_t> bytes_of(const std::vector<float>& values) {
  std::vector<uint8_t> bytes(4 * values.size());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

class SignalInputTest : public testing::Test {
 protected:
  SignalParts parts(SignalAnswer answer) {
    SignalParts p{};
    p.kind = kSeries;
    p.rate_hz = 10;
    p.sample_bytes = 4 * kAxes;
    p.clip_samples = p.fewest_samples = kSteps;
    p.stride_samples = 2;
    p.feature_count = p.part_features = kSteps * kAxes;
    p.extract = extract;
    p.quantiser = &quantiser_;
    p.answer = answer;
    p.scale = {1.0f / 16, 1.0f / 8, 0, 2};
    p.threshold = 0.5f;
    p.samples = samples_;
    p.features = features_;
    p.input = input_copy_;
    return p;
  }

  // Scale of the features 1/1024, of the input 1/16.
  dsp::FeatureQuantiser quantiser_ = features::make_feature_quantiser(1.0f / 1024, 1.0f / 16, 0);
  alignas(4) uint8_t samples_[4 * kAxes * kSteps];
  int16_t features_[kSteps * kAxes];
  int8_t input_copy_[kSteps * kAxes];
  int8_t input_[kSteps * kAxes];
};

TEST_F(SignalInputTest, answers_once_a_whole_clip_was_taken_in_any_pieces) {
  SignalInput signal;
  ASSERT_TRUE(signal.init(parts(kOutputs), kSteps * kAxes, 3));
  const auto bytes = bytes_of({1, 2, 3, 4, 5, 6, 7, 8});
  bool due = false;
  EXPECT_EQ(signal.push(bytes.data(), 1, &due), 1u);
  EXPECT_FALSE(signal.complete());
  EXPECT_EQ(signal.push(bytes.data() + 8, 3, &due), 2u) << "takes what fits";
  EXPECT_TRUE(signal.complete());
  EXPECT_EQ(signal.push(bytes.data() + 24, 1, &due), 1u) << "the rest is dropped";
  EXPECT_FALSE(due) << "a clip is answered when it is asked for";
  signal.fill(input_);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(input_[i], 16 * (i + 1));
  const int8_t output[3] = {-1, 5, 7};
  uint8_t payload[16];
  ASSERT_EQ(signal.answer(output, payload), 3u);
  EXPECT_EQ(payload[0], 255);
  EXPECT_EQ(payload[2], 7);
}

TEST_F(SignalInputTest, a_stream_is_due_after_each_stride_with_the_window_moved_on) {
  SignalInput signal;
  ASSERT_TRUE(signal.init(parts(kOutputs), kSteps * kAxes, 3));
  signal.reset(kStream);
  std::vector<int> due_after;
  for (int step = 0; step < 9; ++step) {
    const auto bytes = bytes_of({static_cast<float>(step), 0});
    bool due = false;
    ASSERT_EQ(signal.push(bytes.data(), 1, &due), 1u);
    if (!due) continue;
    due_after.push_back(step);
    signal.fill(input_);
    EXPECT_EQ(input_[0], std::min(127, 16 * (step - 2)));
    EXPECT_EQ(input_[4], std::min(127, 16 * step));
  }
  EXPECT_EQ(due_after, (std::vector<int>{2, 4, 6, 8}));
  const int8_t output[3] = {};
  uint8_t payload[16];
  ASSERT_EQ(signal.result(output, payload), 9u);
  EXPECT_EQ(payload[0] + 256 * payload[1], 900) << "milliseconds at 10 Hz";
  EXPECT_EQ(payload[4], 255);
}

TEST_F(SignalInputTest, what_a_gate_refuses_has_a_score_of_nothing_for_every_class) {
  SignalParts gated = parts(kOutputs);
  GatedAnswer said{{0, 0, true}, kUnknownLabel, -128};
  gated.gated = &said;
  SignalInput signal;
  ASSERT_TRUE(signal.init(gated, kSteps * kAxes, 3));
  const int8_t output[3] = {5, 6, 7};  // of the inference before
  uint8_t payload[16];
  ASSERT_EQ(signal.result(output, payload), 9u);
  EXPECT_EQ(payload[4], 0) << "an alarm";
  for (int i = 6; i < 9; ++i) EXPECT_EQ(payload[i], 0x80);
  said.label = 2;
  ASSERT_EQ(signal.result(output, payload), 9u);
  EXPECT_EQ(payload[4], 255);
  EXPECT_EQ(payload[8], 7);
}

TEST_F(SignalInputTest, an_anomaly_is_the_mean_squared_error_of_the_repetition) {
  SignalInput signal;
  ASSERT_TRUE(signal.init(parts(kAnomaly), kSteps * kAxes, kSteps * kAxes));
  const auto bytes = bytes_of({1, 1, 1, 1, 1, 1});
  bool due = false;
  signal.push(bytes.data(), 3, &due);
  signal.fill(input_);
  int8_t output[6];
  for (int8_t& value : output) value = 10;  // (10 - 2) / 8 = 1
  output[3] = 26;                           // 3: an error of 2 in one of six
  std::memset(input_, 99, sizeof input_);   // the model may overwrite its input
  uint8_t payload[16];
  ASSERT_EQ(signal.answer(output, payload), 4u);
  float score = 0;
  std::memcpy(&score, payload, 4);
  EXPECT_FLOAT_EQ(score, 4.0f / 6);
  signal.result(output, payload);
  EXPECT_EQ(payload[4], 0) << "above the threshold of 0.5: an alarm";
  output[3] = 10;
  signal.result(output, payload);
  EXPECT_EQ(payload[4], 255);
}

TEST(SignalInput, makes_a_picture_row_by_row_as_all_at_once) {
  const dsp::ImageFeatures picture = {9, 8, dsp::kRgb565, 1, 0, 8, 8, 5, 4, 3, dsp::kArea, 128};
  static const dsp::ImageFeatures* at_hand;
  at_hand = &picture;
  constexpr uint32_t kRow = 5 * 3, kAll = 4 * kRow;
  uint8_t samples[2 * 9 * 8];
  int16_t row[kRow], whole[kAll];
  const dsp::FeatureQuantiser quantiser = features::make_feature_quantiser(1.0f / 128, 1.0f / 100, 3);
  SignalParts p{};
  p.kind = kImage;
  p.sample_bytes = 2;
  p.clip_samples = p.fewest_samples = p.stride_samples = 9 * 8;
  p.feature_count = kAll;
  p.part_features = kRow;
  p.extract = [](const uint8_t* pixels, uint32_t count, uint32_t part, int16_t* out) {
    dsp::extract_rows(*at_hand, pixels, count, static_cast<int32_t>(part), static_cast<int32_t>(part) + 1,
                      out);
  };
  p.quantiser = &quantiser;
  p.samples = samples;
  p.features = row;
  SignalInput signal;
  ASSERT_TRUE(signal.init(p, kAll, 2));
  Rng rng(5);
  uint8_t sent[sizeof samples];
  for (uint8_t& byte : sent) byte = static_cast<uint8_t>(rng.next() >> 24);
  bool due = false;
  signal.push(sent, 9 * 8, &due);
  int8_t input[kAll];
  signal.fill(input);
  dsp::extract(picture, sent, 9 * 8, nullptr, whole);
  for (uint32_t i = 0; i < kAll; ++i) EXPECT_EQ(input[i], dsp::quantise_feature(whole[i], quantiser)) << i;
  p.part_features = kRow - 1;
  EXPECT_FALSE(signal.init(p, kAll, 2)) << "rows of another length";
}

TEST_F(SignalInputTest, refuses_parts_that_do_not_fit_the_model) {
  SignalInput signal;
  EXPECT_FALSE(signal.init(parts(kOutputs), 5, 3)) << "another number of features";
  EXPECT_FALSE(signal.init(parts(kAnomaly), 6, 3)) << "an anomaly model repeats its input";
  EXPECT_FALSE(signal.init(parts(kOutputs), 6, 1000)) << "an answer fits one frame";
  SignalParts large = parts(kOutputs);
  large.sample_bytes = 1001;
  EXPECT_FALSE(signal.init(large, 6, 3)) << "a sample fits one frame";
}

}  // namespace
}  // namespace tadpole::app
