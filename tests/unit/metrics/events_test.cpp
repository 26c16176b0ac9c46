// Hand-worked time lines for the streaming metrics.
#include "metrics/events.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace tadpole::metrics {
namespace {

constexpr int kYes = 2, kNo = 3;

TEST(Events, a_word_and_its_detection_make_a_hit) {
  const EventScore score =
      score_events(std::vector<Event>{{kYes, 1000, 1500}}, std::vector<Detection>{{kYes, 1800}}, 10);
  EXPECT_EQ(score.hits, 1);
  EXPECT_EQ(score.misses, 0);
  EXPECT_EQ(score.false_accepts, 0);
  EXPECT_DOUBLE_EQ(*score.false_reject_rate(), 0);
}

TEST(Events, the_tolerance_is_inclusive_and_ends_there) {
  const std::vector<Event> events = {{kYes, 1000, 1500}};
  const auto hits_at = [&](int64_t time_ms, MatchOptions options = {}) {
    return score_events(events, std::vector<Detection>{{kYes, time_ms}}, 10, options).hits;
  };
  EXPECT_EQ(hits_at(2500), 1);
  EXPECT_EQ(hits_at(2501), 0);
  EXPECT_EQ(hits_at(1000), 1);
  EXPECT_EQ(hits_at(999), 0);
  EXPECT_EQ(hits_at(900, {.early_ms = 100, .late_ms = 0}), 1);
  EXPECT_EQ(hits_at(1501, {.early_ms = 100, .late_ms = 0}), 0);
}

TEST(Events, a_second_detection_of_one_word_is_a_repeat_and_no_false_accept) {
  const EventScore score = score_events(std::vector<Event>{{kYes, 1000, 1500}},
                                        std::vector<Detection>{{kYes, 1400}, {kYes, 2000}}, 10);
  EXPECT_EQ(score.hits, 1);
  EXPECT_EQ(score.repeats, 1);
  EXPECT_EQ(score.false_accepts, 0);
}

TEST(Events, the_wrong_word_is_both_a_miss_and_a_false_accept) {
  const EventScore score =
      score_events(std::vector<Event>{{kYes, 1000, 1500}}, std::vector<Detection>{{kNo, 1400}}, 10);
  EXPECT_EQ(score.hits, 0);
  EXPECT_EQ(score.misses, 1);
  EXPECT_EQ(score.false_accepts, 1);
  EXPECT_EQ(score.wrong_words, 1);
}

TEST(Events, a_whole_time_line_is_counted_as_by_hand) {
  // Said: yes at 1 s, no at 5 s, yes at 9 s. Heard: yes (hit), yes (repeat), nothing near no, yes at 7 s in
  // silence (false accept), no during yes (wrong word, false accept). 60 s long: 2 false accepts = 120 an
  // hour.
  const std::vector<Event> events = {{kYes, 9000, 9500}, {kYes, 1000, 1500}, {kNo, 5000, 5500}};
  const std::vector<Detection> heard = {{kNo, 9300}, {kYes, 1600}, {kYes, 2400}, {kYes, 7000}};
  const EventScore score = score_events(events, heard, 60);
  EXPECT_EQ(score.events, 3);
  EXPECT_EQ(score.hits, 1);
  EXPECT_EQ(score.misses, 2);
  EXPECT_EQ(score.false_accepts, 2);
  EXPECT_EQ(score.wrong_words, 1);
  EXPECT_EQ(score.repeats, 1);
  EXPECT_DOUBLE_EQ(*score.false_accepts_per_hour(), 120);
  EXPECT_DOUBLE_EQ(*score.false_reject_rate(), 2.0 / 3);
}

TEST(Events, overlapping_windows_are_shared_out_so_that_most_words_are_hit) {
  // Both detections fit the second word, only the first fits the first: a careless match would waste it.
  const std::vector<Event> events = {{kYes, 1500, 2000}, {kYes, 1000, 1200}};
  const std::vector<Detection> heard = {{kYes, 1600}, {kYes, 2600}};
  EXPECT_EQ(score_events(events, heard, 10).hits, 2);
}

// The largest matching by trying every assignment: the judge for the greedy one.
int64_t best_hits(const std::vector<Event>& events, const std::vector<Detection>& heard, size_t next,
                  unsigned used) {
  if (next == heard.size()) return 0;
  int64_t best = best_hits(events, heard, next + 1, used);
  for (size_t e = 0; e < events.size(); ++e) {
    const bool fits = heard[next].label == events[e].label && heard[next].time_ms >= events[e].start_ms &&
                      heard[next].time_ms <= events[e].end_ms + 1000;
    if (fits && !(used & (1u << e))) {
      best = std::max(best, 1 + best_hits(events, heard, next + 1, used | (1u << e)));
    }
  }
  return best;
}

TEST(Events, greedy_hits_equal_the_best_matching_on_300_random_time_lines) {
  Rng rng(5);
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<Event> events;
    std::vector<Detection> heard;
    for (uint32_t i = 0; i < 1 + rng.below(6); ++i) {
      const int64_t start = rng.below(4000);
      events.push_back({kYes + static_cast<int>(rng.below(2)), start, start + rng.below(900)});
    }
    for (uint32_t i = 0; i < rng.below(7); ++i) {
      heard.push_back({kYes + static_cast<int>(rng.below(2)), rng.below(6000)});
    }
    const EventScore score = score_events(events, heard, 6);
    ASSERT_EQ(score.hits, best_hits(events, heard, 0, 0)) << "trial " << trial;
    ASSERT_EQ(score.hits + score.repeats + score.false_accepts + score.debounced,
              static_cast<int64_t>(heard.size()));
    ASSERT_EQ(score.hits + score.misses, score.events);
  }
}

TEST(Events, false_accepts_of_one_word_within_a_second_count_once) {
  // As MLPerf Tiny debounces: 3000 counts; 3900 and 4000 are its echoes; 4001 is a second after it and
  // counts.
  const std::vector<Detection> heard = {{kYes, 3000}, {kYes, 3900}, {kYes, 4000}, {kYes, 4001}, {kNo, 3100}};
  const EventScore score = score_events({}, heard, 10);
  EXPECT_EQ(score.false_accepts, 3) << "another word is another mistake";
  EXPECT_EQ(score.debounced, 2);
  EXPECT_EQ(score_events({}, heard, 10, {.debounce_ms = -1}).false_accepts, 5);
}

TEST(Events, the_delay_is_from_the_words_end_to_its_first_detection) {
  const std::vector<Event> events = {
      {kYes, 1000, 1500}, {kYes, 5000, 5500}, {kYes, 9000, 9500}, {kNo, 20000, 20500}};
  const std::vector<Detection> heard = {{kYes, 1400}, {kYes, 5600}, {kYes, 6300}, {kYes, 9900}};
  const EventScore score = score_events(events, heard, 30);
  ASSERT_TRUE(score.delay.has_value());
  EXPECT_EQ(score.delay->median_ms, 100) << "of -100, 100 and 400; the repeat at 6300 is not one";
  EXPECT_EQ(score.delay->largest_ms, 400);
  EXPECT_NEAR(score.delay->percentile_95_ms, 370, 1e-3) << "linear between 100 and 400";
  EXPECT_FALSE(score_events(events, {}, 30).delay.has_value());
}

TEST(Events, matching_says_what_became_of_each_word_and_each_detection) {
  const std::vector<Event> events = {{kYes, 1000, 1500}, {kNo, 5000, 5500}};
  const std::vector<Detection> heard = {{kYes, 5200}, {kYes, 1800}, {kYes, 1200}, {kNo, 8000}};
  const Matching matching = match_events(events, heard);
  EXPECT_EQ(matching.heard_ms[0], 1200);
  EXPECT_FALSE(matching.heard_ms[1].has_value());
  EXPECT_EQ(matching.verdicts, (std::vector<Verdict>{Verdict::wrong_word, Verdict::repeat, Verdict::hit,
                                                     Verdict::false_accept}));
}

TEST(Events, rates_are_absent_where_nothing_could_be_measured) {
  EXPECT_FALSE(score_events({}, {}, 0).false_accepts_per_hour().has_value());
  EXPECT_FALSE(score_events({}, {}, 10).false_reject_rate().has_value());
}

// Scores: yes 0.9 at its word, yes 0.4 at its word, no 0.6 in silence.
Result<std::vector<Detection>> detect_above(float threshold) {
  std::vector<Detection> heard;
  for (const Detection& d : {Detection{kYes, 1200, 0.9f}, {kYes, 5200, 0.4f}, {kNo, 8000, 0.6f}}) {
    if (d.score >= threshold) heard.push_back(d);
  }
  return heard;
}
const std::vector<Event> kTwoWords = {{kYes, 1000, 1500}, {kYes, 5000, 5500}};

TEST(Sweep, trades_false_accepts_against_misses) {
  const auto curve =
      sweep_thresholds(std::vector{0.3f, 0.5f, 0.7f, 0.95f}, detect_above, kTwoWords, 36).value();
  ASSERT_EQ(curve.size(), 4u);
  const std::vector<int64_t> misses = {0, 1, 1, 2}, false_accepts = {1, 1, 0, 0};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(curve[i].score.misses, misses[i]) << i;
    EXPECT_EQ(curve[i].score.false_accepts, false_accepts[i]) << i;
  }
  EXPECT_DOUBLE_EQ(*curve[0].score.false_accepts_per_hour(), 100);
}

TEST(Sweep, the_detectors_error_is_passed_on) {
  const auto failing = [](float) -> Result<std::vector<Detection>> {
    return Error{Code::board_silent, "no answer"};
  };
  const auto curve = sweep_thresholds(std::vector{0.5f}, failing, kTwoWords, 36);
  ASSERT_FALSE(curve.ok());
  EXPECT_EQ(curve.error().code, Code::board_silent);
}

TEST(Sweep, the_chosen_threshold_is_quiet_enough_and_misses_least) {
  const auto curve =
      sweep_thresholds(std::vector{0.3f, 0.5f, 0.7f, 0.8f, 0.95f}, detect_above, kTwoWords, 36).value();
  EXPECT_FLOAT_EQ(choose_threshold(curve, 1000)->threshold, 0.3f) << "all are quiet enough: fewest misses";
  EXPECT_FLOAT_EQ(choose_threshold(curve, 10)->threshold, 0.8f) << "equal points: the higher threshold";
  EXPECT_FLOAT_EQ(choose_threshold(std::span(curve).first(2), 10)->threshold, 0.3f)
      << "none is quiet enough and both are as loud: fewer misses";
  EXPECT_FALSE(choose_threshold({}, 10).has_value());
}

}  // namespace
}  // namespace tadpole::metrics
