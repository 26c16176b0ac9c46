// The program as a user types it: exit codes, messages, JSON. What needs no training.
#include <gtest/gtest.h>

#include "tests/e2e/tadpole_program.h"

namespace tadpole {
namespace {

TEST(CommandLine, alone_it_says_what_to_do_next) {
  const Folder folder;
  const auto result = folder.tadpole({});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.out.find("tadpole new"), std::string::npos) << result.out;
}

TEST(CommandLine, every_command_has_help_with_an_example) {
  const Folder folder;
  for (const char* command :
       {"new", "data", "features", "train", "test", "quantise", "convert", "inspect", "deploy", "run",
        "listen", "profile", "runs", "report", "board", "doctor", "completion"}) {
    const auto result = folder.tadpole({command, "--help"});
    EXPECT_EQ(result.exit_code, 0) << command;
    EXPECT_NE(result.out.find("Example:"), std::string::npos) << command << "\n" << result.out;
  }
}

TEST(CommandLine, wrong_use_is_exit_code_2_and_a_hint) {
  const Folder folder;
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {"trian"}, {"train", "--sede", "3"}, {"run"}, {"new"}, {"convert", "a", "b.txt"}}) {
    const auto result = folder.tadpole(wrong);
    EXPECT_EQ(result.exit_code, 2) << wrong[0];
    EXPECT_NE(result.err.find("--help"), std::string::npos) << result.err;
  }
}

TEST(CommandLine, outside_a_project_it_says_how_to_make_one) {
  const Folder folder;
  for (const char* command : {"train", "quantise", "deploy", "data", "report"}) {
    const auto result = folder.tadpole({command});
    EXPECT_EQ(result.exit_code, 1) << command;
    EXPECT_NE(result.err.find("[E0710]"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("tadpole new"), std::string::npos) << result.err;
  }
}

TEST(CommandLine, with_json_the_last_line_is_an_object_for_success_and_failure) {
  const Folder folder;
  EXPECT_TRUE(folder.tadpole({"board", "--json"}).json().contains("boards"));
  EXPECT_TRUE(folder.tadpole({"doctor", "--json"}).json().contains("programs"));
  EXPECT_EQ(folder.tadpole({"train", "--json"}).json()["error"]["code"], "E0710");
}

TEST(CommandLine, new_refuses_folders_that_cannot_be_learned_from) {
  const Folder folder;
  folder.make("empty");
  EXPECT_NE(folder.tadpole({"new", "p", "--data", "empty"}).err.find("[E0100]"), std::string::npos);
  EXPECT_NE(folder.tadpole({"new", "p", "--data", "nowhere"}).err.find("[E0010]"), std::string::npos);
  folder.write_silence("one/yes/1.wav");
  EXPECT_NE(folder.tadpole({"new", "p", "--data", "one"}).err.find("[E0101]"), std::string::npos);
  folder.write_silence("one/no/1.wav");
  const auto misspelt = folder.tadpole({"new", "p", "--data", "one", "--words", "yse,no"});
  EXPECT_EQ(misspelt.exit_code, 1);
  EXPECT_NE(misspelt.err.find("Did you mean 'yes'?"), std::string::npos) << misspelt.err;
  EXPECT_FALSE(folder.has("p"));
  EXPECT_EQ(folder.tadpole({"new", "p", "--data", "one"}).exit_code, 0);
  EXPECT_NE(folder.tadpole({"new", "p", "--data", "one"}).err.find("[E0711]"), std::string::npos);
}

TEST(CommandLine, steps_out_of_order_name_the_command_to_run_first) {
  const Folder folder;
  folder.write_silence("d/yes/1.wav");
  folder.write_silence("d/no/1.wav");
  ASSERT_EQ(folder.tadpole({"new", "p", "--data", "d"}).exit_code, 0);
  EXPECT_NE(folder.tadpole({"quantise", "--project", "p"}).err.find("Run first: tadpole train"),
            std::string::npos);
  EXPECT_NE(folder.tadpole({"deploy", "--project", "p"}).err.find("Run first: tadpole quantise"),
            std::string::npos);
  EXPECT_NE(folder.tadpole({"run", "--test", "--project", "p"}).err.find("Run first: tadpole deploy"),
            std::string::npos);
}

}  // namespace
}  // namespace tadpole
