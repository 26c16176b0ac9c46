// The part of the report on when to answer: the choice of tadpole threshold, and what it does on words or
// samples that it was not chosen on.
#include <algorithm>

#include "evaluate/charts.h"
#include "evaluate/page.h"
#include "evaluate/report_sections.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {
namespace {

std::string score_table(View threshold) {
  Table table("What the choice does", {{"where"},
                                       {"noticed", true},
                                       {"missed", true},
                                       {"share missed", true},
                                       {"false accepts", true},
                                       {"an hour", true},
                                       {"cost an hour", true}});
  const auto row = [&](const char* name, View score) {
    if (!score.has_members()) return;
    const auto amount = [&](const char* key, int decimals = 0) {
      const auto value = score.amount(key);
      return value ? grouped_html(*value, decimals) : std::string(kUnknownValue);
    };
    const auto missed = score.amount("false_reject_rate");
    table.row({name, amount("hits"), amount("misses"),
               missed && *missed <= 1 ? percent_html(*missed) : std::string(kUnknownValue),
               amount("false_accepts"), amount("false_accepts_per_hour", 1), amount("cost_per_hour", 1)});
  };
  row("validation side, before", threshold.at("validation").at("score_before"));
  row("validation side, chosen", threshold.at("validation").at("score"));
  row("test side, before", threshold.at("test_before"));
  row("test side, chosen", threshold.at("test").at("score"));
  return table.html();
}

/// False accepts an hour against misses, for the side that the choice was made on and for the test side.
std::string curves(View threshold) {
  LineChart chart;
  chart.x_label = "false accepts an hour";
  chart.y_label = "words missed";
  chart.y_is_share = true;
  const auto add = [&](const char* key, const char* name, int colour) {
    Series series{name, colour, colour > 1, {}, false};
    for (const View& point : threshold.at(key).items("curve")) {
      const auto x = point.amount("false_accepts_per_hour"), y = point.amount("false_reject_rate");
      if (x && y && *y <= 1) series.points.emplace_back(*x, *y);
    }
    if (series.points.empty()) return;
    std::sort(series.points.begin(), series.points.end(),
              [](auto a, auto b) { return a.first != b.first ? a.first < b.first : a.second > b.second; });
    chart.series.push_back(std::move(series));
    const View score = threshold.at(key).at("score");
    const auto x = score.amount("false_accepts_per_hour"), y = score.amount("false_reject_rate");
    if (x && y && *y <= 1) chart.marks.push_back({std::string(name) + ", chosen", colour, *x, *y});
  };
  add("validation", "validation side", 1);
  add("test", "test side", 2);
  if (chart.series.empty()) return "";
  chart.description = "Lines: share of words missed against false accepts an hour, on both sides.";
  return figure("Choosing when to answer", draw(chart),
                "How to read it: each point is a threshold. The choice was made on the validation side; the "
                "test side shows what to expect.");
}

std::string settings_list(View threshold) {
  std::string text;
  const View costs = threshold.at("costs");
  const auto miss = costs.amount("miss"), accept = costs.amount("false_accept");
  if (miss && accept) {
    text = "A miss costs " + grouped_html(*miss, 2) + " and a false accept " + grouped_html(*accept, 2) +
           ", as [threshold] of tadpole.toml says. ";
  }
  const auto chosen = threshold.number("threshold");
  if (chosen) text += "The chosen threshold is <strong>" + grouped_html(*chosen, 3) + "</strong>. ";
  const View delay = threshold.at("test").at("score").at("delay");
  const auto median = delay.number("median_ms"), late = delay.number("percentile_95_ms");
  if (median && late) {
    text += "Words are announced " + grouped(*median) + " ms after their end in the middle, and 95 of 100 " +
            "within " + grouped(*late) + " ms. ";
  }
  return text;
}

std::string group_table_of(View groups) {
  const std::string what = groups.text("figure");
  Table table("Test side: " + what + " of each group", {{"group"}, {"words", true}, {what, true}});
  const std::vector<View> rows = groups.items("rows");
  for (size_t i = 0; i < rows.size() && i < kMostRows; ++i) {
    const auto count = rows[i].amount("count"), value = rows[i].amount("value");
    if (!count || !value || *value > 1) continue;
    table.row({escape(rows[i].text("group")), grouped_html(*count), percent_html(*value)});
  }
  return folded("Whom it hears worse", table.html());
}

}  // namespace

std::string threshold_section(View report) {
  const View threshold = report.at("threshold");
  const std::string table = score_table(threshold);
  if (table.empty()) return "";
  return paragraph(settings_list(threshold)) + "<div class=\"pair\"><div>" + curves(threshold) +
         "</div><div>" + table + group_table_of(threshold.at("test").at("groups")) + "</div></div>";
}

}  // namespace tadpole::evaluate
