// Each format that people have becomes the data folder that it should, whole or not at all.
#include "data/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "data/audio_file.h"
#include "data/files.h"
#include "data/folder.h"
#include "data/image_file.h"
#include "data/lists.h"
#include "memory_growth.h"
#include "scratch.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class Import : public testing::Test {
 protected:
  void put(const std::string& file, const std::string& text) {
    const std::string path = scratch_ / ("in/" + file);
    ASSERT_TRUE(make_folders(fs::path(path).parent_path().string()).ok());
    ASSERT_TRUE(write_text(path, text).ok());
  }
  void put(const std::string& file, const std::vector<uint8_t>& bytes) {
    put(file, std::string(bytes.begin(), bytes.end()));
  }
  void put_sound(const std::string& file, int level = 1000, int length = 1600) {
    put(file,
        encode_wav({16000, std::vector<int16_t>(static_cast<size_t>(length), static_cast<int16_t>(level))}));
  }

  ImportSummary import(const ImportOptions& options = {}, const std::string& source = "") {
    Silent silent;
    const auto done = import_data(scratch_ / ("in" + source), out(), options, silent);
    if (!done.ok()) ADD_FAILURE() << done.error().message();
    return done.ok() ? *done : ImportSummary{};
  }
  Error refused(const ImportOptions& options = {}) {
    Silent silent;
    const auto done = import_data(scratch_ / "in", out(), options, silent);
    EXPECT_FALSE(done.ok());
    EXPECT_FALSE(fs::exists(out()));
    for (const auto& entry : fs::directory_iterator(scratch_.path()))
      EXPECT_EQ(entry.path().filename().string(), "in") << "something was left behind";
    return done.ok() ? Error{Code::internal, ""} : done.error();
  }
  std::string out() const { return scratch_ / "out"; }
  std::string text(const std::string& file) const {
    return read_text(out() + "/" + file).ok() ? *read_text(out() + "/" + file) : "missing";
  }

  Scratch scratch_;
};

TEST_F(Import, words_in_folders_keep_their_names_speakers_and_lists) {
  put_sound("yes/0a1b2c3d_nohash_0.wav", 1);
  put_sound("yes/0a1b2c3e_nohash_0.wav", 2);
  put_sound("no/0a1b2c3d_nohash_1.wav", 3);
  put_sound("_background_noise_/tap.wav", 4);
  put("validation_list.txt", "yes/0a1b2c3d_nohash_0.wav\n");
  put("testing_list.txt", "no/0a1b2c3d_nohash_1.wav\n");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.format, "sounds");
  EXPECT_THAT(summary.counts.labels,
              ElementsAre(Pair("_background_noise_", 1), Pair("no", 1), Pair("yes", 2)));
  EXPECT_EQ(summary.counts.groups.size(), 2u);
  EXPECT_EQ(text("testing_list.txt"), "no/0a1b2c3d_nohash_1.wav\n");
  EXPECT_EQ(text("validation_list.txt"), "yes/0a1b2c3d_nohash_0.wav\n");
  EXPECT_THAT(text("groups.csv"), HasSubstr("yes/0a1b2c3e_nohash_0.wav,0a1b2c3e\n"));
  EXPECT_EQ(text("yes/0a1b2c3d_nohash_0.wav"), *read_text(scratch_ / "in/yes/0a1b2c3d_nohash_0.wav"));
}

TEST_F(Import, digits_by_name_have_their_speakers) {
  for (const char* name : {"0_anna_0", "0_anna_1", "1_anna_0", "1_ben_0", "0_ben_0"})
    put_sound("recordings/" + std::string(name) + ".wav");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.format, "spoken-digits");
  EXPECT_THAT(summary.counts.labels, ElementsAre(Pair("0", 3), Pair("1", 2)));
  EXPECT_THAT(summary.counts.groups, ElementsAre(Pair("anna", 3), Pair("ben", 2)));
}

TEST_F(Import, common_voice_gives_words_speakers_and_sides) {
  for (const char* clip : {"a", "b", "c"}) put_sound("clips/" + std::string(clip) + ".wav");
  const std::string header = "client_id\tpath\tsentence\tup_votes\tgender\tlocale\n";
  put("train.tsv",
      header + "speaker1\ta.wav\tYes.\t2\tfemale\ten\nspeaker1\ta.wav\tTwo \"words\" here\t2\t\ten\n");
  put("dev.tsv", header + "speaker2\tb.wav\tno\t2\t\ten\n");
  put("test.tsv", header + "speaker3\tc.wav\tno\t2\tmale\t\n");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.format, "common-voice");
  EXPECT_THAT(summary.counts.labels, ElementsAre(Pair("no", 2), Pair("yes", 1)));
  EXPECT_EQ(text("testing_list.txt"), "no/c.wav\n");
  EXPECT_THAT(text("groups.csv"), HasSubstr("path,group,gender,language\n"));
  EXPECT_THAT(text("groups.csv"), HasSubstr("yes/a.wav,speaker1,female,en\n"));
  EXPECT_THAT(text("groups.csv"), HasSubstr("no/b.wav,speaker2,,en\n"));
  EXPECT_THAT(summary.notes, ElementsAre(HasSubstr("several words")));
}

TEST_F(Import, a_clip_that_is_missing_is_named_by_line_or_skipped) {
  put_sound("clips/a.wav");
  put("validated.tsv", "client_id\tpath\tsentence\ns\ta.wav\tyes\ns\tb.wav\tno\n");
  EXPECT_THAT(refused().detail, HasSubstr("validated.tsv:3: names clips/b.wav, which is not there"));
  const ImportSummary summary = import({.skip_bad = true});
  EXPECT_EQ(summary.counts.samples, 1);
  ASSERT_EQ(summary.left_out.size(), 1u);
  EXPECT_THAT(to_text(summary), HasSubstr("Left out: 1"));
}

TEST_F(Import, label_tracks_cut_recordings) {
  put_sound("anna.wav", 500, 32000);
  put("anna.txt", "0.5\t1.0\tyes\n\\\t100\t200\n1.25\t1.75\tno\n");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.format, "labelled-sound");
  const auto cut = read_audio(out() + "/yes/anna_00000.500.wav", 16000);
  ASSERT_TRUE(cut.ok()) << cut.error().message();
  EXPECT_EQ(cut->audio.pcm.size(), 8000u);
  EXPECT_THAT(summary.counts.groups, ElementsAre(Pair("anna", 2)));
}

TEST_F(Import, a_label_track_with_an_end_before_the_start_names_the_line) {
  put_sound("anna.wav", 500, 32000);
  put("anna.txt", "0.5\t1.0\tyes\n2.0\t1.0\tno\n");
  EXPECT_THAT(refused().detail, HasSubstr("anna.txt:2: the end has to be after the start"));
}

TEST_F(Import, long_recordings_are_cut_into_words_by_their_energy) {
  std::vector<int16_t> pcm(16000 * 5);
  for (size_t i = 0; i < pcm.size(); ++i) {
    const size_t second = i / 16000, within = i % 16000;
    pcm[i] = static_cast<int16_t>(i % 7);
    if (second > 0 && second < 4 && within > 4000 && within < 10000)
      pcm[i] = static_cast<int16_t>(8000 * std::sin(0.3 * static_cast<double>(i)));
  }
  put("yes 1.wav", encode_wav({16000, pcm}));
  const ImportSummary summary = import({}, "/yes 1.wav");
  EXPECT_EQ(summary.format, "long-sound");
  EXPECT_THAT(summary.counts.labels, ElementsAre(Pair("yes", 3)));
  const auto word = read_audio(out() + "/yes/yes 1_00001.100.wav", 16000);
  ASSERT_TRUE(word.ok());
  EXPECT_NEAR(word->audio.seconds(), 0.375 + 0.3, 0.03);  // the word and two margins
}

TEST_F(Import, a_broken_sound_stops_the_import_or_is_listed) {
  put_sound("yes/1.wav");
  put("yes/2.wav", "<html>");
  EXPECT_THAT(refused().detail, HasSubstr("yes/2.wav: not a WAV file (starts with 3C 68 74 6D"));
  EXPECT_EQ(import({.skip_bad = true}).left_out.size(), 1u);
}

TEST_F(Import, pictures_in_folders_and_coco) {
  const samples::Image image{8, 8, 3, std::vector<uint8_t>(192, 77)};
  for (int i = 1; i <= 4; ++i) put("photos/" + std::to_string(i) + ".png", *encode_png(image));
  put("instances.json", R"({"images": [{"id": 1, "file_name": "1.png", "width": 100, "height": 100},
    {"id": 2, "file_name": "2.png", "width": 100, "height": 100}, {"id": 3, "file_name": "3.png", "width": 100, "height": 100},
    {"id": 9, "file_name": "9.png", "width": 100, "height": 100}],
    "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50]},
    {"image_id": 2, "category_id": 1, "bbox": [0, 0, 4, 4]}, {"image_id": 3, "category_id": 2, "bbox": [0, 0, 50, 50]},
    {"image_id": 9, "category_id": 1, "bbox": [0, 0, 50, 50]}],
    "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}]})");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.format, "coco");
  EXPECT_TRUE(fs::exists(out() + "/person/1.png"));
  EXPECT_TRUE(fs::exists(out() + "/no_person/2.png"));  // 0.16 % of the picture
  EXPECT_TRUE(fs::exists(out() + "/no_person/3.png"));
  EXPECT_THAT(summary.notes.front(), HasSubstr("1 annotated pictures are not there"));
}

TEST_F(Import, captions_say_who_is_in_a_picture) {
  const samples::Image image{8, 8, 1, std::vector<uint8_t>(64, 77)};
  for (int i = 1; i <= 3; ++i) put(std::to_string(i) + ".png", *encode_png(image));
  std::string captions;
  for (const char* one : {"1|A man rides.", "1|Two people on a street", "2|A dog runs.", "2|The dog",
                          "3|A woman", "3|A street"})
    captions += std::string(captions.empty() ? "" : ",") + R"({"image_id": )" + one[0] + R"(, "caption": ")" +
                (one + 2) + "\"}";
  put("captions.json",
      R"({"images": [{"id": 1, "file_name": "1.png"}, {"id": 2, "file_name": "2.png"}, {"id": 3, "file_name": "3.png"}],
    "annotations": [)" +
          captions + "]}");
  EXPECT_THAT(import().counts.labels, ElementsAre(Pair("no_person", 1), Pair("person", 1)));
}

std::string idx_images(uint8_t count) {
  std::string bytes("\0\0\x08\x03\0\0\0", 7);
  bytes += static_cast<char>(count);
  bytes += std::string("\0\0\0\x02\0\0\0\x03", 8) + std::string(count * 6u, 'x');
  return bytes;
}
std::string idx_labels(uint8_t count) {
  std::string bytes("\0\0\x08\x01\0\0\0", 7);
  bytes += static_cast<char>(count);
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(i % 3);
  return bytes;
}

TEST_F(Import, idx_files_are_checked_and_copied) {
  put("train-images-idx3-ubyte", idx_images(12));
  put("train-labels-idx1-ubyte", idx_labels(12));
  const ImportSummary summary = import();
  EXPECT_EQ(summary.format, "image-set");
  EXPECT_EQ(summary.counts.samples, 12);
  EXPECT_EQ(text("train-images-idx3-ubyte"), idx_images(12));
}

TEST_F(Import, idx_files_that_do_not_fit_name_the_byte) {
  put("train-images-idx3-ubyte", idx_images(12));
  put("train-labels-idx1-ubyte", idx_labels(11));
  EXPECT_THAT(refused().detail, HasSubstr("train-labels-idx1-ubyte: byte 4: has 11 labels"));
  put("train-labels-idx1-ubyte", idx_labels(12));
  put("train-images-idx3-ubyte", idx_images(12).substr(0, 60));
  EXPECT_THAT(refused().detail, HasSubstr("ends too early, at byte 60; 4 more bytes are needed"));
}

TEST_F(Import, cifar_batches_are_read_with_their_names) {
  std::string batch;
  for (int i = 0; i < 6; ++i)
    batch += std::string(1, static_cast<char>(i % 2)) + std::string(3072, static_cast<char>(40 * i));
  put("data_batch_1.bin", batch);
  put("test_batch.bin", batch);
  put("batches.meta.txt", "airplane\nautomobile\n");
  EXPECT_THAT(import().counts.labels, ElementsAre(Pair("airplane", 6), Pair("automobile", 6)));
  Workers workers(1);
  Silent silent;
  const auto read = read_folder(out(), {.kind = DataKind::image}, workers, silent);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->data.indices(samples::Side::test).size(), 6u);
}

TEST_F(Import, a_gigabyte_of_pictures_needs_no_memory) {
  if (!kMemoryIsMeasurable) GTEST_SKIP() << "needs a build without AddressSanitizer";
  constexpr uint64_t kCount = 1'300'000, kBytes = 16 + kCount * 784;
  put("big-labels-idx1-ubyte", std::string("\0\0\x08\x01\0\x13\xD6\x20", 8) + std::string(kCount, '\1'));
  put("big-images-idx3-ubyte", std::string("\0\0\x08\x03\0\x13\xD6\x20\0\0\0\x1C\0\0\0\x1C", 16));
  fs::resize_file(scratch_ / "in/big-images-idx3-ubyte", kBytes);  // a hole: takes no space
  long samples = 0;
  EXPECT_LT(memory_growth_kilobytes([&] { samples = import().counts.samples; }), 32 * 1024);
  EXPECT_EQ(samples, static_cast<long>(kCount));
  EXPECT_EQ(fs::file_size(out() + "/big-images-idx3-ubyte"), kBytes);
}

}  // namespace
}  // namespace tadpole::data
