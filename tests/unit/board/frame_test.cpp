// The serial protocol's frames: what is damaged is never delivered, what is intact is never lost.
#include "device/app/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/hash.h"
#include "base/rng.h"

namespace tadpole::app {
namespace {

std::vector<uint8_t> encoded(uint8_t type, uint8_t sequence, const std::vector<uint8_t>& payload) {
  std::vector<uint8_t> out(kMaxFrame);
  out.resize(encode_frame(type, sequence, payload.data(), static_cast<uint32_t>(payload.size()), out.data()));
  return out;
}

std::vector<uint8_t> random_bytes(Rng& rng, size_t count) {
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng.next());
  return bytes;
}

struct Delivered {
  uint8_t type, sequence;
  std::vector<uint8_t> payload;
  bool operator==(const Delivered&) const = default;
};

/// Feeds all bytes in pieces of at most `step`.
std::vector<Delivered> parse(FrameParser& parser, const std::vector<uint8_t>& bytes, size_t step) {
  std::vector<Delivered> frames;
  for (size_t at = 0; at < bytes.size();) {
    const size_t count = std::min(step, bytes.size() - at);
    at += parser.feed(bytes.data() + at, static_cast<uint32_t>(count));
    Frame frame;
    while (parser.next(&frame)) {
      frames.push_back({frame.type, frame.sequence, {frame.payload, frame.payload + frame.length}});
    }
  }
  return frames;
}

TEST(Frame, crc32_equals_the_one_of_the_host) {
  Rng rng(1);
  for (size_t size : {0, 1, 2, 9, 1000}) {
    const std::vector<uint8_t> bytes = random_bytes(rng, size);
    EXPECT_EQ(crc32(bytes.data(), static_cast<uint32_t>(size)), base::crc32(bytes));
  }
  const uint8_t check[] = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  EXPECT_EQ(crc32(check, 9), 0xCBF43926u);  // the published check value of CRC-32
  EXPECT_EQ(crc8(check, 9), 0xF4);          // and of CRC-8 with polynomial 07
}

TEST(Frame, survives_any_cutting_into_pieces) {
  Rng rng(2);
  std::vector<Delivered> sent;
  std::vector<uint8_t> line;
  for (size_t size : {0, 1, 7, 640, 1000, 3}) {
    sent.push_back({static_cast<uint8_t>(size), static_cast<uint8_t>(sent.size()), random_bytes(rng, size)});
    const auto bytes = encoded(sent.back().type, sent.back().sequence, sent.back().payload);
    line.insert(line.end(), bytes.begin(), bytes.end());
  }
  for (size_t step : {1, 2, 3, 11, 500, 1012, 5000}) {
    FrameParser parser;
    EXPECT_EQ(parse(parser, line, step), sent) << step;
    EXPECT_EQ(parser.errors(), 0u);
    EXPECT_EQ(parser.skipped(), 0u);
  }
}

TEST(Frame, longer_than_the_limit_is_not_encoded) {
  std::vector<uint8_t> payload(kMaxPayload + 1), out(kMaxFrame + 1);
  EXPECT_EQ(encode_frame(1, 1, payload.data(), kMaxPayload + 1, out.data()), 0u);
}

TEST(Frame, with_any_single_bit_flipped_is_not_delivered_and_the_next_one_is) {
  Rng rng(3);
  const Delivered next{9, 8, {1, 2, 3}};
  for (size_t size : {0, 5, 33}) {
    const std::vector<uint8_t> good = encoded(7, 6, random_bytes(rng, size));
    for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
      std::vector<uint8_t> line = good;
      line[bit / 8] = static_cast<uint8_t>(line[bit / 8] ^ (1u << (bit % 8)));
      const auto follow = encoded(next.type, next.sequence, next.payload);
      line.insert(line.end(), follow.begin(), follow.end());
      FrameParser parser;
      EXPECT_EQ(parse(parser, line, 4), std::vector<Delivered>{next}) << "size " << size << " bit " << bit;
    }
  }
}

TEST(Frame, cut_short_is_not_delivered_and_the_next_ones_are) {
  Rng rng(4);
  const std::vector<uint8_t> good = encoded(7, 6, random_bytes(rng, 40));
  const Delivered next{9, 8, {1, 2, 3}};
  const auto follow = encoded(next.type, next.sequence, next.payload);
  for (size_t keep = 0; keep < good.size(); ++keep) {
    std::vector<uint8_t> line(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(keep));
    // A cut frame swallows at most its own length of what follows before its checksum shows the loss.
    for (int i = 0; i < 5; ++i) line.insert(line.end(), follow.begin(), follow.end());
    FrameParser parser;
    EXPECT_EQ(parse(parser, line, 64), std::vector<Delivered>(5, next)) << keep;
  }
}

TEST(Frame, is_found_behind_garbage_even_garbage_full_of_sync_bytes) {
  Rng rng(5);
  const Delivered sent{3, 4, {10, 20, 30}};
  const auto frame = encoded(sent.type, sent.sequence, sent.payload);
  for (int round = 0; round < 200; ++round) {
    std::vector<uint8_t> line = random_bytes(rng, rng.below(3000));
    if (round % 2 == 0) {
      for (uint8_t& byte : line) byte = rng.below(2) == 0 ? kSyncFirst : kSyncSecond;
    }
    const size_t garbage = line.size();
    line.insert(line.end(), frame.begin(), frame.end());
    FrameParser parser;
    EXPECT_EQ(parse(parser, line, 100), std::vector<Delivered>{sent}) << round;
    EXPECT_EQ(parser.skipped(), garbage);
  }
}

TEST(Frame, of_another_version_is_not_delivered_but_noticed) {
  std::vector<uint8_t> line = encoded(1, 1, {5});
  line[2] = kProtocolVersion + 1;
  line[7] = crc8(line.data() + 2, 5);
  put_u32(line.data() + 9, crc32(line.data() + 2, 7));
  FrameParser parser;
  EXPECT_TRUE(parse(parser, line, 100).empty());
  EXPECT_EQ(parser.foreign_version(), kProtocolVersion + 1);
}

}  // namespace
}  // namespace tadpole::app
