// Folders of pictures, series, drawn lines and tables become datasets with the sides and classes asked for.
#include "data/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "data/files.h"
#include "data/image_file.h"
#include "scratch.h"

namespace tadpole::data {
namespace {

using samples::Side;
using testing::ElementsAre;
using testing::HasSubstr;

void put(const std::string& path, const std::string& text) {
  ASSERT_TRUE(make_folders(std::filesystem::path(path).parent_path().string()).ok());
  ASSERT_TRUE(write_text(path, text).ok());
}

void put(const std::string& path, const std::vector<uint8_t>& bytes) {
  put(path, std::string(bytes.begin(), bytes.end()));
}

Result<Import> read(const std::string& folder, const ReadOptions& options, int threads = 2) {
  Workers workers(threads);
  Silent silent;
  return read_folder(folder, options, workers, silent);
}

samples::Image picture(int seed, int channels = 3) {
  samples::Image image{5, 4, channels, {}};
  for (int i = 0; i < 20 * channels; ++i) image.pixels.push_back(static_cast<uint8_t>(i * 7 + seed * 13));
  return image;
}

// `steps` rows at 10 Hz whose x counts on from `first`.
std::string series(int steps, int first = 0, const std::string& label = "") {
  std::string text = label.empty() ? "time_s,x,y\n" : "time_s,x,y,label\n";
  for (int i = 0; i < steps; ++i) {
    text += std::to_string(i / 10) + "." + std::to_string(i % 10) + "," + std::to_string(first + i) + ",1.5";
    text += label.empty() ? "\n" : "," + label + "\n";
  }
  return text;
}

std::map<Side, int> sides(const samples::Dataset& data, int target = -1) {
  std::map<Side, int> count;
  for (size_t i = 0; i < data.side.size(); ++i) {
    if (target < 0 || data.target[i] == target) ++count[data.side[i]];
  }
  return count;
}

TEST(Folder, of_pictures_gives_pixels_classes_and_disjoint_groups) {
  const Scratch scratch;
  std::string groups = "path,group\n";
  for (int i = 0; i < 30; ++i) {
    const std::string id = (i % 2 == 0 ? "cat/" : "dog/") + std::to_string(i) + ".png";
    put(scratch / id, *encode_png(picture(i)));
    groups += id + ",photo " + std::to_string(i / 3) + "\n";
  }
  put(scratch / "groups.csv", groups);
  const auto import = read(scratch.path(), {.kind = DataKind::image});
  ASSERT_TRUE(import.ok()) << import.error().message();
  EXPECT_THAT(import->data.classes, ElementsAre("cat", "dog"));
  EXPECT_EQ(import->data.samples[0].id, "cat/0.png");
  EXPECT_EQ(import->data.samples[0].image().pixels, picture(0).pixels);
  std::map<std::string, std::set<Side>> of_group;
  for (size_t i = 0; i < 30; ++i) of_group[import->data.samples[i].group].insert(import->data.side[i]);
  EXPECT_EQ(of_group.size(), 10u);
  for (const auto& [group, used] : of_group) EXPECT_EQ(used.size(), 1u) << group;
  EXPECT_EQ(sides(import->data).size(), 3u);
  EXPECT_THAT(to_text(import->report), HasSubstr("30 pictures of 5 x 4 pixels"));
}

TEST(Folder, classes_come_in_the_order_asked_for_and_others_are_left_out_or_unknown) {
  const Scratch scratch;
  for (int i = 0; i < 12; ++i)
    put(scratch / (std::string(i % 3 == 0   ? "a"
                               : i % 3 == 1 ? "b"
                                            : "c") +
                   "/" + std::to_string(i) + ".png"),
        *encode_png(picture(i, 1)));
  ReadOptions options{.kind = DataKind::image, .classes = {"c", "a"}};
  auto import = read(scratch.path(), options);
  ASSERT_TRUE(import.ok()) << import.error().message();
  EXPECT_THAT(import->data.classes, ElementsAre("c", "a"));
  EXPECT_EQ(import->data.samples.size(), 8u);
  options.unknown = true;
  import = read(scratch.path(), options);
  ASSERT_TRUE(import.ok()) << import.error().message();
  EXPECT_THAT(import->data.classes, ElementsAre("unknown", "c", "a"));
  EXPECT_EQ(import->data.samples.size(), 12u);
  options.classes = {"aa", "b"};
  EXPECT_THAT(read(scratch.path(), options).error().detail, HasSubstr("Did you mean \"a\"?"));
}

TEST(Folder, a_damaged_picture_is_the_error_or_is_skipped_by_name) {
  const Scratch scratch;
  for (int i = 0; i < 8; ++i)
    put(scratch / (std::string(i % 2 == 0 ? "a/" : "b/") + std::to_string(i) + ".png"),
        *encode_png(picture(i)));
  put(scratch / "a/page.jpg", "<html>");
  ReadOptions options{.kind = DataKind::image};
  const auto refused = read(scratch.path(), options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::image_not_image);
  EXPECT_THAT(refused.error().detail,
              HasSubstr("a/page.jpg: not a PNG or JPEG file (starts with 3C 68 74 6D"));
  options.skip_bad = true;
  const auto import = read(scratch.path(), options);
  ASSERT_TRUE(import.ok());
  EXPECT_EQ(import->data.samples.size(), 8u);
  EXPECT_EQ(import->report.warnings.back().kind, "skipped");
}

TEST(Folder, windows_of_a_recording_stay_on_one_side) {
  const Scratch scratch;
  for (int i = 0; i < 20; ++i)
    put(scratch / ((i % 2 == 0 ? "punch/" : "flex/") + std::to_string(i) + ".csv"), series(40, 100 * i));
  const ReadOptions options{.kind = DataKind::series, .window_ms = 1000, .stride_ms = 500};
  const auto import = read(scratch.path(), options);
  ASSERT_TRUE(import.ok()) << import.error().message();
  // 40 steps, windows of 10 every 5: starts 0, 5, ... 30.
  EXPECT_EQ(import->data.samples.size(), 20u * 7);
  EXPECT_EQ(import->data.samples[1].id, "flex/1.csv@0.500s");
  EXPECT_EQ(import->data.samples[1].series().values[0], 105);
  EXPECT_EQ(import->data.samples[1].series().steps(), 10u);
  EXPECT_NEAR(import->data.samples[1].series().rate_hz, 10, 1e-6);
  std::map<std::string, std::set<Side>> of_recording;
  for (size_t i = 0; i < import->data.samples.size(); ++i)
    of_recording[import->data.samples[i].group].insert(import->data.side[i]);
  for (const auto& [recording, used] : of_recording) EXPECT_EQ(used.size(), 1u) << recording;
  EXPECT_EQ(of_recording.size(), 20u);
}

TEST(Folder, windows_of_one_long_recording_share_no_step_with_another_side) {
  const Scratch scratch;
  put(scratch / "a/1.csv", series(400));
  put(scratch / "b/1.csv", series(400, 1000));
  const auto import = read(scratch.path(), {.kind = DataKind::series, .window_ms = 1000, .stride_ms = 300});
  ASSERT_TRUE(import.ok()) << import.error().message();
  std::map<float, std::set<Side>> of_step;
  for (size_t i = 0; i < import->data.samples.size(); ++i) {
    const auto& values = import->data.samples[i].series().values;
    for (size_t v = 0; v < values.size(); v += 2) of_step[values[v]].insert(import->data.side[i]);
  }
  for (const auto& [step, used] : of_step) EXPECT_EQ(used.size(), 1u) << step;
  EXPECT_EQ(sides(import->data).size(), 3u);
  EXPECT_THAT(import->report.notes.front(), HasSubstr("overlap"));
}

TEST(Folder, other_rates_are_brought_to_the_one_asked_for) {
  const Scratch scratch;
  for (int i = 0; i < 6; ++i) put(scratch / ((i % 2 ? "a/" : "b/") + std::to_string(i) + ".csv"), series(41));
  const auto import = read(scratch.path(), {.kind = DataKind::series, .rate_hz = 20, .window_ms = 1000});
  ASSERT_TRUE(import.ok()) << import.error().message();
  const auto& first = import->data.samples[0].series();
  EXPECT_EQ(first.steps(), 20u);
  EXPECT_FLOAT_EQ(first.values[2], 0.5f);  // half way from 0 to 1
  EXPECT_THAT(import->report.notes.front(), HasSubstr("brought to 20 steps a second"));
}

TEST(Folder, windows_without_a_rate_are_refused) {
  const Scratch scratch;
  put(scratch / "a/1.csv", "x,y\n1,2\n3,4\n");
  put(scratch / "b/1.csv", "x,y\n1,2\n3,4\n");
  EXPECT_EQ(read(scratch.path(), {.kind = DataKind::series, .window_ms = 100}).error().code,
            Code::data_rate_unknown);
  EXPECT_EQ(read(scratch.path(), {.kind = DataKind::series})->data.samples[0].series().rate_hz, 0);
}

TEST(Folder, anomalies_are_on_the_test_side_only) {
  const Scratch scratch;
  for (int i = 0; i < 20; ++i) put(scratch / ("fan_0_low/" + std::to_string(i) + ".csv"), series(10, i));
  for (int i = 0; i < 10; ++i) put(scratch / ("fan_1_low/" + std::to_string(i) + ".csv"), series(10, 50 + i));
  const auto import = read(scratch.path(), {.kind = DataKind::series, .normal = {"fan_0_*"}});
  ASSERT_TRUE(import.ok()) << import.error().message();
  EXPECT_THAT(import->data.classes, ElementsAre("normal", "anomaly"));
  EXPECT_THAT(sides(import->data, 1), ElementsAre(testing::Pair(Side::test, 10)));
  EXPECT_EQ(sides(import->data, 0),
            (std::map<Side, int>{{Side::train, 16}, {Side::validation, 2}, {Side::test, 2}}));
  EXPECT_EQ(read(scratch.path(), {.kind = DataKind::series, .normal = {"nothing"}}).error().code,
            Code::data_unknown_class);
}

TEST(Folder, one_abnormal_row_makes_a_window_an_anomaly) {
  const Scratch scratch;
  std::string text = "time_s,value,label\n";
  for (int i = 0; i < 100; ++i)
    text += std::to_string(i) + "," + std::to_string(i) + (i == 55 ? ",anomaly\n" : ",normal\n");
  put(scratch / "machine/1.csv", text);
  const auto import =
      read(scratch.path(), {.kind = DataKind::series, .normal = {"normal"}, .window_ms = 10000});
  ASSERT_TRUE(import.ok()) << import.error().message();
  EXPECT_EQ(import->data.samples.size(), 10u);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(import->data.target[i], i == 5 ? 1 : 0) << i;
}

TEST(Folder, of_drawn_lines_gives_points) {
  const Scratch scratch;
  for (int i = 0; i < 4; ++i)
    put(scratch / ((i % 2 ? "0/" : "1/") + std::to_string(i) + ".csv"),
        "x,y\n0.5," + std::to_string(i) + "\n1,-2\n");
  const auto import = read(scratch.path(), {.kind = DataKind::stroke});
  ASSERT_TRUE(import.ok()) << import.error().message();
  EXPECT_THAT(import->data.samples[0].stroke().points,
              ElementsAre(std::array<float, 2>{0.5f, 1}, std::array<float, 2>{1, -2}));
}

TEST(Folder, a_table_has_numbers_categories_and_filled_gaps) {
  const Scratch scratch;
  std::string text = "age, job ,code,pay\n";
  for (int i = 0; i < 20; ++i) text += "30, b, 2, low\n40,a,x,high\n?,?,1,low\n50,b,1,high\n";
  put(scratch / "table.csv", text);
  const auto import = read(scratch.path(), {.kind = DataKind::table});
  ASSERT_TRUE(import.ok()) << import.error().message();
  EXPECT_THAT(import->data.classes, ElementsAre("high", "low"));
  ASSERT_EQ(import->columns.size(), 3u);
  EXPECT_THAT(import->columns[1].categories, ElementsAre("?", "a", "b"));
  EXPECT_THAT(import->columns[2].categories, ElementsAre("1", "2", "x"));
  EXPECT_EQ(import->columns[0].fill, 40);
  EXPECT_THAT(import->data.samples[0].series().values, ElementsAre(30, 2, 1));
  EXPECT_THAT(import->data.samples[2].series().values, ElementsAre(40, 0, 0));
  EXPECT_EQ(import->data.samples[2].id, "table.csv:4");
  EXPECT_EQ(sides(import->data),
            (std::map<Side, int>{{Side::train, 64}, {Side::validation, 8}, {Side::test, 8}}));
}

TEST(Folder, a_table_with_targets_is_for_regression) {
  const Scratch scratch;
  std::string text = "x,sine,_side\n";
  for (int i = 0; i < 50; ++i)
    text += std::to_string(i) + "," + std::to_string(2 * i) + (i < 10 ? ",test\n" : ",\n");
  put(scratch / "points.csv", text);
  const auto import = read(scratch.path(), {.kind = DataKind::table, .targets = {"sine"}});
  ASSERT_TRUE(import.ok()) << import.error().message();
  EXPECT_TRUE(import->data.classes.empty());
  EXPECT_THAT(import->data.samples[7].targets, ElementsAre(14));
  EXPECT_EQ(import->data.side[7], Side::test);
  EXPECT_EQ(sides(import->data)[Side::test], 10);
  EXPECT_EQ(import->report.classes[0].name, "all");
  EXPECT_THAT(read(scratch.path(), {.kind = DataKind::table, .targets = {"sin"}}).error().detail,
              HasSubstr("Did you mean \"sine\"?"));
}

TEST(Folder, bad_rows_name_line_and_column) {
  const Scratch scratch;
  put(scratch / "table.csv", "a,b,label\n1,2,x\n1,2\n");
  EXPECT_THAT(read(scratch.path(), {.kind = DataKind::table}).error().detail,
              HasSubstr("table.csv:3: has 2 fields"));
  put(scratch / "s/a/1.csv", "x,y\n1,2\n1,abc\n");
  EXPECT_THAT(read(scratch / "s", {.kind = DataKind::series}).error().detail,
              HasSubstr("a/1.csv:3: column 2 is \"abc\""));
  put(scratch / "t/table.csv", "a,b,label\n1,nan,x\n2,3,y\n");
  EXPECT_TRUE(read(scratch / "t", {.kind = DataKind::table}).ok());  // "nan" is a category, not a number
}

TEST(Folder, is_the_same_for_any_number_of_threads) {
  const Scratch scratch;
  for (int i = 0; i < 20; ++i)
    put(scratch / ((i % 2 == 0 ? "punch/" : "flex/") + std::to_string(i) + ".csv"), series(40, 100 * i));
  const ReadOptions options{.kind = DataKind::series, .window_ms = 1000};
  const auto one = read(scratch.path(), options, 1), three = read(scratch.path(), options, 3);
  ASSERT_TRUE(one.ok() && three.ok());
  EXPECT_EQ(one->data.side, three->data.side);
  for (size_t i = 0; i < one->data.samples.size(); ++i)
    EXPECT_EQ(one->data.samples[i].series().values, three->data.samples[i].series().values);
}

TEST(Folder, mnist_is_read_as_it_is) {
  const std::string mnist = TADPOLE_SOURCE_DIR "/../shared/data/mnist";
  if (!std::filesystem::exists(mnist)) GTEST_SKIP() << "needs ../shared/data/mnist";
  const auto import = read(mnist, {.kind = DataKind::image});
  ASSERT_TRUE(import.ok()) << import.error().message();
  EXPECT_EQ(import->data.samples.size(), 25000u);
  EXPECT_EQ(import->data.classes.size(), 10u);
  EXPECT_EQ(sides(import->data)[Side::test], 5000);
  EXPECT_NEAR(sides(import->data)[Side::validation], 20000 / 9, 40);  // percentages are whole numbers
  EXPECT_EQ(import->data.samples[0].label, "5");                      // the first digit of the training set
}

}  // namespace
}  // namespace tadpole::data
