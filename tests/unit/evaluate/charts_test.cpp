// Pictures and colours.
#include "evaluate/charts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "evaluate/chart_file.h"
#include "evaluate/optimise_charts.h"
#include "evaluate/palette.h"

namespace tadpole::evaluate {
namespace {

TEST(Palette, text_stands_out_4_5_to_1_and_marks_3_to_1_in_both_schemes) {
  for (const bool dark : {false, true}) {
    std::map<std::string_view, Rgb> colour;
    for (const Colour& c : palette()) colour[c.name] = rgb(dark ? c.dark : c.light);
    for (const char* ground : {"page", "surface", "sunken"}) {
      for (const char* text : {"ink", "muted", "accent", "bad"}) {
        EXPECT_GE(contrast(colour[text], colour[ground]), 4.5) << text << " on " << ground << dark;
      }
    }
    EXPECT_GE(contrast(colour["warn-ink"], colour["warn-back"]), 4.5);
    // WCAG 2.1, 1.4.11: parts of pictures need 3:1.
    for (const char* mark : {"c1", "c2", "c3", "c4", "c5", "c6"}) {
      EXPECT_GE(contrast(colour[mark], colour["surface"]), 3) << mark << dark;
    }
    for (const bool right : {false, true}) {
      for (int step = 0; step < kHeatSteps; ++step) {
        const HeatCell cell = heat_cell(right, step, dark);
        EXPECT_GE(contrast(cell.ink, cell.background), 4.5) << right << step << dark;
      }
    }
  }
}

TEST(Palette, contrast_equals_the_ends_of_the_scale) {
  EXPECT_NEAR(contrast({0, 0, 0}, {255, 255, 255}), 21,
              1e-9);  // WCAG 2.1: black on white is 21:1; double rounding
  EXPECT_NEAR(contrast({10, 20, 30}, {10, 20, 30}), 1, 1e-12);
}

TEST(Palette, spectrogram_levels_grow_brighter_all_the_way) {
  for (int level = 1; level < 256; ++level) {
    EXPECT_GE(contrast(heat_level(level), {0, 0, 0}) + 0.01, contrast(heat_level(level - 1), {0, 0, 0}))
        << level;
  }
}

TEST(Ticks, are_round_numbers_inside_the_range) {
  EXPECT_EQ(ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(ticks(3, 3, 5), (std::vector<double>{3}));
  for (const auto& [low, high] :
       std::vector<std::pair<double, double>>{{0.001, 0.0047}, {-3, 12}, {1e9, 3e9}}) {
    const auto found = ticks(low, high, 5);
    EXPECT_GE(found.size(), 3u);
    EXPECT_LE(found.size(), 9u);
    EXPECT_GE(found.front(), low - 1e-9 * std::abs(low));
    EXPECT_LE(found.back(), high * (1 + 1e-9));
  }
}

TEST(LineChart, has_no_picture_without_points) {
  LineChart chart;
  EXPECT_EQ(draw(chart), "");
  chart.series = {{"a", 1, false, {}}};
  EXPECT_EQ(draw(chart), "");
}

TEST(LineChart, one_point_a_flat_line_and_huge_values_are_drawn_or_left_out_but_never_as_nan) {
  for (const auto& points : std::vector<std::vector<std::pair<double, double>>>{{{1, 2}},
                                                                                {{1, 2}, {2, 2}, {3, 2}},
                                                                                {{0, 0}, {1, 0}},
                                                                                {{-1e300, 0}, {1e300, 1}},
                                                                                {{1, 1e-300}, {2, 0}}}) {
    LineChart chart;
    chart.series = {{"a", 1, false, points}};
    const std::string svg = draw(chart);
    EXPECT_EQ(svg.find("nan"), std::string::npos) << svg;
    EXPECT_EQ(svg.find("inf"), std::string::npos) << svg;
  }
}

TEST(LineChart, a_long_line_is_thinned_and_keeps_its_ends) {
  LineChart chart;
  Series series{"a", 1, false, {}};
  for (int i = 0; i <= 100000; ++i) series.points.emplace_back(i, i);
  chart.series = {series};
  const std::string svg = draw(chart);
  EXPECT_LT(svg.size(), 60000u);
  EXPECT_NE(svg.find("points=\"52,"), std::string::npos) << "starts at the left end of the axis";
  EXPECT_NE(svg.find(" 466,"), std::string::npos) << "ends at the right end of the axis";
}

TEST(StackedBar, parts_fill_their_share_of_the_limit) {
  const std::vector<Part> parts = {{"a", 25}, {"b", 50}};
  const std::string svg = stacked_bar(parts, 100, "d");
  EXPECT_NE(svg.find("x=\"0%\" y=\"4\" width=\"25%\""), std::string::npos) << svg;
  EXPECT_NE(svg.find("x=\"25%\" y=\"4\" width=\"50%\""), std::string::npos) << svg;
  EXPECT_EQ(svg.find("limit:"), std::string::npos);
  const std::string over = stacked_bar(parts, 60, "d");
  EXPECT_NE(over.find("x1=\"80%\""), std::string::npos) << "the limit is marked inside the bar: " << over;
  EXPECT_EQ(stacked_bar({}, 0, "d"), "");
}

std::vector<uint8_t> decode(const std::string& uri) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<uint8_t> out;
  uint32_t word = 0;
  int bits = 0;
  for (const char c : uri.substr(uri.find(',') + 1)) {
    if (c == '=') break;
    word = word << 6 | static_cast<uint32_t>(digits.find(c));
    bits += 6;
    if (bits >= 8) out.push_back(static_cast<uint8_t>(word >> (bits -= 8)));
  }
  return out;
}

TEST(Spectrogram, is_a_bitmap_with_the_first_value_at_the_bottom_left) {
  // Two frames of three values; 5 is the loudest, 0 the quietest.
  const std::vector<float> values = {0, 1, 2, 5, 4, 3};
  const auto file = decode(spectrogram_uri(values, 2, 3, false));
  ASSERT_EQ(file.size(), 14u + 40 + 1024 + 3 * 4);
  EXPECT_EQ(file[0], 'B');
  EXPECT_EQ(file[2], 0x42) << "size 1090 = 0x442";
  EXPECT_EQ(file[3], 0x04);
  EXPECT_EQ(file[18], 2) << "width";
  EXPECT_EQ(file[22], 3) << "height";
  const std::vector<uint8_t> pixels(file.end() - 12, file.end());
  EXPECT_EQ(pixels, (std::vector<uint8_t>{0, 255, 0, 0, 51, 204, 0, 0, 102, 153, 0, 0}));
}

TEST(Spectrogram, rows_are_scaled_alone_when_asked_and_bad_values_are_drawn_as_quiet) {
  const std::vector<float> values = {0, 1000, NAN, 10, 3000, std::numeric_limits<float>::infinity()};
  const auto file = decode(spectrogram_uri(values, 2, 3, true));
  const std::vector<uint8_t> pixels(file.end() - 12, file.end());
  EXPECT_EQ(pixels, (std::vector<uint8_t>{0, 255, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0}));
}

TEST(Spectrogram, sizes_that_do_not_fit_give_no_picture) {
  EXPECT_EQ(spectrogram_uri(std::vector<float>(5), 2, 3, false), "");
  EXPECT_EQ(spectrogram_uri({}, 0, 3, false), "");
  EXPECT_EQ(spectrogram_uri(std::vector<float>(6), 1u << 31, 1u << 31, false), "");
}

nlohmann::json ladder() {
  const auto point = [](const char* name, double accuracy, int flash, int arena, int instructions) {
    return nlohmann::json{{"name", name},
                          {"validation", accuracy},
                          {"flash_bytes", flash},
                          {"arena_bytes", arena},
                          {"instructions", instructions}};
  };
  return {{"board", "virtual-nano33ble"},
          {"headline", "accuracy"},
          {"recommended", "small"},
          {"points",
           {point("large", 0.9, 40000, 9000, 2000000),
            point("worse", 0.7, 50000, 9500, 2500000),
            point("small", 0.8, 20000, 5000, 900000),
            {{"name", "unmeasured"}, {"validation", 0.99}}}}};
}

TEST(OptimiseCharts, the_front_joins_what_nothing_cheaper_beats_and_its_models_have_their_names) {
  const nlohmann::json optimise = ladder();
  const std::vector<LineChart> charts = optimise_charts(View(&optimise));
  ASSERT_EQ(charts.size(), 3u);
  for (const LineChart& chart : charts) {
    ASSERT_EQ(chart.series.size(), 4u);
    ASSERT_EQ(chart.series[0].points.size(), 2u);  // small, large
    EXPECT_EQ(chart.series[0].points[0].second, 0.8);
    EXPECT_EQ(chart.series[0].points[1].second, 0.9);
    EXPECT_EQ(chart.series[1].points.size(), 1u);  // worse
    EXPECT_TRUE(chart.series[1].labels.empty());
    EXPECT_EQ(chart.series[2].labels, std::vector<std::string>{"large"});
    EXPECT_EQ(chart.series[3].labels, std::vector<std::string>{"small"});
  }
  const std::string file = draw_file(charts);
  for (const char* word : {"large", "small", "instructions for one answer"})
    EXPECT_NE(file.find(word), std::string::npos) << word;
  EXPECT_EQ(file.find("unmeasured"), std::string::npos);
  const nlohmann::json nothing;
  EXPECT_TRUE(optimise_charts(View(&nothing)).empty());
  EXPECT_EQ(draw_file(std::vector<LineChart>{}), "");
}

TEST(Chart, words_of_dots_that_lie_together_do_not_lie_on_one_another) {
  LineChart chart;
  Series dots{.name = "a", .colour = 1, .points = {}, .scattered = true};
  for (int i = 0; i < 8; ++i) {
    dots.points.emplace_back(1, 1);
    dots.labels.push_back("name" + std::to_string(i));
  }
  dots.points.emplace_back(0, 0);
  dots.labels.push_back("alone");
  chart.series = {dots};
  const std::string svg = draw(chart);
  std::set<std::string> heights;
  for (int i = 0; i < 8; ++i) {
    const size_t at = svg.find(">name" + std::to_string(i) + "<");
    ASSERT_NE(at, std::string::npos);
    const size_t y = svg.rfind(" y=\"", at);
    heights.insert(svg.substr(y, svg.find('"', y + 4) - y));
  }
  EXPECT_EQ(heights.size(), 8u);
}

}  // namespace
}  // namespace tadpole::evaluate
