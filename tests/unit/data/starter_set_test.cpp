// The starter set is whole, repeatable, importable, and says that it is synthetic.
#include "data/starter_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <map>

#include "data/files.h"
#include "data/process.h"
#include "data/speech_folder.h"
#include "data/starter_voices.h"
#include "scratch.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;

#define NEEDS_SYNTHESISERS()                                          \
  if (!find_program("espeak-ng").ok() || !find_program("flite").ok()) \
  GTEST_SKIP() << "needs espeak-ng and flite"

// Two words, no others, a quarter of the voices: a tenth of the work.
StarterOptions small() {
  StarterOptions options;
  options.words = {"yes", "no"};
  options.other_words = {};
  options.voices = 12;
  return options;
}

std::map<std::string, std::string> contents(const std::string& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file())
      all[fs::relative(entry.path(), folder).string()] = sha256_hex(*read_file(entry.path().string()));
  }
  return all;
}

TEST(StarterSet, the_same_seed_gives_the_same_bytes_for_any_number_of_threads_and_imports_by_voice) {
  NEEDS_SYNTHESISERS();
  const Scratch scratch;
  Silent silent;
  Workers one(1), two(2);
  const auto made = make_starter_set(scratch / "a", small(), two, silent);
  ASSERT_TRUE(made.ok()) << made.error().message();
  ASSERT_TRUE(make_starter_set(scratch / "b", small(), one, silent).ok());
  EXPECT_EQ(contents(scratch / "a"), contents(scratch / "b"));
  EXPECT_EQ(fs::exists(scratch / "a/README.md"), true);
  EXPECT_THAT(*read_text(scratch / "a/README.md"), testing::HasSubstr("synthetic"));

  const auto read = read_speech_folder(scratch / "a", {.words = {"yes", "no"}}, two, silent);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->report.classes[1].groups, made->voices);
  for (const auto& sample : read->data.samples)
    EXPECT_TRUE(sample.source == "synthetic" || sample.source == "noise") << sample.id;
  // Nothing silent, clipped or cut short among them, and no two alike.
  for (const Finding& finding : read->report.warnings) {
    const bool few = finding.kind == "few_samples";  // 24 a word, as only 12 voices were asked for
    const bool edge = finding.kind == "cut_off" && finding.paths.size() < 5;
    EXPECT_TRUE(few || edge) << finding.sentence;
  }
}

TEST(StarterSet, never_touches_a_folder_that_is_there) {
  NEEDS_SYNTHESISERS();
  const Scratch scratch;
  Silent silent;
  Workers workers(1);
  ASSERT_TRUE(make_folders(scratch / "mine").ok());
  const auto made = make_starter_set(scratch / "mine", small(), workers, silent);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::file_unwritable);
  EXPECT_TRUE(fs::is_empty(scratch / "mine"));
}

TEST(StarterSet, leaves_nothing_behind_when_stopped_half_way) {
  NEEDS_SYNTHESISERS();
  class StopsAfter20 final : public Progress {
   public:
    void report(std::string_view, long done, long, std::string_view) override {
      if (done >= 20) stop_ = true;
    }
    void say(std::string_view) override {}
    bool cancelled() const override { return stop_; }

   private:
    std::atomic<bool> stop_{false};
  } progress;
  const Scratch scratch;
  Workers workers(2);
  EXPECT_EQ(make_starter_set(scratch / "a", small(), workers, progress).error().code, Code::cancelled);
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(StarterSet, words_that_cannot_be_folders_are_refused) {
  const Scratch scratch;
  Workers workers(1);
  Silent silent;
  for (const char* word : {"", "a/b", "../up", "_unknown", "-h"}) {
    StarterOptions options;
    options.words = {"yes", word};
    const auto made = make_starter_set(scratch / "set", options, workers, silent);
    ASSERT_FALSE(made.ok()) << word;
    EXPECT_EQ(made.error().code, Code::data_bad_option);
  }
  EXPECT_FALSE(fs::exists(scratch / "set"));
}

TEST(StarterSet, a_missing_synthesiser_is_named_with_what_to_install) {
  const Scratch scratch;
  Silent silent;
  Workers workers(1);
  const std::string path = getenv("PATH");
  setenv("PATH", scratch.path().c_str(), 1);
  const auto made = make_starter_set(scratch / "a", small(), workers, silent);
  setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::program_missing);
  EXPECT_THAT(made.error().detail,
              testing::AllOf(testing::HasSubstr("espeak-ng"), testing::HasSubstr("apt-get install")));
}

TEST(StarterVoices, other_languages_spell_the_words_so_that_they_sound_english) {
  for (const Voice& voice : starter_voices()) {
    if (voice.language.empty()) {
      EXPECT_EQ(spelled_for(voice, "down"), "down") << voice.name;
    } else {
      EXPECT_NE(spelled_for(voice, "down"), "down") << voice.name;
    }
    EXPECT_EQ(spelled_for(voice, "house"), "house");
    EXPECT_TRUE(can_say(voice, "yes")) << voice.name;
    EXPECT_EQ(can_say(voice, "house"), voice.language.empty()) << voice.name;
  }
}

}  // namespace
}  // namespace tadpole::data
