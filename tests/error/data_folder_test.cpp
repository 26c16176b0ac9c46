// What goes wrong with a data folder gets its code, the thing, and what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>

#include "data/audio_file.h"
#include "data/files.h"
#include "data/speech_folder.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DataFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (fs::temp_directory_path() / "tadpole_error_XXXXXX").string();
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void word(const std::string& name, int count = 3) {
    ASSERT_TRUE(make_folders(folder_ + "/" + name).ok());
    for (int i = 0; i < count; ++i) {
      const samples::Audio audio{
          16000, std::vector<int16_t>(16000, static_cast<int16_t>(100 * i + static_cast<int>(name.size())))};
      ASSERT_TRUE(write_wav(folder_ + "/" + name + "/" + std::to_string(i) + ".wav", audio).ok());
    }
  }

  void expect(Code code, const std::string& text, const FolderOptions& options = {}) {
    Workers workers(1);
    Silent silent;
    const auto read = read_speech_folder(folder_, options, workers, silent);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, code) << read.error().message();
    EXPECT_THAT(read.error().detail, HasSubstr(text));
  }

  std::string folder_;
};

TEST_F(DataFolder, that_is_empty_says_how_recordings_are_laid_out) {
  expect(Code::data_empty, "one folder per word");
}

TEST_F(DataFolder, with_loose_recordings_says_that_they_need_folders) {
  ASSERT_TRUE(write_wav(folder_ + "/a.wav", {16000, {1, 2, 3}}).ok());
  expect(Code::data_empty, "beside each other");
}

TEST_F(DataFolder, with_mp3_files_only_says_to_convert_them) {
  ASSERT_TRUE(make_folders(folder_ + "/yes").ok());
  ASSERT_TRUE(write_text(folder_ + "/yes/1.mp3", "ID3").ok());
  expect(Code::data_empty, ".mp3 files");
}

TEST_F(DataFolder, with_one_class_says_what_to_add) {
  word("yes");
  expect(Code::data_one_class, "\"yes\" is the only word");
}

TEST_F(DataFolder, without_the_class_asked_for_names_the_nearest) {
  word("yes");
  word("stop");
  expect(Code::data_unknown_class, "Did you mean \"stop\"?", {.words = {"yes", "stpo"}});
  expect(Code::data_unknown_class, "The folders are stop and yes", {.words = {"yes", "elephant"}});
  expect(Code::data_unknown_class, "made by Tadpole", {.words = {"yes", "silence"}});
  expect(Code::data_unknown_class, "twice", {.words = {"yes", "yes"}});
}

TEST_F(DataFolder, with_a_text_file_named_wav_shows_how_it_starts) {
  word("yes");
  word("no");
  ASSERT_TRUE(write_text(folder_ + "/yes/17.wav", "<html>").ok());
  expect(Code::audio_not_audio,
         "yes/17.wav: not a WAV file (starts with 3C 68 74 6D, \"<htm\"). Remove it, or import with "
         "--skip-bad.");
}

TEST_F(DataFolder, with_only_broken_files_in_a_class_is_refused_even_when_skipping) {
  word("yes");
  word("no");
  ASSERT_TRUE(make_folders(folder_ + "/up").ok());
  ASSERT_TRUE(write_text(folder_ + "/up/1.wav", "broken").ok());
  expect(Code::data_empty, "/up: none of its recordings", {.words = {"yes", "no", "up"}, .skip_bad = true});
}

TEST_F(DataFolder, with_a_damaged_groups_file_names_the_line) {
  word("yes");
  word("no");
  ASSERT_TRUE(write_text(folder_ + "/groups.csv", "path,group\nyes/0.wav\n").ok());
  expect(Code::groups_malformed, "groups.csv:2:");
}

TEST_F(DataFolder, that_does_not_exist_is_named) {
  Workers workers(1);
  Silent silent;
  const auto read = read_speech_folder(folder_ + "/none", {}, workers, silent);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::file_not_found);
  EXPECT_THAT(read.error().detail, HasSubstr("/none"));
}

TEST_F(DataFolder, stops_when_asked_to) {
  class Stopped final : public Progress {
    void report(std::string_view, long, long, std::string_view) override {}
    void say(std::string_view) override {}
    bool cancelled() const override { return true; }
  } stopped;
  word("yes");
  word("no");
  Workers workers(2);
  EXPECT_EQ(read_speech_folder(folder_, {}, workers, stopped).error().code, Code::cancelled);
}

}  // namespace
}  // namespace tadpole::data
