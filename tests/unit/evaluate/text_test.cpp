// Numbers and strings as people read them.
#include "evaluate/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tadpole::evaluate {
namespace {

// Non-breaking spaces as ordinary ones, so that the expected texts can be read.
std::string plain(std::string text) {
  for (size_t at; (at = text.find("\xC2\xA0")) != std::string::npos;) text.replace(at, 2, " ");
  return text;
}

TEST(Escape, markup_and_quotes_lose_their_meaning) {
  EXPECT_EQ(escape("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  EXPECT_EQ(escape("gr\xC3\xBC\xC3\x9F dich \xF0\x9F\x90\xB8"), "gr\xC3\xBC\xC3\x9F dich \xF0\x9F\x90\xB8");
}

TEST(Escape, bytes_that_are_no_utf8_and_control_characters_are_replaced) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(escape("a\x80z"), "a" + mark + "z");                     // a tail without a head
  EXPECT_EQ(escape("\xC3"), mark);                                   // cut off
  EXPECT_EQ(escape("\xC0\xAF"), mark + mark);                        // overlong
  EXPECT_EQ(escape("\xED\xA0\x80"), mark + mark + mark);             // a surrogate
  EXPECT_EQ(escape("\xF4\x90\x80\x80"), mark + mark + mark + mark);  // above U+10FFFF
  EXPECT_EQ(escape(std::string_view("\0\x1B\x7F", 3)), mark + mark + mark);
  EXPECT_EQ(escape("tab\tand\nline"), "tab\tand\nline");
}

TEST(Numbers, thousands_are_separated) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567.891, 2), "1,234,567.89");
  EXPECT_EQ(grouped(-1234),
            "\xE2\x88\x92"
            "1,234");
  EXPECT_EQ(grouped(-0.001, 1), "0.0");
  EXPECT_EQ(grouped(NAN), "\xE2\x80\x93");
  EXPECT_EQ(grouped(1e300), "1e+300");
}

TEST(Numbers, sizes_are_in_units_of_1024) {
  EXPECT_EQ(plain(bytes_text(812)), "812 B");
  EXPECT_EQ(plain(bytes_text(262144)), "256 KB");
  EXPECT_EQ(plain(bytes_text(46752)), "45.7 KB");
  EXPECT_EQ(plain(bytes_text(1258291)), "1.2 MB");
}

TEST(Numbers, percent_says_all_and_none_only_when_it_is_so) {
  EXPECT_EQ(plain(percent_text(0.8523)), "85.2 %");
  EXPECT_EQ(plain(percent_text(1)), "100 %");
  EXPECT_EQ(plain(percent_text(0.99999)), "99.9 %");
  EXPECT_EQ(plain(percent_text(0.00001)), "0.1 %");
  EXPECT_EQ(plain(percent_text(0)), "0 %");
}

TEST(Numbers, large_counts_have_words_and_durations_have_two_units_at_most) {
  EXPECT_EQ(plain(compact(950)), "950");
  EXPECT_EQ(plain(compact(12345)), "12.3 thousand");
  EXPECT_EQ(plain(compact(2660000)), "2.66 million");
  EXPECT_EQ(plain(compact(999999)), "1.00 million");
  EXPECT_EQ(plain(duration_text(0.44)), "0.4 s");
  EXPECT_EQ(plain(duration_text(200)), "3 min 20 s");
  EXPECT_EQ(plain(duration_text(7500)), "2 h 5 min");
  EXPECT_EQ(plain(duration_text(59.7)), "1 min");
}

TEST(Numbers, the_tooltip_has_the_exact_value) {
  EXPECT_EQ(plain(bytes_html(46752)), "<data value=\"46752\" title=\"46,752 bytes\">45.7 KB</data>");
}

TEST(Base64, equals_the_examples_of_rfc_4648) {
  const auto encode = [](std::string_view text) {
    return base64(std::vector<uint8_t>(text.begin(), text.end()));
  };
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg==");
  EXPECT_EQ(encode("fo"), "Zm8=");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace tadpole::evaluate
