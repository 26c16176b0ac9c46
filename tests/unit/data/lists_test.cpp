#include "data/lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tadpole::data {
namespace {

using testing::HasSubstr;

TEST(Groups, header_comments_quotes_windows_ends_and_a_source_are_read) {
  const auto groups = parse_groups(
      "\xEF\xBB\xBFpath,group,source\r\n# who\r\n\r\nyes/1.wav,anna\r\n\"a, b/2.wav\" , \"say "
      "\"\"hi\"\"\",synthetic\r\n./no\\3.wav,bob",
      "g");
  ASSERT_TRUE(groups.ok()) << groups.error().message();
  EXPECT_EQ(groups->size(), 3u);
  EXPECT_EQ(groups->at("yes/1.wav").group, "anna");
  EXPECT_EQ(groups->at("a, b/2.wav").group, "say \"hi\"");
  EXPECT_EQ(groups->at("a, b/2.wav").source, "synthetic");
  EXPECT_EQ(groups->at("no/3.wav").group, "bob");
}

TEST(Groups, columns_behind_are_kinds_of_groups_by_their_names) {
  const auto groups = parse_groups(
      "path,group,language,source,device\nyes/1.wav,anna,ar,synthetic,phone\nyes/2.wav,,en\nno/3.wav,bob",
      "g");
  ASSERT_TRUE(groups.ok()) << groups.error().message();
  EXPECT_EQ(groups->at("yes/1.wav").source, "synthetic");
  EXPECT_EQ(groups->at("yes/1.wav").more.at("language"), "ar");
  EXPECT_EQ(groups->at("yes/1.wav").more.at("device"), "phone");
  EXPECT_EQ(groups->at("yes/2.wav").more, (std::map<std::string, std::string>{{"language", "en"}}));
  EXPECT_TRUE(groups->at("no/3.wav").more.empty());
}

TEST(Groups, each_mistake_is_named_with_its_line) {
  const std::pair<const char*, const char*> cases[] = {
      {"yes/1.wav\n", "groups.csv:1: there is no group"},
      {"a,b\nyes/1.wav,\n", "groups.csv:2: there is no group"},
      {",anna\n", "no path"},
      {"\"yes/1.wav,anna\n", "quote"},
      {"a,b,c,d\n", "4 fields"},
      {"../x.wav,anna\n", "not below the data folder"},
      {"path,group,device,device\n", "groups.csv:1: there are two columns \"device\""},
      {"path,group,,device\n", "column 3 has no name"},
      {"path,group,source,device\na,b,c,d,e\n", "groups.csv:2: there are 5 fields"},
      {"path,group,source,device\na,,,\n", "groups.csv:2: there is no group"},
      {"yes/../../x.wav,anna\n", "not below the data folder"},
      {"/etc/x.wav,anna\n", "not below the data folder"},
      {"a,anna\na,bob\n", "in group \"anna\" before and is in \"bob\""},
  };
  for (const auto& [text, message] : cases) {
    const auto groups = parse_groups(text, "groups.csv");
    ASSERT_FALSE(groups.ok()) << text;
    EXPECT_EQ(groups.error().code, Code::groups_malformed);
    EXPECT_THAT(groups.error().detail, HasSubstr(message));
  }
}

TEST(Lists, lines_become_paths_whatever_their_ends) {
  EXPECT_THAT(parse_list("yes/1.wav\r\n\r\n ./no/2.wav \nup\\3.wav"),
              testing::ElementsAre("yes/1.wav", "no/2.wav", "up/3.wav"));
  EXPECT_TRUE(parse_list("").empty());
}

TEST(Speaker, comes_from_speech_commands_names_and_from_no_others) {
  EXPECT_EQ(speaker_of("f17d21b5_nohash_0.wav"), "f17d21b5");
  EXPECT_EQ(speaker_of("f17d21b5_nohash_12.wav.wav"), "f17d21b5");
  for (const char* name :
       {"jackson_3.wav", "3_jackson_0.wav", "anna_nohash_0.wav", "_nohash_0.wav", "f17d21b5_nohash_.wav",
        "f17d21b5_nohash_x.wav", "f17d21b5_nohash_1x.wav", "00000005_NO_04.wav", "1.wav", ""}) {
    EXPECT_EQ(speaker_of(name), "") << name;
  }
}

}  // namespace
}  // namespace tadpole::data
