// Folders as people have them become datasets that keep their promises, with a report that says what was
// done.
#include "data/speech_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/rng.h"
#include "data/audio_file.h"
#include "data/files.h"
#include "scratch.h"

namespace tadpole::data {
namespace {

using samples::Side;
using testing::ElementsAre;
using testing::HasSubstr;

// A burst of seeded noise in the middle of a second of near silence: like a word, and never twice the same.
samples::Audio word(uint64_t seed, int length = 16000, int rate = 16000) {
  Rng rng(seed);
  samples::Audio audio{rate, std::vector<int16_t>(static_cast<size_t>(length))};
  for (size_t i = 0; i < audio.pcm.size(); ++i) {
    const bool speaking = i > audio.pcm.size() / 3 && i < 2 * audio.pcm.size() / 3;
    audio.pcm[i] = static_cast<int16_t>(rng.normal() * (speaking ? 2000.0f : 10.0f));
  }
  return audio;
}

void put(const std::string& folder, const std::string& id, const samples::Audio& audio) {
  ASSERT_TRUE(make_folders(std::filesystem::path(folder + "/" + id).parent_path().string()).ok());
  ASSERT_TRUE(write_file(folder + "/" + id, encode_wav(audio), Sync::later).ok());
}

// `speakers` people say each word twice.
void fill(const std::string& folder, const std::vector<std::string>& words, int speakers) {
  uint64_t seed = 1;
  for (const std::string& name : words) {
    for (int speaker = 0; speaker < speakers; ++speaker) {
      for (int take = 0; take < 2; ++take) {
        char file[64];
        std::snprintf(file, sizeof file, "/%08x_nohash_%d.wav", 0xabc000 + speaker, take);
        put(folder, name + file, word(seed++));
      }
    }
  }
}

Result<Import> import(const std::string& folder, const FolderOptions& options = {}, int threads = 2) {
  Workers workers(threads);
  Silent silent;
  return read_speech_folder(folder, options, workers, silent);
}

bool has_warning(const DataReport& report, const std::string& kind) {
  return std::any_of(report.warnings.begin(), report.warnings.end(),
                     [&](const Finding& f) { return f.kind == kind; });
}

std::string all_notes(const DataReport& report) {
  std::string text;
  for (const std::string& note : report.notes) text += note + "\n";
  return text;
}

TEST(SpeechFolder, classes_are_silence_unknown_and_the_words_in_the_order_asked_for) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no", "cat", "dog"}, 5);
  const auto read = import(scratch.path(), {.words = {"yes", "no"}});
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_THAT(read->data.classes, ElementsAre("silence", "unknown", "yes", "no"));
  for (size_t i = 0; i < read->data.samples.size(); ++i) {
    const auto& sample = read->data.samples[i];
    const std::string name = read->data.classes[static_cast<size_t>(read->data.target[i])];
    const bool other = sample.label == "cat" || sample.label == "dog";
    EXPECT_EQ(name, other ? "unknown" : sample.label);
  }
}

TEST(SpeechFolder, without_words_every_folder_is_a_class_and_there_is_no_unknown) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no", "_hidden", ".git"}, 3);
  const auto read = import(scratch.path());
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(read->data.classes, ElementsAre("silence", "no", "yes"));
}

TEST(SpeechFolder, an_empty_unknown_is_left_out_and_said_so) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no"}, 3);
  const auto read = import(scratch.path(), {.words = {"yes", "no"}});
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(read->data.classes, ElementsAre("silence", "yes", "no"));
  EXPECT_EQ(read->data.class_index(samples::kUnknownName), -1);
  EXPECT_THAT(all_notes(read->report), HasSubstr("no class \"unknown\""));
}

TEST(SpeechFolder, speakers_are_groups_and_stay_on_one_side) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no"}, 20);
  const auto read = import(scratch.path());
  ASSERT_TRUE(read.ok());
  std::map<std::string, std::set<Side>> sides;
  for (size_t i = 0; i < read->data.samples.size(); ++i) {
    if (!read->data.samples[i].group.empty()) sides[read->data.samples[i].group].insert(read->data.side[i]);
  }
  EXPECT_EQ(sides.size(), 20u);
  for (const auto& [group, where] : sides) EXPECT_EQ(where.size(), 1u) << group;
}

TEST(SpeechFolder, groups_csv_names_the_groups_and_generic_names_do_not) {
  const Scratch scratch;
  std::string csv = "path,group,source\n";
  for (int i = 0; i < 12; ++i) {
    put(scratch.path(), "yes/jackson_" + std::to_string(i) + ".wav", word(static_cast<uint64_t>(i)));
    put(scratch.path(), "no/jackson_" + std::to_string(i) + ".wav", word(static_cast<uint64_t>(100 + i)));
    csv += "yes/jackson_" + std::to_string(i) + ".wav,person" + std::to_string(i % 4) + ",synthetic\n";
  }
  const auto before = import(scratch.path());
  ASSERT_TRUE(before.ok());
  for (const auto& sample : before->data.samples) EXPECT_EQ(sample.group, "");
  EXPECT_THAT(before->data.split_story, HasSubstr("blocks of time"));
  ASSERT_TRUE(write_text(scratch / "groups.csv", csv).ok());
  const auto after = import(scratch.path());
  ASSERT_TRUE(after.ok());
  std::set<std::string> groups;
  for (const auto& sample : after->data.samples) groups.insert(sample.group);
  EXPECT_THAT(groups, ElementsAre("", "person0", "person1", "person2", "person3"));
  EXPECT_THAT(all_notes(after->report), HasSubstr("12 recordings are synthetic"));
}

TEST(SpeechFolder, published_lists_win_over_the_seeded_split) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no"}, 6);
  ASSERT_TRUE(write_text(scratch / "validation_list.txt", "yes/00abc000_nohash_0.wav\n").ok());
  ASSERT_TRUE(write_text(scratch / "testing_list.txt", "no/00abc001_nohash_1.wav\nno/gone.wav\n").ok());
  const auto read = import(scratch.path());
  ASSERT_TRUE(read.ok());
  for (size_t i = 0; i < read->data.samples.size(); ++i) {
    const std::string& id = read->data.samples[i].id;
    if (read->data.target[i] == samples::kSilence) continue;
    EXPECT_EQ(read->data.side[i], id == "yes/00abc000_nohash_0.wav"  ? Side::validation
                                  : id == "no/00abc001_nohash_1.wav" ? Side::test
                                                                     : Side::train)
        << id;
  }
  EXPECT_THAT(read->data.split_story, HasSubstr("1 listed names have no recording"));
  EXPECT_TRUE(has_warning(read->report, "group_on_two_sides"));
}

TEST(SpeechFolder, noise_is_split_by_time_and_silence_is_cut_from_its_own_side) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no"}, 10);
  samples::Audio noise{16000, std::vector<int16_t>(16000 * 40)};
  for (size_t i = 0; i < noise.pcm.size(); ++i)
    noise.pcm[i] = static_cast<int16_t>(1 + i / 16000);  // tells its second
  put(scratch.path(), "_background_noise_/ramp.wav", noise);
  const auto read = import(scratch.path());
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->data.noise.size(), 3u);
  EXPECT_EQ(read->data.noise[0].audio().pcm.size() + read->data.noise[1].audio().pcm.size() +
                read->data.noise[2].audio().pcm.size(),
            noise.pcm.size());
  int silent_clips = 0;
  for (size_t i = 0; i < read->data.samples.size(); ++i) {
    const auto& sample = read->data.samples[i];
    if (read->data.target[i] != samples::kSilence) continue;
    ++silent_clips;
    EXPECT_EQ(sample.audio().pcm.size(), 16000u);
    // Train noise is seconds 1 to 32, validation 33 to 36, test 37 to 40; the volume only makes it smaller.
    const int16_t peak = *std::max_element(sample.audio().pcm.begin(), sample.audio().pcm.end());
    if (read->data.side[i] == Side::train) {
      EXPECT_LE(peak, 32) << sample.id;
    }
    const std::string start = read->data.side[i] == Side::train        ? "ramp.wav@0.000s"
                              : read->data.side[i] == Side::validation ? "ramp.wav@32.000s"
                                                                       : "ramp.wav@36.000s";
    EXPECT_THAT(sample.id, HasSubstr(start));
  }
  EXPECT_EQ(silent_clips, 20);  // as many as a word has on average
}

TEST(SpeechFolder, without_a_noise_folder_room_noise_is_made_and_said_so) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no"}, 5);
  const auto read = import(scratch.path());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->data.noise.size(), 3u);
  EXPECT_THAT(all_notes(read->report),
              HasSubstr("synthetic room noise was made for train, validation and test"));
}

TEST(SpeechFolder, unknown_is_capped_evenly_over_the_other_words) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no", "cat", "dog", "bird", "tree", "house", "bed"},
       10);  // 6 x 20 others, words have 20
  const auto read = import(scratch.path(), {.words = {"yes", "no"}, .unknown_percent_of_word_mean = 150});
  ASSERT_TRUE(read.ok());
  std::map<std::string, int> counts;
  int total = 0;
  for (size_t i = 0; i < read->data.samples.size(); ++i) {
    if (read->data.target[i] != 1) continue;
    ++counts[read->data.samples[i].label];
    ++total;
  }
  EXPECT_EQ(total, 30);
  EXPECT_EQ(counts.size(), 6u);
  // Evenly on each of three sides, so at most one more for each side.
  for (const auto& [label, count] : counts) EXPECT_NEAR(count, 5, 3) << label;
  EXPECT_THAT(all_notes(read->report), HasSubstr("Of 120 recordings of other words, 30 were chosen"));
}

TEST(SpeechFolder, is_the_same_for_any_number_of_threads_and_another_for_another_seed) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no", "cat", "dog", "bird"}, 12);
  const auto shape = [](const Import& read) {
    std::vector<std::tuple<std::string, int, Side, std::vector<int16_t>>> rows;
    for (size_t i = 0; i < read.data.samples.size(); ++i) {
      rows.emplace_back(read.data.samples[i].id, read.data.target[i], read.data.side[i],
                        read.data.samples[i].audio().pcm);
    }
    return rows;
  };
  const FolderOptions options = {.words = {"yes", "no"}};
  const auto one = import(scratch.path(), options, 1);
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(shape(*one), shape(*import(scratch.path(), options, 3)));
  FolderOptions other = options;
  other.split.seed = 2;
  EXPECT_NE(shape(*one), shape(*import(scratch.path(), other)));
}

TEST(SpeechFolder, odd_recordings_are_warned_of_by_name) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no"}, 20);
  put(scratch.path(), "yes/silent.wav", {16000, std::vector<int16_t>(16000, 3)});
  samples::Audio loud = word(500), cut = word(501);
  for (size_t i = 7000; i < 7100; ++i) loud.pcm[i] = 32767;
  for (size_t i = 14000; i < 16000; ++i) cut.pcm[i] = static_cast<int16_t>((i % 50 < 25) ? 3000 : -3000);
  put(scratch.path(), "yes/loud.wav", loud);
  put(scratch.path(), "yes/cut.wav", cut);
  put(scratch.path(), "no/copy.wav", cut);
  const auto read = import(scratch.path());
  ASSERT_TRUE(read.ok());
  std::map<std::string, std::vector<std::string>> found;
  for (const Finding& finding : read->report.warnings) found[finding.kind] = finding.paths;
  EXPECT_THAT(found["silent"], ElementsAre("yes/silent.wav"));
  EXPECT_THAT(found["clipped"], ElementsAre("yes/loud.wav"));
  EXPECT_THAT(found["cut_off"], ElementsAre("no/copy.wav", "yes/cut.wav"));
  EXPECT_THAT(found["duplicate"], ElementsAre("no/copy.wav = yes/cut.wav"));
  EXPECT_THAT(to_text(read->report), HasSubstr("Some are in two classes"));
}

TEST(SpeechFolder, small_classes_are_warned_of) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no"}, 10);
  const auto read = import(scratch.path());
  EXPECT_TRUE(has_warning(read->report, "few_samples"));
  EXPECT_THAT(to_text(read->report), HasSubstr("Fewer than 30 recordings: no (20), yes (20)"));
}

TEST(SpeechFolder, other_rates_and_lengths_are_converted_and_said_so) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no"}, 3);
  put(scratch.path(), "yes/slow.wav", word(300, 8000, 8000));
  put(scratch.path(), "yes/long.wav", word(301, 48000));
  put(scratch.path(), "yes/short.wav", word(302, 4000));
  const auto read = import(scratch.path());
  ASSERT_TRUE(read.ok());
  const std::string notes = all_notes(read->report);
  EXPECT_THAT(notes, HasSubstr("1 recording was resampled from 8000 Hz to 16000 Hz"));
  EXPECT_THAT(notes, HasSubstr("1 recording is longer than 1000 ms"));
  EXPECT_THAT(notes, HasSubstr("1 recording is shorter than 1000 ms"));
  for (const auto& sample : read->data.samples) {
    if (sample.id != "yes/long.wav") continue;
    ASSERT_EQ(sample.audio().pcm.size(), 16000u);
    // The burst fills the middle second of the three.
    int64_t energy = 0;
    for (const int16_t value : sample.audio().pcm) energy += static_cast<int64_t>(value) * value;
    EXPECT_GT(std::sqrt(static_cast<double>(energy) / 16000), 1900);  // nearly all of it is the burst of 2000
  }
}

TEST(SpeechFolder, broken_files_stop_the_import_or_are_skipped_by_name) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no"}, 4);
  ASSERT_TRUE(write_text(scratch / "yes/17.wav", "<html>not here").ok());
  ASSERT_TRUE(write_text(scratch / "no/empty.wav", "").ok());
  const auto strict = import(scratch.path());
  ASSERT_FALSE(strict.ok());
  EXPECT_EQ(strict.error().code, Code::audio_empty);
  EXPECT_THAT(strict.error().detail, HasSubstr("no/empty.wav"));
  EXPECT_THAT(strict.error().detail, HasSubstr("1 more of the files"));
  const auto lenient = import(scratch.path(), {.skip_bad = true});
  ASSERT_TRUE(lenient.ok());
  EXPECT_EQ(lenient->report.files, 16);
  EXPECT_THAT(to_text(lenient->report),
              testing::AllOf(HasSubstr("yes/17.wav"), HasSubstr("3C 68 74 6D"), HasSubstr("no/empty.wav")));
}

TEST(SpeechFolder, a_table_of_the_report_adds_up_in_text_and_json) {
  const Scratch scratch;
  fill(scratch.path(), {"yes", "no", "cat"}, 20);
  const auto read = import(scratch.path(), {.words = {"yes", "no"}});
  const auto json = to_json(read->report);
  int total = 0;
  for (const auto& row : json["classes"])
    total += row["train"].get<int>() + row["validation"].get<int>() + row["test"].get<int>();
  EXPECT_EQ(total, static_cast<int>(read->data.samples.size()));
  EXPECT_THAT(to_text(read->report), HasSubstr(std::to_string(total)));
  EXPECT_EQ(json["classes"][2]["name"], "yes");
}

TEST(SpeechFolder, the_real_subset_is_read_as_its_lists_say) {
  const std::string folder = TADPOLE_SOURCE_DIR "/../shared/data/speech_commands";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "needs ../shared/data/speech_commands";
  const auto read = import(folder, {.words = {"yes", "no", "up", "down", "stop", "go"}});
  ASSERT_TRUE(read.ok()) << read.error().message();
  for (size_t i = 2; i < 8; ++i) {
    const auto& row = read->report.classes[i];
    EXPECT_EQ(row.count[0] + row.count[1] + row.count[2], 100) << row.name;
  }
  EXPECT_FALSE(has_warning(read->report, "group_on_two_sides"));
  EXPECT_FALSE(has_warning(read->report, "skipped"));
}

}  // namespace
}  // namespace tadpole::data
