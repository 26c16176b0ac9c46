// Nearest names and readable numbers.
#include "base/text.h"

#include <gtest/gtest.h>

#include <array>

namespace tadpole::base {
namespace {

TEST(Nearest, finds_slips_of_the_finger_and_nothing_for_strangers) {
  const std::array<std::string_view, 3> keys = {"window_ms", "stride_ms", "bands"};
  EXPECT_EQ(nearest("windw_ms", keys), "window_ms");
  EXPECT_EQ(nearest("Bnads", keys), "bands");
  EXPECT_EQ(nearest("learning_rate", keys), "");
}

TEST(Text, numbers_read_as_people_write_them) {
  EXPECT_EQ(with_commas(983040), "983,040");
  EXPECT_EQ(with_commas(-1000), "-1,000");
  EXPECT_EQ(with_commas(-100), "-100");
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(readable_bytes(1023), "1023 B");
  EXPECT_EQ(readable_bytes(1536), "1.5 KB");
  EXPECT_EQ(readable_bytes(983040), "960.0 KB");
}

TEST(Text, words_are_joined_as_in_a_sentence) {
  const std::array<std::string_view, 3> three = {"a", "b", "c"};
  EXPECT_EQ(join_words(three), "a, b and c");
  EXPECT_EQ(join_words(std::span(three).first(1)), "a");
}

}  // namespace
}  // namespace tadpole::base
