// Settings are changed where they stand; nothing else of the user's file moves.
#include "project/change_settings.h"

#include <gtest/gtest.h>

#include "project/config.h"

namespace tadpole::project {
namespace {

std::string changed(std::string_view text, const std::vector<SettingChange>& changes) {
  const auto result = change_settings(text, "tadpole.toml", changes);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().detail);
  return result.ok() ? *result : "";
}

TEST(ChangeSettings, replaces_the_value_and_keeps_comments_order_and_spaces) {
  EXPECT_EQ(changed("# mine\n[deploy]\nthreshold   =  0.6  # \"tuned\" by ear\nboard = \"virtual-m55\"\n",
                    {{"deploy", "threshold", "0.85"}}),
            "# mine\n[deploy]\nthreshold   =  0.85  # \"tuned\" by ear\nboard = \"virtual-m55\"\n");
}

TEST(ChangeSettings, adds_a_missing_key_below_its_sections_name) {
  EXPECT_EQ(changed("[deploy] # where\nboard = \"virtual-m55\"\n[train]\nseed = 3\n",
                    {{"deploy", "threshold", "0.5"}}),
            "[deploy] # where\nthreshold = 0.5\nboard = \"virtual-m55\"\n[train]\nseed = 3\n");
  EXPECT_EQ(changed("[deploy]", {{"deploy", "threshold", "0.5"}}), "[deploy]\nthreshold = 0.5\n");
}

TEST(ChangeSettings, adds_a_missing_section_at_the_end) {
  EXPECT_EQ(changed("format = 1", {{"anomaly", "margin", "2.5"}}), "format = 1\n\n[anomaly]\nmargin = 2.5\n");
}

TEST(ChangeSettings, counts_characters_and_not_bytes_before_the_value) {
  EXPECT_EQ(changed("deploy = { board = \"b\xC3\xBChne\", threshold = 0.6 }  # \xE2\x82\xAC\n",
                    {{"deploy", "threshold", "0.25"}}),
            "deploy = { board = \"b\xC3\xBChne\", threshold = 0.25 }  # \xE2\x82\xAC\n");
}

TEST(ChangeSettings, adds_to_inline_tables_and_keeps_windows_line_ends) {
  EXPECT_EQ(changed("deploy = { board = \"x\" }\r\n[train]\r\nseed = 1\r\n",
                    {{"deploy", "threshold", "0.5"}, {"train", "seed", "2"}}),
            "deploy = { threshold = 0.5, board = \"x\" }\r\n[train]\r\nseed = 2\r\n");
}

TEST(ChangeSettings, changes_what_tadpole_itself_wrote) {
  ProjectConfig config;
  const std::string text = changed(config_text(config), {{"deploy", "threshold", "0.713"},
                                                         {"deploy", "minimum_count", "5"},
                                                         {"threshold", "miss_cost", "3.0"}});
  const auto again = parse_config(text, "tadpole.toml");
  ASSERT_TRUE(again.ok());
  config.deploy.threshold = 0.713f;
  config.deploy.minimum_count = 5;
  config.threshold.miss_cost = 3;
  EXPECT_EQ(config_text(*again), config_text(config));
}

TEST(ChangeSettings, refuses_values_that_the_file_may_not_hold) {
  const auto result = change_settings("[deploy]\nthreshold = 0.5\n", "tadpole.toml",
                                      std::vector<SettingChange>{{"deploy", "threshold", "7"}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::config_bad_value);
  EXPECT_FALSE(change_settings("deploy = 3\n", "tadpole.toml",
                               std::vector<SettingChange>{{"deploy", "threshold", "0.7"}})
                   .ok());
}

}  // namespace
}  // namespace tadpole::project
