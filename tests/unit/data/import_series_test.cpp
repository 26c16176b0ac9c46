// Numbers over time, drawn lines, tables and arrays as people have them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "data/audio_file.h"
#include "data/files.h"
#include "data/folder.h"
#include "data/import.h"
#include "memory_growth.h"
#include "scratch.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

class ImportSeries : public testing::Test {
 protected:
  void put(const std::string& file, const std::string& text) {
    const std::string path = scratch_ / ("in/" + file);
    ASSERT_TRUE(make_folders(fs::path(path).parent_path().string()).ok());
    ASSERT_TRUE(write_text(path, text).ok());
  }
  ImportSummary import(const ImportOptions& options = {}) {
    Silent silent;
    const auto done = import_data(scratch_ / "in", out(), options, silent);
    if (!done.ok()) ADD_FAILURE() << done.error().message();
    return done.ok() ? *done : ImportSummary{};
  }
  Error refused(const ImportOptions& options = {}) {
    Silent silent;
    const auto done = import_data(scratch_ / "in", out(), options, silent);
    EXPECT_FALSE(done.ok());
    EXPECT_FALSE(fs::exists(out()));
    return done.ok() ? Error{Code::internal, ""} : done.error();
  }
  std::string out() const { return scratch_ / "out"; }
  std::string text(const std::string& file) const {
    const auto read = read_text(out() + "/" + file);
    return read.ok() ? *read : "missing";
  }
  Scratch scratch_;
};

TEST_F(ImportSeries, csv_with_milliseconds_becomes_seconds_and_says_so) {
  put("walk/1.csv", "timestamp,ax,ay\n0,1,2\n20,3,4\n40,5,6\n");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.format, "series");
  EXPECT_EQ(text("walk/1.csv"), "time_s,ax,ay\n0.000000,1,2\n0.020000,3,4\n0.040000,5,6\n");
  EXPECT_THAT(summary.notes, ElementsAre(HasSubstr("milliseconds, which gives 50 steps a second")));
}

TEST_F(ImportSeries, blank_lines_separate_gestures) {
  put("anna/punch.csv", "aX,aY\n1,2\n3,4\n\n5,6\n7,8\n\n");
  put("anna/flex.csv", "aX,aY\n1,2\n\n3,4\n");
  const ImportSummary summary = import({.rate_hz = 100});
  EXPECT_THAT(summary.counts.labels, ElementsAre(Pair("flex", 2), Pair("punch", 2)));
  EXPECT_THAT(summary.counts.groups, ElementsAre(Pair("anna", 4)));
  EXPECT_EQ(text("punch/anna_punch_2.csv"), "time_s,aX,aY\n0.000000,5,6\n0.010000,7,8\n");
}

TEST_F(ImportSeries, a_file_of_labels_marks_stretches_of_time) {
  put("log.csv", "time_s,x\n0,1\n1,2\n2,3\n3,4\n");
  ASSERT_TRUE(write_text(scratch_ / "labels.csv", "start,end,label\n1,2,punch\n").ok());
  import({.labels_file = scratch_ / "labels.csv"});
  EXPECT_EQ(text("log/log.csv"),
            "time_s,x,label\n0.000000,1,none\n1.000000,2,punch\n2.000000,3,punch\n3.000000,4,none\n");
}

TEST_F(ImportSeries, bad_csv_names_line_and_column_and_can_be_skipped) {
  put("a/1.csv", "x,y\n1,2\n3,4\n");
  put("a/2.csv", "x,y\n1,2\n3,oops\n");
  const Error error = refused();
  EXPECT_EQ(error.code, Code::csv_malformed);
  EXPECT_THAT(error.detail, HasSubstr("a/2.csv:3: column 2 is \"oops\"; needs a finite number"));
  const ImportSummary summary = import({.skip_bad = true});
  EXPECT_EQ(summary.counts.samples, 1);
  EXPECT_EQ(summary.left_out.size(), 1u);
  EXPECT_FALSE(fs::exists(out() + "/series.part"));
}

TEST_F(ImportSeries, times_that_go_back_are_refused) {
  put("a/1.csv", "time_s,x\n0,1\n2,2\n1,3\n");
  EXPECT_THAT(refused().detail, HasSubstr("a/1.csv:4: the time goes back"));
}

TEST_F(ImportSeries, serial_logs_lose_their_messages_and_keep_their_clock) {
  put("wave.log",
      "23:59:59.900 -> Starting sensor\n23:59:59.950 -> ax,ay\n23:59:59.960 -> 1,2\n23:59:59.980 -> 3,4\n"
      "00:00:00.000 -> oops\n00:00:00.000 -> 5,6\n");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.format, "serial");
  EXPECT_EQ(text("wave/wave.csv"), "time_s,ax,ay\n0.000000,1,2\n0.020000,3,4\n0.040000,5,6\n");
  EXPECT_THAT(summary.notes.back(), HasSubstr("2 lines"));
}

TEST_F(ImportSeries, the_plotters_names_are_taken_off) {
  put("wave.txt", "x:1 y:2\nx:3 y:4\nx:5 y:6\n");
  EXPECT_EQ(import({.rate_hz = 10}).format, "serial");
  EXPECT_THAT(text("wave/wave.csv"), HasSubstr("0.100000,3,4\n"));
}

constexpr const char* kAcquisition =
    R"({"protected": {"ver": "v1"}, "signature": "00", "payload": {"device_name": "d", "interval_ms": 10,
    "sensors": [{"name": "accX", "units": "m/s2"}, {"name": "accY", "units": "m/s2"}], "values": [[1, 2.5], [3, -4]]}})";

TEST_F(ImportSeries, edge_impulse_json_and_cbor_give_the_same) {
  put("training/wave.json.1.json", kAcquisition);
  const auto cbor = nlohmann::json::to_cbor(nlohmann::json::parse(kAcquisition));
  put("testing/wave.2.cbor", std::string(cbor.begin(), cbor.end()));
  const ImportSummary summary = import();
  EXPECT_EQ(summary.format, "edge-impulse");
  EXPECT_EQ(summary.counts.test, 1);
  EXPECT_EQ(text("wave/wave.json.1.csv"), "time_s,accX,accY\n0.000000,1,2.5\n0.010000,3,-4\n");
  EXPECT_EQ(text("wave/wave.2.csv"), text("wave/wave.json.1.csv"));
  EXPECT_EQ(text("testing_list.txt"), "wave/wave.2.csv\n");
}

TEST_F(ImportSeries, edge_impulse_sound_becomes_wav) {
  put("hello.1.json",
      R"({"protected": {}, "payload": {"values": [1, -2, 300], "interval_ms": 0.0625, "sensors": [{"name": "audio", "units": "wav"}]}})");
  import();
  const auto sound = read_audio(out() + "/hello/hello.1.wav", 16000);
  ASSERT_TRUE(sound.ok()) << sound.error().message();
  EXPECT_THAT(sound->audio.pcm, ElementsAre(1, -2, 300));
}

TEST_F(ImportSeries, json_of_objects_and_of_rows) {
  put("walk/1.json", R"([{"time_ms": 0, "x": 1, "y": 2}, {"time_ms": 10, "x": 3, "y": 4}])");
  put("run/1.json", R"({"frequency": 100, "columns": ["x", "y"], "data": [[1, 2], [3, 4]]})");
  EXPECT_EQ(import().format, "series-json");
  EXPECT_EQ(text("walk/1.csv"), "time_s,x,y\n0.000000,1,2\n0.010000,3,4\n");
  EXPECT_EQ(text("run/1.csv"), text("walk/1.csv"));
}

TEST_F(ImportSeries, keys_of_json_may_hold_blanks_and_semicolons) {
  put("walk/1.json", R"([{"speed; m/s": 2}, {"speed; m/s": 3}])");
  import({.rate_hz = 1});
  EXPECT_EQ(text("walk/1.csv"), "time_s,speed; m/s\n0.000000,2\n1.000000,3\n");
}

TEST_F(ImportSeries, bad_json_names_the_byte_or_the_row) {
  put("walk/1.json", R"([{"x": 1}, {"x": ])");
  EXPECT_THAT(refused().detail, HasSubstr("walk/1.json: byte 18:"));
  put("walk/1.json", R"([{"x": 1, "y": 2}, {"x": 1}])");
  EXPECT_THAT(refused().detail, HasSubstr("row 2 has 1 values; the rows before have 2"));
}

TEST_F(ImportSeries, strokes_become_drawn_lines) {
  put("anna_0.json",
      R"({"strokes": [{"index": 0, "strokePoints": [{"x": 0.5, "y": -1}, {"x": 1, "y": 2}], "label": "7"}]})");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.format, "strokes");
  EXPECT_EQ(text("7/anna_0_0.csv"), "x,y\n0.5,-1\n1,2\n");
  EXPECT_THAT(summary.counts.groups, ElementsAre(Pair("anna", 1)));
}

TEST_F(ImportSeries, windows_of_anomalies_label_rows) {
  put("data/real/machine.csv",
      "timestamp,value\n2014-01-01 00:00:00,1\n2014-01-01 00:05:00,2\n2014-01-01 00:10:00,3\n");
  put("labels/combined_windows.json",
      R"({"real/machine.csv": [["2014-01-01 00:05:00.000000", "2014-01-01 00:06:00.000000"]]})");
  EXPECT_EQ(import().format, "nab");
  EXPECT_EQ(text("real/machine.csv"),
            "time_s,value,label\n0.000000,1,normal\n300.000000,2,anomaly\n600.000000,3,normal\n");
}

TEST_F(ImportSeries, uci_tables_get_names_and_sides) {
  put("adult.data", "39, State-gov, <=50K\n50, ?, >50K\n");
  put("adult.test", "|1x3 Cross validator\n25, Private, <=50K.\n");
  put("adult.names", "| comment\n>50K, <=50K.\n\nage: continuous.\nworkclass: Private, State-gov.\n");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.format, "table");
  EXPECT_EQ(text("table.csv"),
            "age,workclass,label,_side\n39,State-gov,<=50K,\n50,?,>50K,\n25,Private,<=50K,test\n");
  EXPECT_EQ(summary.counts.test, 1);
}

std::string npy(const std::string& type, const std::string& shape, const std::string& data) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  return bytes + header + data;
}

// A zip archive whose files are stored as they are.
std::string zip(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string bytes, directory;
  const auto number = [](std::string& to, uint32_t value, int count) {
    for (int i = 0; i < count; ++i) to += static_cast<char>(value >> (8 * i));
  };
  for (const auto& [name, data] : files) {
    const auto local = static_cast<uint32_t>(bytes.size()), size = static_cast<uint32_t>(data.size()),
               name_size = static_cast<uint32_t>(name.size());
    number(bytes, 0x04034b50, 4);
    bytes.append(22, '\0');
    number(bytes, name_size, 2);
    number(bytes, 0, 2);
    bytes += name + data;
    number(directory, 0x02014b50, 4);
    directory.append(16, '\0');
    number(directory, size, 4);
    number(directory, size, 4);
    number(directory, name_size, 2);
    directory.append(12, '\0');
    number(directory, local, 4);
    directory += name;
  }
  const auto start = static_cast<uint32_t>(bytes.size());
  bytes += directory;
  number(bytes, 0x06054b50, 4);
  number(bytes, 0, 4);
  number(bytes, static_cast<uint32_t>(files.size()), 2);
  number(bytes, static_cast<uint32_t>(files.size()), 2);
  number(bytes, static_cast<uint32_t>(directory.size()), 4);
  number(bytes, start, 4);
  number(bytes, 0, 2);
  return bytes;
}

TEST_F(ImportSeries, numpy_archives_become_pictures_or_series_with_labels) {
  put("digits.npz",
      zip({{"x_train.npy", npy("|u1", "(2, 2, 3)", "abcdefghijkl")},
           {"y_train.npy", npy("<i8", "(2,)", std::string("\x05\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0", 16))}}));
  const ImportSummary summary = import();
  EXPECT_EQ(summary.format, "numpy");
  EXPECT_THAT(summary.counts.labels, ElementsAre(Pair("5", 1), Pair("7", 1)));
  EXPECT_TRUE(fs::exists(out() + "/7/digits_1.png"));
}

TEST_F(ImportSeries, a_numpy_array_is_one_recording) {
  const float values[] = {1, 2, 3, 4, 5, 6};
  std::string bytes(reinterpret_cast<const char*>(values), sizeof values);
  put("walk/1.npy", npy("<f4", "(3, 2)", bytes));
  import({.rate_hz = 10, .axes = { "x", "y" }});
  EXPECT_EQ(text("walk/1.csv"), "time_s,x,y\n0.000000,1,2\n0.100000,3,4\n0.200000,5,6\n");
}

TEST_F(ImportSeries, damaged_numpy_names_the_byte) {
  put("walk/1.npy", npy("<f4", "(3, 2)", "abc"));
  EXPECT_THAT(refused().detail, HasSubstr("ends too early, at byte"));
  put("walk/1.npy", npy("|O", "(3, 2)", "abc"));
  EXPECT_THAT(refused().detail, HasSubstr("the type is"));
  put("walk/1.npy", "hello, this is text");
  EXPECT_THAT(refused().detail, HasSubstr("this is not a NumPy array"));
}

TEST_F(ImportSeries, a_long_file_needs_no_memory) {
  if (!kMemoryIsMeasurable) GTEST_SKIP() << "needs a build without AddressSanitizer";
  put("fan/1.csv", "");
  {
    std::ofstream file(scratch_ / "in/fan/1.csv");
    for (int i = 0; i < 300'000; ++i) file << "0.123456,-0.234567,1.002345\n";  // 8 MB
  }
  EXPECT_LT(memory_growth_kilobytes([&] { import({.rate_hz = 200}); }), 4 * 1024);
}

TEST_F(ImportSeries, what_is_not_recognised_lists_what_there_is) {
  put("notes.md", "hello");
  const Error error = refused();
  EXPECT_EQ(error.code, Code::format_unknown);
  EXPECT_THAT(error.detail, HasSubstr("notes.md"));
  EXPECT_THAT(refused({.format = "serie"}).detail, HasSubstr("Did you mean \"series\"?"));
}

TEST_F(ImportSeries, never_touches_a_folder_that_is_there) {
  put("a/1.csv", "x,y\n1,2\n");
  ASSERT_TRUE(make_folders(out()).ok());
  Silent silent;
  EXPECT_EQ(import_data(scratch_ / "in", out(), {}, silent).error().code, Code::data_exists);
}

}  // namespace
}  // namespace tadpole::data
