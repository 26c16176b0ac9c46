// The board's command loop on the host: every command, every refusal, damaged lines, repeated pieces.
#include "device/app/session.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/rng.h"
#include "device/app/speech_input.h"
#include "features/feature_block.h"

namespace tadpole::app {
namespace {

constexpr uint32_t kArena = 4096;
uint8_t arena[kArena];
uint32_t input_bytes, output_bytes, invocations, resets;

std::vector<uint8_t> line;  // what the board sent

// Model: output i = sum of the input bytes i, i + outputs, ... The arena's last 100 bytes stay unused.
uint8_t* input() { return arena; }
const uint8_t* output() { return arena + kArena - 100 - output_bytes; }
void invoke() {
  uint8_t* out = arena + kArena - 100 - output_bytes;
  std::vector<uint8_t> sums(output_bytes);
  for (uint32_t i = 0; i < input_bytes; ++i)
    sums[i % output_bytes] = static_cast<uint8_t>(sums[i % output_bytes] + arena[i]);
  std::copy(sums.begin(), sums.end(), out);
  ++invocations;
}
void send(const uint8_t* bytes, uint32_t count) { line.insert(line.end(), bytes, bytes + count); }
uint32_t stack_high_water() { return 123; }
void write_input(uint32_t offset, const uint8_t* bytes, uint32_t count) {
  std::copy(bytes, bytes + count, input() + offset);
}
void read_output(uint32_t offset, uint8_t* bytes, uint32_t count) {
  std::copy(output() + offset, output() + offset + count, bytes);
}
void reset() { ++resets; }

struct Answer {
  uint8_t type = 0, sequence = 0;
  std::vector<uint8_t> payload;
};

class SessionTest : public testing::Test {
 protected:
  void start(uint32_t inputs, uint32_t outputs, const Sense* sound = nullptr) {
    input_bytes = inputs;
    output_bytes = outputs;
    invocations = 0;
    resets = 0;
    line.clear();
    model_ = {"tiny", "00112233aabbccdd", arena,       kArena, input, inputs, output, outputs,
              invoke, write_input,        read_output, reset};
    board_ = {"test-board", 4096, stack_high_water, send};
    session_.init(&model_, sound, &board_);
  }

  std::vector<uint8_t> request_bytes(uint8_t type, const std::vector<uint8_t>& payload, uint8_t sequence) {
    std::vector<uint8_t> out(kMaxFrame);
    out.resize(
        encode_frame(type, sequence, payload.data(), static_cast<uint32_t>(payload.size()), out.data()));
    return out;
  }

  std::vector<Answer> answers() {
    FrameParser parser;
    std::vector<Answer> found;
    for (size_t at = 0; at < line.size();) {
      at += parser.feed(line.data() + at, static_cast<uint32_t>(line.size() - at));
      Frame frame;
      while (parser.next(&frame)) {
        found.push_back({frame.type, frame.sequence, {frame.payload, frame.payload + frame.length}});
      }
    }
    EXPECT_EQ(parser.skipped(), 0u);
    line.clear();
    return found;
  }

  /// Sends one request and returns its answer, which must be the only or the last frame.
  Answer ask(uint8_t type, const std::vector<uint8_t>& payload = {}, uint8_t sequence = 0) {
    if (sequence == 0) sequence = static_cast<uint8_t>(++sequence_ % 255 + 1);
    const auto bytes = request_bytes(type, payload, sequence);
    session_.receive(bytes.data(), static_cast<uint32_t>(bytes.size()));
    const std::vector<Answer> all = answers();
    results_.insert(results_.end(), all.begin(), all.empty() ? all.end() : all.end() - 1);
    if (all.empty()) return {};
    EXPECT_EQ(all.back().sequence, sequence);
    return all.back();
  }

  void expect_refused(const Answer& answer, uint8_t type, Refusal why) {
    ASSERT_EQ(answer.type, kRefused);
    ASSERT_GE(answer.payload.size(), 3u);
    EXPECT_EQ(answer.payload[0], type);
    EXPECT_EQ(answer.payload[1], why);
  }

  static std::vector<uint8_t> with_offset(uint32_t offset, std::vector<uint8_t> bytes) {
    std::vector<uint8_t> payload(4);
    put_u32(payload.data(), offset);
    payload.insert(payload.end(), bytes.begin(), bytes.end());
    return payload;
  }
  static std::vector<uint8_t> range(uint32_t offset, uint32_t count) {
    std::vector<uint8_t> payload(6);
    put_u32(payload.data(), offset);
    put_u16(payload.data() + 4, count);
    return payload;
  }

  SessionModel model_;
  SessionBoard board_;
  Session session_;
  std::vector<Answer> results_;
  uint32_t sequence_ = 0;
};

TEST_F(SessionTest, hello_tells_the_sizes_and_names) {
  start(10, 3);
  const Answer hello = ask(kHello);
  ASSERT_EQ(hello.type, kHello | kReply);
  EXPECT_EQ(hello.payload[0], kProtocolVersion);
  EXPECT_EQ(hello.payload[1], 0);
  EXPECT_EQ(get_u32(hello.payload.data() + 4), 10u);
  EXPECT_EQ(get_u32(hello.payload.data() + 8), 3u);
  EXPECT_EQ(get_u32(hello.payload.data() + 12), kArena);
  EXPECT_EQ(std::string(hello.payload.begin() + 24, hello.payload.end()),
            std::string("test-board\0tiny\00000112233aabbccdd\0\0\0", 35))
      << "two names and a hash, then the bytes of a sense's sample: it has none";
}

TEST_F(SessionTest, resets_the_model_once_when_it_starts) {
  start(10, 3);
  EXPECT_EQ(resets, 1u);
}

TEST_F(SessionTest, infers_an_input_that_came_in_chunks) {
  start(6, 2);
  EXPECT_EQ(ask(kSetInput, with_offset(0, {1, 2, 3, 4})).type, kSetInput | kReply);
  EXPECT_EQ(ask(kSetInput, with_offset(4, {5, 6})).type, kSetInput | kReply);
  EXPECT_EQ(ask(kInvoke).type, kInvoke | kReply);
  EXPECT_EQ(ask(kGetOutput, range(0, 2)).payload, (std::vector<uint8_t>{9, 12}));
  EXPECT_EQ(ask(kGetOutput, range(1, 1)).payload, (std::vector<uint8_t>{12}));
}

TEST_F(SessionTest, refuses_what_lies_outside_the_input_or_output) {
  start(6, 2);
  expect_refused(ask(kSetInput, with_offset(5, {1, 2})), kSetInput, kBadPayload);
  expect_refused(ask(kSetInput, with_offset(0xFFFFFFFFu, {1, 2})), kSetInput, kBadPayload);
  expect_refused(ask(kSetInput, {1, 2}), kSetInput, kBadPayload);
  expect_refused(ask(kGetOutput, range(0, 2)), kGetOutput, kNotInvoked);
  ask(kInvoke);
  expect_refused(ask(kGetOutput, range(1, 2)), kGetOutput, kBadPayload);
  expect_refused(ask(kGetOutput, range(0xFFFFFFFFu, 2)), kGetOutput, kBadPayload);
  expect_refused(ask(kGetOutput, {0}), kGetOutput, kBadPayload);
  expect_refused(ask(0x55), 0x55, kUnknownCommand);
  for (uint8_t type : {kResetStream, kSignal, kScores}) expect_refused(ask(type, {0, 0}), type, kNoSignal);
}

TEST_F(SessionTest, ignores_garbage_and_counts_it) {
  start(6, 2);
  Rng rng(1);
  std::vector<uint8_t> garbage(5000);
  for (uint8_t& byte : garbage) byte = static_cast<uint8_t>(rng.next());
  session_.receive(garbage.data(), 5000);
  EXPECT_TRUE(line.empty());
  std::vector<uint8_t> damaged = request_bytes(kInvoke, {}, 9);
  damaged.back() ^= 1;
  session_.receive(damaged.data(), static_cast<uint32_t>(damaged.size()));
  EXPECT_TRUE(line.empty());
  EXPECT_EQ(invocations, 0u);
  const Answer stats = ask(kStats);
  ASSERT_EQ(stats.type, kStats | kReply);
  ASSERT_EQ(stats.payload.size(), kStatsBytes);
  EXPECT_EQ(get_u32(stats.payload.data() + 20), 5000 + 12 + 12u);  // bytes received
  EXPECT_GE(get_u32(stats.payload.data() + 24), 1u);               // errors
  EXPECT_EQ(get_u32(stats.payload.data() + 28), 5012u);            // bytes that were no frame
}

TEST_F(SessionTest, serves_another_model_from_now_on_and_does_not_show_the_output_of_the_last) {
  start(100, 8);
  ask(kSetInput, std::vector<uint8_t>(104));
  ask(kInvoke);
  SessionModel other = model_;
  other.name = "other";
  other.input_bytes = 60;
  session_.use(&other, nullptr);
  const Answer refused = ask(kGetOutput, {0, 0, 0, 0, 8, 0});
  EXPECT_EQ(refused.type, kRefused);
  EXPECT_EQ(refused.payload[1], kNotInvoked) << "what is there now belongs to nobody";
  const Answer hello = ask(kHello);
  EXPECT_EQ(get_u32(hello.payload.data() + 4), 60u);
  EXPECT_NE(std::string(hello.payload.begin(), hello.payload.end()).find("other"), std::string::npos);
  EXPECT_EQ(resets, 1u) << "changing models resets neither";
}

TEST_F(SessionTest, stats_show_how_far_the_arena_was_used) {
  start(6, 2);
  EXPECT_EQ(session_.stats().arena_high_water, 0u);
  ask(kInvoke);
  const SessionStats stats = session_.stats();
  EXPECT_EQ(stats.arena_bytes, kArena);
  EXPECT_EQ(stats.arena_high_water, kArena - 100);
  EXPECT_EQ(stats.stack_bytes, 4096u);
  EXPECT_EQ(stats.stack_high_water, 123u);
  EXPECT_EQ(stats.inferences, 1u);
}

/// A small real feature block with the fake model behind it.
class HearingSessionTest : public SessionTest {
 protected:
  HearingSessionTest()
      : block_(*features::FeatureBlock::create({.sample_rate_hz = 8000,
                                                .clip_ms = 200,
                                                .window_ms = 16,
                                                .stride_ms = 10,
                                                .bands = 12,
                                                .coefficients = 5,
                                                .high_hz = 3500})),
        quantiser_(features::make_feature_quantiser(block_.scale(), 0.5f, -3)),
        stream_memory_(dsp::stream_bytes(block_.device())),
        scratch_(dsp::scratch_bytes(block_.device()) / 4 + 1),
        history_(kSpotterResults * 3) {
    spotter_ = {.labels = 3,
                .first_keyword = 1,
                .average_window_ms = 100,
                .minimum_count = 1,
                .minimum_span_ms = 0,
                .suppression_ms = 50,
                .threshold = 100,
                .inference_stride_frames = 3};
    const SpeechParts parts = {&block_.device(), &quantiser_, stream_memory_.data(),
                               scratch_.data(),  &spotter_,   history_.data()};
    const uint32_t inputs = static_cast<uint32_t>(block_.size());
    EXPECT_TRUE(speech_.init(parts, inputs, 3));
    EXPECT_FALSE(SpeechInput().init(parts, inputs + 1, 3));
    EXPECT_FALSE(SpeechInput().init(parts, inputs, 4));
    sound_ = speech_.sense();
    start(inputs, 3, &sound_);
    Rng rng(5);
    for (int i = 0; i < 16000; ++i) pcm_.push_back(static_cast<int16_t>(rng.next() >> 18));
  }

  /// What the model answers for the clip that starts at `from`.
  std::vector<uint8_t> expected(size_t from) {
    std::vector<int16_t> features(static_cast<size_t>(block_.size()));
    dsp::extract_clip(block_.device(), pcm_.data() + from, scratch_.data(), features.data());
    std::vector<uint8_t> sums(3);
    for (size_t i = 0; i < features.size(); ++i) {
      sums[i % 3] = static_cast<uint8_t>(sums[i % 3] + dsp::quantise_feature(features[i], quantiser_));
    }
    return sums;
  }

  std::vector<uint8_t> pcm_bytes(size_t from, size_t count) {
    std::vector<uint8_t> bytes(2 * count);
    for (size_t i = 0; i < count; ++i) put_u16(bytes.data() + 2 * i, static_cast<uint16_t>(pcm_[from + i]));
    return bytes;
  }

  size_t clip() const { return static_cast<size_t>(dsp::extracted_samples(block_.device())); }

  features::FeatureBlock block_;
  dsp::FeatureQuantiser quantiser_;
  std::vector<uint8_t> stream_memory_;
  std::vector<uint32_t> scratch_;
  std::vector<uint8_t> history_;
  SpotterConfig spotter_;
  SpeechInput speech_;
  Sense sound_;
  std::vector<int16_t> pcm_;
};

TEST_F(HearingSessionTest, scores_a_clip_as_the_batch_features_do_however_it_is_cut) {
  for (size_t piece : {1u, 31u, 160u, 500u}) {
    ASSERT_EQ(ask(kResetStream, {kClip}).type, kResetStream | kReply);
    for (size_t at = 0; at < clip() + 300; at += piece) ask(kSignal, pcm_bytes(at, piece));
    EXPECT_EQ(ask(kScores).payload, expected(0)) << piece;
    EXPECT_TRUE(results_.empty());
  }
}

TEST_F(HearingSessionTest, refuses_scores_of_half_a_clip) {
  ask(kResetStream, {kClip});
  ask(kSignal, pcm_bytes(0, 160));
  expect_refused(ask(kScores), kScores, kIncompleteClip);
  ask(kResetStream, {kStream});
  for (size_t at = 0; at < 2 * clip(); at += 160) ask(kSignal, pcm_bytes(at, 160));
  expect_refused(ask(kScores), kScores, kIncompleteClip);
  expect_refused(ask(kResetStream, {2}), kResetStream, kBadPayload);
  expect_refused(ask(kSignal, {1}), kSignal, kBadPayload);
}

TEST_F(HearingSessionTest, streams_a_result_after_every_third_frame_once_the_window_is_full) {
  ask(kResetStream, {kStream});
  for (size_t at = 0; at < 8000; at += 160) ask(kSignal, pcm_bytes(at, 160));
  const auto& f = block_.device();
  std::vector<size_t> ends;
  int since = 0;
  for (size_t row = 0;; ++row) {
    const size_t end = static_cast<size_t>(f.window_samples) + row * static_cast<size_t>(f.stride_samples);
    if (end > 8000) break;
    ++since;
    if (row + 1 >= static_cast<size_t>(f.frames) && since >= 3) {
      ends.push_back(end);
      since = 0;
    }
  }
  ASSERT_EQ(results_.size(), ends.size());
  ASSERT_GT(ends.size(), 10u);
  for (size_t i = 0; i < ends.size(); ++i) {
    const std::vector<uint8_t>& payload = results_[i].payload;
    EXPECT_EQ(results_[i].type, kResult);
    ASSERT_EQ(payload.size(), 12u);
    EXPECT_EQ(get_u32(payload.data()), ends[i] * 1000 / 8000);
    EXPECT_EQ(std::vector<uint8_t>(payload.begin() + 9, payload.end()), expected(ends[i] - clip()));
  }
}

TEST_F(HearingSessionTest, does_not_hear_a_repeated_piece_twice) {
  ask(kResetStream, {kClip});
  for (size_t at = 0; at < clip(); at += 160) {
    const uint8_t sequence = static_cast<uint8_t>(at / 160 % 200 + 1);
    const auto piece = pcm_bytes(at, 160);
    EXPECT_EQ(ask(kSignal, piece, sequence).type, kSignal | kReply);
    EXPECT_EQ(ask(kSignal, piece, sequence).type, kSignal | kReply);  // the host missed the first answer
  }
  EXPECT_EQ(ask(kScores).payload, expected(0));
}

TEST_F(HearingSessionTest, forgets_the_last_clip) {
  for (int round = 0; round < 2; ++round) {
    ask(kResetStream, {kClip});
    for (size_t at = 0; at < clip(); at += 160)
      ask(kSignal, pcm_bytes(at + 4000u * static_cast<size_t>(round), 160));
    EXPECT_EQ(ask(kScores).payload, expected(4000u * static_cast<size_t>(round)));
  }
}

}  // namespace
}  // namespace tadpole::app
