// The page: what must be on it, that it is well formed, and that no report can break it.
#include "evaluate/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "base/rng.h"
#include "evaluate/classification.h"
#include "sample_report.h"

namespace tadpole::evaluate {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// Checks that tags open and close in order, that attributes are quoted, and that no `<` or bare `&` stands in
// text. Names what is wrong, or "" when the page is well formed.
std::string flaw_in(const std::string& html) {
  static const std::set<std::string> kVoid = {"meta", "br", "col", "img", "wbr"};
  std::vector<std::string> open;
  size_t at = html.find("<style>");
  const size_t style_end = html.find("</style>");
  for (size_t i = 0; i < html.size(); ++i) {
    if (i > at && i < style_end && html[i] != '<') continue;
    if (html[i] == '&') {
      const size_t end = html.find(';', i);
      if (end == std::string::npos || end - i > 8) return "bare & near: " + html.substr(i, 60);
    }
    if (html[i] == '>') return "bare > near: " + html.substr(i > 30 ? i - 30 : 0, 60);
    if (html[i] != '<') continue;
    if (html.compare(i, 9, "<!DOCTYPE") == 0) {
      i = html.find('>', i);
      continue;
    }
    const size_t start = i;
    const bool closing = html[i + 1] == '/';
    size_t name_end = i + 1 + closing;
    while (name_end < html.size() && std::isalnum(static_cast<unsigned char>(html[name_end]))) ++name_end;
    const std::string name = html.substr(i + 1 + closing, name_end - i - 1 - closing);
    if (name.empty()) return "tag without a name near: " + html.substr(start, 60);
    bool quoted = false;
    for (i = name_end; i < html.size() && (quoted || html[i] != '>'); ++i) {
      if (html[i] == '"') quoted = !quoted;
      if (html[i] == '<') return "< inside a tag near: " + html.substr(start, 80);
    }
    if (i >= html.size()) return "tag never ends: " + html.substr(start, 60);
    if (html[i - 1] == '/' || kVoid.count(name)) continue;
    if (!closing) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> closes " + (open.empty() ? "nothing" : "<" + open.back() + ">");
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

TEST(Report, of_the_sample_is_well_formed_and_is_kept_for_looking_at) {
  const std::string html = render_report_html(sample_report());
  EXPECT_EQ(flaw_in(html), "");
  const auto folder = std::filesystem::path(TADPOLE_BUILD_DIR) / "tests";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "sample_report.html") << html;
  std::ofstream(folder / "sample_report.json") << sample_report().dump(1);
}

TEST(Report, the_judge_of_well_formedness_finds_flaws) {
  EXPECT_NE(flaw_in("<p>a<b></p>"), "");
  EXPECT_NE(flaw_in("<p>a & b</p>"), "");
  EXPECT_NE(flaw_in("<p>a > b</p>"), "");
  EXPECT_NE(flaw_in("<p title=\"x>a</p>"), "");
  EXPECT_NE(flaw_in("<p>"), "");
  EXPECT_EQ(flaw_in("<p title=\"1 > 0\">a &amp; b<br></p>"), "");
}

TEST(Report, is_one_file_without_network_or_script) {
  const std::string html = render_report_html(sample_report());
  for (const char* word : {"http://", "https://", "<script", "<link", "@import", "url("}) {
    EXPECT_THAT(html, Not(HasSubstr(word))) << word;
  }
}

TEST(Report, shows_every_part_and_the_main_numbers) {
  const std::string html = render_report_html(sample_report());
  for (const char* id : {"answers", "threshold", "stream", "data", "features", "model", "training", "small",
                         "memory", "work", "commands"}) {
    EXPECT_THAT(html, HasSubstr("<section id=\"" + std::string(id) + "\"")) << id;
  }
  EXPECT_THAT(html, HasSubstr("Synthetic data."));
  EXPECT_THAT(html, HasSubstr("title=\"2,232,521\">2.23\xC2\xA0million<"));
  EXPECT_THAT(html, HasSubstr("title=\"44,188 bytes\">43.2\xC2\xA0KB<"));  // sum of the parts of RAM
  EXPECT_THAT(html, HasSubstr("title=\"42.2086 ms\">42.2\xC2\xA0ms<"));
  EXPECT_THAT(html, HasSubstr("<strong>every one of 190 recordings</strong>"));
  EXPECT_THAT(html, HasSubstr("tadpole deploy --board virtual-nano33ble"));
}

TEST(Report, every_estimate_is_labelled) {
  const std::string html = render_report_html(sample_report());
  size_t tags = 0;
  for (size_t at = html.find(">estimate<"); at != std::string::npos; at = html.find(">estimate<", at + 1))
    ++tags;
  EXPECT_EQ(tags, 6u) << "milliseconds (twice), cycles, microjoules, real-time factor, duty cycle";
  json report = sample_report();
  for (const char* key :
       {"cycles_estimated", "milliseconds_estimated", "microjoules_estimated", "real_time_factor"}) {
    report["board"].erase(key);
  }
  report["stream"].erase("duty_cycle_estimated");
  EXPECT_THAT(render_report_html(report), Not(HasSubstr(">estimate<")));
}

TEST(Report, every_picture_has_words_for_those_who_cannot_see_it) {
  const std::string html = render_report_html(sample_report());
  for (const char* tag : {"<svg", "<img"}) {
    for (size_t at = html.find(tag); at != std::string::npos; at = html.find(tag, at + 1)) {
      const std::string head = html.substr(at, html.find('>', at) - at);
      EXPECT_TRUE(head.find("aria-label=\"") != std::string::npos ||
                  head.find("alt=\"") != std::string::npos || head.find("aria-hidden") != std::string::npos)
          << head.substr(0, 200);
    }
  }
}

TEST(Report, parts_without_data_do_not_appear) {
  EXPECT_THAT(render_report_html(json::object()), HasSubstr("Nothing has been measured yet"));
  json trained = {{"format", 1}, {"train", sample_report()["train"]}};
  const std::string html = render_report_html(trained);
  EXPECT_THAT(html, HasSubstr("id=\"training\""));
  for (const char* id : {"answers", "threshold", "stream", "data", "features", "model", "small", "memory",
                         "work", "commands"}) {
    EXPECT_THAT(html, Not(HasSubstr("id=\"" + std::string(id) + "\""))) << id;
  }
  EXPECT_EQ(flaw_in(html), "");
}

TEST(Report, a_newer_format_is_said) {
  json report = sample_report();
  report["format"] = 2;
  EXPECT_THAT(render_report_html(report), HasSubstr("written in format 2"));
  EXPECT_THAT(render_report_html(sample_report()), Not(HasSubstr("written in format")));
}

// Calls change(node) with a fresh copy of `whole` for every value in it. Of long arrays, the first three
// members stand for all.
template <class Change>
void for_every_value(const json& whole, const Change& change) {
  std::vector<json::json_pointer> paths = {json::json_pointer()};
  for (size_t i = 0; i < paths.size(); ++i) {
    const json& node = whole.at(paths[i]);
    if (node.is_object()) {
      for (const auto& member : node.items()) paths.push_back(paths[i] / member.key());
    } else if (node.is_array()) {
      for (size_t k = 0; k < std::min<size_t>(2, node.size()); ++k) paths.push_back(paths[i] / k);
    }
  }
  ASSERT_GT(paths.size(), 250u);
  for (const auto& path : paths) change(path);
}

// The sample with short lists, so that thousands of pages are quick to make.
json small_sample() {
  json report = sample_report();
  const auto cut = [](json& list) { list.erase(list.begin() + 2, list.end()); };
  cut(report["spectrograms"]);
  for (json& clip : report["spectrograms"]) {
    clip["frames"] = 2;
    clip["values_per_frame"] = 3;
    clip["values"] = {0, 1, 2, 3, 4, 5};
  }
  const json result = to_json(
      evaluate_answers(std::vector{0, 1, 1}, std::vector{0, 1, 0}, std::vector<std::string>{"yes", "no"}, -1)
          .value());
  report["evaluation"] = {{"float", result}, {"int8", result}, {"board", result}};
  cut(report["model"]["layers"]);
  cut(report["quantisation"]["layers"]);
  cut(report["board"]["layers"]);
  cut(report["data"]["table"]);
  cut(report["train"]["epochs"]);
  cut(report["stream"]["curve"]);
  return report;
}

TEST(Report, survives_the_loss_of_each_key_in_turn) {
  const json whole = small_sample();
  for_every_value(whole, [&](const json::json_pointer& path) {
    if (path.empty()) return;
    json report = whole;
    json& parent = report.at(path.parent_pointer());
    if (parent.is_object()) {
      parent.erase(path.back());
    } else {
      parent.erase(std::stoul(path.back()));
    }
    ASSERT_EQ(flaw_in(render_report_html(report)), "") << path;
  });
}

TEST(Report, survives_the_wrong_type_or_value_in_each_place_in_turn) {
  const json whole = small_sample();
  const std::vector<json> wrong = {nullptr,
                                   true,
                                   "<b>\"'&",
                                   -1,
                                   1e300,
                                   3.5,
                                   json::array(),
                                   {{"x", 1}},
                                   {1, "two", nullptr},
                                   std::numeric_limits<double>::quiet_NaN(),
                                   std::numeric_limits<uint64_t>::max()};
  for_every_value(whole, [&](const json::json_pointer& path) {
    for (const json& value : wrong) {
      json report = whole;
      report[path] = value;
      const std::string html = render_report_html(report);
      ASSERT_EQ(flaw_in(html), "") << path << " = " << value;
      for (const char* word :
           {"\"nan", "\"-nan", ">nan", "\"inf", "\"-inf", ">inf", ",nan", " nan%", ">-nan"}) {
        ASSERT_EQ(html.find(word), std::string::npos) << word << " at " << path << " = " << value;
      }
    }
  });
}

TEST(Report, survives_many_random_changes_at_once) {
  const json whole = small_sample();
  std::vector<json::json_pointer> paths;
  for_every_value(whole, [&](const json::json_pointer& path) { paths.push_back(path); });
  const std::vector<json> wrong = {
      nullptr, "", -7, 1e18, json::array(), json::object(), 0.5, "\xFF\xFE<svg onload=x>"};
  Rng rng(9);
  for (int trial = 0; trial < 500; ++trial) {
    json report = whole;
    for (uint32_t change = 0; change < 12; ++change) {
      const auto& path = paths[rng.below(static_cast<uint32_t>(paths.size()))];
      if (!path.empty() && report.contains(path))
        report[path] = wrong[rng.below(static_cast<uint32_t>(wrong.size()))];
    }
    const std::string html = render_report_html(report);
    ASSERT_EQ(flaw_in(html), "") << "trial " << trial;
    ASSERT_EQ(html.find("<svg onload"), std::string::npos) << "trial " << trial;
  }
}

TEST(Report, every_string_is_escaped) {
  const json whole = small_sample();
  const std::string evil = "<img src=x onerror=alert(1)>\"'\x01\xC3";
  for_every_value(whole, [&](const json::json_pointer& path) {
    if (!whole.at(path).is_string()) return;
    json report = whole;
    report[path] = evil;
    const std::string html = render_report_html(report);
    ASSERT_EQ(html.find("<img src=x"), std::string::npos) << path;
    ASSERT_EQ(flaw_in(html), "") << path;
  });
}

TEST(Report, a_thousand_classes_and_epochs_stay_a_page_of_a_few_megabytes) {
  json report = sample_report();
  const json epoch = report["train"]["epochs"][0], layer = report["model"]["layers"][0];
  for (int i = 0; i < 20000; ++i) report["train"]["epochs"].push_back(epoch);
  for (int i = 0; i < 20000; ++i) report["model"]["layers"].push_back(layer);
  const std::string html = render_report_html(report);
  EXPECT_LT(html.size(), 3u << 20);
  EXPECT_EQ(flaw_in(html), "");
}

}  // namespace
}  // namespace tadpole::evaluate
