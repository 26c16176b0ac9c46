// Result, Error and the table of codes.
#include "base/result.h"

#include <gtest/gtest.h>

#include <set>

namespace tadpole::base {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Error{Code::bad_shape, "odd"};
  return value / 2;
}

Result<int> quarter(int value) {
  TADPOLE_TRY(const int once, half(value));
  TADPOLE_TRY(const int twice, half(once));
  return twice;
}

Result<void> is_even(int value) {
  TADPOLE_CHECK(half(value));
  return {};
}

TEST(Result, try_passes_the_value_on_and_returns_the_first_error) {
  EXPECT_EQ(*quarter(12), 3);
  ASSERT_FALSE(quarter(6).ok());
  EXPECT_EQ(quarter(6).error().code, Code::bad_shape);
  EXPECT_TRUE(is_even(2).ok());
  EXPECT_FALSE(is_even(3).ok());
}

TEST(ErrorTable, numbers_and_names_are_used_once_and_texts_are_sentences) {
  std::set<int> numbers;
  std::set<std::string_view> names;
  for (const CodeInfo& row : all_codes()) {
    EXPECT_TRUE(numbers.insert(static_cast<int>(row.code)).second) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_GT(row.summary.size(), 10u) << row.name;
    EXPECT_EQ(row.advice.back(), '.') << row.name;
  }
}

TEST(Error, message_ends_with_the_code_that_names_its_page) {
  EXPECT_EQ((Error{Code::audio_not_audio, "data/yes/17.wav: not a sound file."}.message()),
            "data/yes/17.wav: not a sound file. [E0110]");
  EXPECT_EQ((Error{Code::cancelled, ""}.message()), "the work was stopped on request [E0001]");
}

}  // namespace
}  // namespace tadpole::base
