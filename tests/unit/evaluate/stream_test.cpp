// The long recording and its scoring, with tones as words and a detector that knows them.
#include "evaluate/stream.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tadpole::evaluate {
namespace {

constexpr int kRate = 16000;

// A second of silence with a square tone of `half_period` samples from 300 to 700 ms.
std::vector<int16_t> tone(int half_period, int16_t loudness = 8000) {
  std::vector<int16_t> pcm(kRate, 0);
  for (int i = 4800; i < 11200; ++i)
    pcm[i] = (i / half_period) % 2 ? loudness : static_cast<int16_t>(-loudness);
  return pcm;
}

struct World {
  std::vector<std::vector<int16_t>> words = {tone(4), tone(8), tone(4), tone(8)};
  std::vector<int16_t> other = tone(16);
  std::vector<StreamClip> clips = {{2, words[0]}, {3, words[1]}, {2, words[2]}, {3, words[3]}};
  std::vector<StreamClip> distractors = {{1, other}};

  Result<Recording> build(StreamOptions options) { return build_recording(clips, distractors, {}, options); }
};

TEST(SpokenPart, is_where_the_clip_is_loud) {
  const auto [from, to] = spoken_part(tone(4), kRate);
  EXPECT_EQ(from, 4800u);
  EXPECT_EQ(to, 11200u);
  EXPECT_EQ(spoken_part(std::vector<int16_t>(500, 0), kRate), (std::pair<size_t, size_t>{0, 500}));
  EXPECT_EQ(spoken_part({}, kRate), (std::pair<size_t, size_t>{0, 0}));
}

TEST(LongRecording, the_same_seed_gives_the_same_bits_and_another_seed_does_not) {
  World world;
  const Recording a = world.build({.seed = 7, .seconds = 30}).value();
  const Recording b = world.build({.seed = 7, .seconds = 30}).value();
  const Recording c = world.build({.seed = 8, .seconds = 30}).value();
  EXPECT_EQ(a.pcm, b.pcm);
  EXPECT_EQ(a.events, b.events);
  EXPECT_NE(a.events, c.events);
  EXPECT_EQ(a.pcm.size(), 30u * kRate);
  EXPECT_TRUE(a.noise_is_made_up);
}

TEST(LongRecording, gaps_between_clips_stay_within_the_limits) {
  World world;
  const Recording r = world.build({.seconds = 300, .min_gap_ms = 1500, .max_gap_ms = 2500}).value();
  std::vector<metrics::Event> all = r.events;
  all.insert(all.end(), r.distractors.begin(), r.distractors.end());
  std::sort(all.begin(), all.end(), [](auto& x, auto& y) { return x.start_ms < y.start_ms; });
  EXPECT_GT(r.events.size(), 30u);
  EXPECT_GT(r.distractors.size(), 20u);
  for (size_t i = 1; i < all.size(); ++i) {
    // 300 ms of quiet at both ends of each clip belong to the clip, not to the gap; 2 ms for rounding to
    // milliseconds.
    const int64_t gap = all[i].start_ms - all[i - 1].end_ms - 600;
    EXPECT_GE(gap, 1500 - 2);
    EXPECT_LE(gap, 2500 + 2);
  }
  for (const metrics::Event& event : r.events) EXPECT_NEAR(event.end_ms - event.start_ms, 400, 1);
}

TEST(LongRecording, every_word_clip_is_used_before_one_is_used_twice) {
  World world;
  world.clips.clear();
  for (int i = 0; i < 8; ++i) world.clips.push_back({10 + i, world.words[0]});
  const Recording r = world.build({.seconds = 120, .distractor_share = 0}).value();
  ASSERT_GE(r.events.size(), 16u);
  for (size_t round = 0; round < 2; ++round) {
    std::vector<int> labels;
    for (size_t i = 0; i < 8; ++i) labels.push_back(r.events[round * 8 + i].label);
    std::sort(labels.begin(), labels.end());
    EXPECT_EQ(labels, (std::vector<int>{10, 11, 12, 13, 14, 15, 16, 17}));
  }
}

TEST(LongRecording, noise_lies_at_the_wanted_level_below_the_words) {
  World world;
  const std::vector<int16_t> hum(5000, 300);
  const std::vector<std::span<const int16_t>> noise = {hum};
  const Recording r =
      build_recording(world.clips, {}, noise, {.seconds = 20, .signal_to_noise_db = 20}).value();
  EXPECT_FALSE(r.noise_is_made_up);
  // Words have RMS 8000; 20 dB below is 800. Rounding of the 15-bit gain and of each sample: 1.
  EXPECT_NEAR(r.pcm[0], 800, 1);
  EXPECT_NEAR(r.pcm.back(), 800, 1);
}

TEST(LongRecording, without_words_or_room_or_with_a_bad_option_it_is_refused) {
  World world;
  const auto code = [](const Result<Recording>& r) { return r.ok() ? Code::internal : r.error().code; };
  EXPECT_EQ(code(build_recording({}, world.distractors, {}, {})), Code::evaluate_no_words);
  EXPECT_EQ(code(world.build({.seconds = 1})), Code::evaluate_no_words);
  EXPECT_EQ(code(world.build({.seconds = -1})), Code::evaluate_no_words);
  EXPECT_EQ(code(world.build({.seconds = NAN})), Code::evaluate_no_words);
  EXPECT_EQ(code(world.build({.min_gap_ms = 5, .max_gap_ms = 4})), Code::evaluate_no_words);
  EXPECT_EQ(code(world.build({.sample_rate_hz = 0})), Code::evaluate_no_words);
  EXPECT_EQ(code(world.build({.signal_to_noise_db = 1e9})), Code::evaluate_no_words);
}

TEST(LongRecording, empty_clips_and_no_gaps_still_come_to_an_end) {
  std::vector<StreamClip> clips = {{2, {}}};
  EXPECT_TRUE(build_recording(clips, {}, {}, {.seconds = 0.1, .min_gap_ms = 0, .max_gap_ms = 0}).ok());
}

samples::Sample make_sample(std::vector<int16_t> pcm, int rate = kRate) {
  samples::Sample sample;
  sample.signal = std::make_shared<samples::Signal>(samples::Audio{rate, std::move(pcm)});
  return sample;
}

TEST(LongRecording, only_the_test_side_of_a_data_set_is_heard) {
  samples::Dataset data;
  data.classes = {
      std::string(samples::kSilenceName), std::string(samples::kUnknownName), "up", "down", "left", "right"};
  const auto add = [&](int target, samples::Side side, int rate = kRate) {
    data.samples.push_back(make_sample(tone(4), rate));
    data.target.push_back(target);
    data.side.push_back(side);
  };
  add(2, samples::Side::train);
  add(3, samples::Side::test);
  add(4, samples::Side::validation);
  add(5, samples::Side::test, 8000);
  add(samples::kSilence, samples::Side::test);
  add(samples::kUnknown, samples::Side::test);
  data.noise = {make_sample(std::vector<int16_t>(4000, 50)), make_sample(std::vector<int16_t>(4000, -50))};
  data.noise_side = {samples::Side::train, samples::Side::test};
  const Recording r = build_recording(data, {.seconds = 60}).value();
  for (const metrics::Event& event : r.events) EXPECT_EQ(event.label, 3);
  for (const metrics::Event& event : r.distractors) EXPECT_EQ(event.label, samples::kUnknown);
  EXPECT_FALSE(r.events.empty());
  EXPECT_FALSE(r.distractors.empty());
  EXPECT_LT(r.pcm[0], 0) << "noise of the train side was used";
}

TEST(LongRecording, of_the_validation_side_holds_its_words_and_who_said_them) {
  samples::Dataset data;
  data.classes = {std::string(samples::kSilenceName), std::string(samples::kUnknownName), "up"};
  for (const auto& [side, group] : {std::pair{samples::Side::validation, "ann"},
                                    {samples::Side::validation, "bob"},
                                    {samples::Side::test, "eve"}}) {
    data.samples.push_back(make_sample(tone(4)));
    data.samples.back().group = group;
    data.target.push_back(2);
    data.side.push_back(side);
  }
  const Recording r = build_recording(data, {.seconds = 60}, samples::Side::validation).value();
  ASSERT_EQ(r.groups.size(), r.events.size());
  for (const std::string& group : r.groups) EXPECT_TRUE(group == "ann" || group == "bob") << group;
  std::vector<metrics::Detection> heard;  // only Ann's
  for (size_t i = 0; i < r.events.size(); ++i)
    if (r.groups[i] == "ann") heard.push_back({2, r.events[i].end_ms});
  const auto table = heard_by_group(r, heard);
  ASSERT_EQ(table["rows"].size(), 2u);
  EXPECT_EQ(table["rows"][0]["group"], "ann");
  EXPECT_EQ(table["rows"][0]["value"], 1.0);
  EXPECT_EQ(table["rows"][1]["value"], 0.0);
  EXPECT_EQ(build_recording(data, {}, samples::Side::train).error().code, Code::evaluate_no_words);
}

// Counts sign changes in windows of 100 ms: half periods of 4, 8 and 16 samples give 400, 200 and 100 of
// them.
Result<std::vector<metrics::Detection>> hear(const Recording& recording, float threshold) {
  int64_t time_ms = 0, quiet_until_ms = 0;
  return feed_in_pieces(recording, 100, [&](std::span<const int16_t> piece) {
    time_ms += static_cast<int64_t>(piece.size()) * 1000 / recording.sample_rate_hz;
    int changes = 0, loud = 0;
    for (size_t i = 1; i < piece.size(); ++i) {
      loud += std::abs(piece[i]) > 4000;
      changes += std::abs(piece[i]) > 4000 && (piece[i] < 0) != (piece[i - 1] < 0);
    }
    std::vector<metrics::Detection> heard;
    const float share = static_cast<float>(loud) / static_cast<float>(piece.size());
    if (share > threshold && time_ms >= quiet_until_ms) {
      const int label = changes > 300 ? 2 : changes > 150 ? 3 : threshold < 0.5f ? 2 : 0;
      if (label != 0) {
        heard.push_back({label, time_ms, share});
        quiet_until_ms = time_ms + 1500;
      }
    }
    return Result<std::vector<metrics::Detection>>(heard);
  });
}

TEST(StreamEvaluation, a_perfect_detector_scores_perfectly_and_a_careless_one_accepts_other_words) {
  World world;
  const Recording r = world.build({.seconds = 120, .signal_to_noise_db = 40}).value();
  const auto result = evaluate_stream(r, std::vector{0.1f, 0.9f, 1.5f}, hear, 8).value();
  ASSERT_EQ(result.curve.size(), 3u);
  EXPECT_EQ(result.curve[1].score.misses, 0);
  EXPECT_EQ(result.curve[1].score.false_accepts, 0);
  EXPECT_GE(result.curve[0].score.false_accepts, static_cast<int64_t>(r.distractors.size()));
  EXPECT_EQ(result.curve[2].score.misses, static_cast<int64_t>(r.events.size())) << "nothing is above 1.5";
  EXPECT_FLOAT_EQ(result.chosen.threshold, 0.9f);
  EXPECT_EQ(score_stream(r, 0.9f, hear).value().hits, static_cast<int64_t>(r.events.size()));
  const auto json = to_json(result);
  EXPECT_EQ(json["events"], r.events.size());
  EXPECT_EQ(json["curve"][1]["false_reject_rate"], 0.0);
  EXPECT_EQ(to_json(result.chosen.score)["hits"], r.events.size());
  EXPECT_FALSE(evaluate_stream(r, {}, hear, 8).ok());
}

TEST(StreamEvaluation, pieces_hold_the_whole_recording_in_order) {
  World world;
  const Recording r = world.build({.seconds = 10.013}).value();
  std::vector<int16_t> heard;
  const auto feed = [&](std::span<const int16_t> piece) -> Result<std::vector<metrics::Detection>> {
    EXPECT_LE(piece.size(), 320u);
    heard.insert(heard.end(), piece.begin(), piece.end());
    return std::vector<metrics::Detection>{};
  };
  ASSERT_TRUE(feed_in_pieces(r, 20, feed).ok());
  EXPECT_EQ(heard, r.pcm);
}

}  // namespace
}  // namespace tadpole::evaluate
