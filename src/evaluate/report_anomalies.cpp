// The part of the report on anomalies: curves, scores and the chosen threshold.
#include <algorithm>

#include "evaluate/charts.h"
#include "evaluate/page.h"
#include "evaluate/report_sections.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {
namespace {

std::string alarm_table(View evaluation) {
  Table table("Alarms on the test side, at the chosen threshold", {{"where"},
                                                                   {"area under ROC", true},
                                                                   {"threshold", true},
                                                                   {"noticed", true},
                                                                   {"missed", true},
                                                                   {"false alarms", true},
                                                                   {"rightly quiet", true},
                                                                   {"alarms to be trusted", true}});
  for (const Place& place : kPlaces) {
    const View result = evaluation.at(place.key);
    const auto threshold = result.number("threshold");
    if (!threshold || !result.amount("false_alarms")) continue;
    const auto count = [&](const char* key) {
      const auto value = result.amount(key);
      return value ? grouped_html(*value) : std::string();
    };
    const auto auc = result.amount("auc"), precision = result.amount("precision");
    table.row({escape(place.name) + "<br><small class=\"where\">" + escape(place.where) + "</small>",
               auc ? with_tooltip(grouped(*auc, 4), exact(*auc), *auc) : std::string(kUnknownValue),
               with_tooltip(grouped(*threshold, 4), exact(*threshold), *threshold), count("hits"),
               count("misses"), count("false_alarms"), count("quiet"),
               precision && *precision <= 1 ? percent_html(*precision) : std::string(kUnknownValue)});
  }
  return table.html();
}

/// A curve of pairs of shares that every place draws in its colour; `x` and `y` name a place's own point.
std::string share_curve(View evaluation, const char* key, LineChart chart, const char* x, const char* y) {
  for (const Place& place : kPlaces) {
    const View result = evaluation.at(place.key);
    Series series{place.name, place.colour, place.colour > 1, {}, false};
    for (const View& point : result.items(key)) {
      const std::vector<View> pair = point.items();
      if (pair.size() != 2 || !pair[0].number() || !pair[1].number()) continue;
      series.points.emplace_back(std::clamp(*pair[0].number(), 0.0, 1.0),
                                 std::clamp(*pair[1].number(), 0.0, 1.0));
    }
    if (series.points.empty()) continue;
    chart.series.push_back(std::move(series));
    const auto at_x = result.amount(x), at_y = result.amount(y);
    if (at_x && at_y && *at_x <= 1 && *at_y <= 1)
      chart.marks.push_back({std::string(place.name) + ", chosen threshold", place.colour, *at_x, *at_y});
  }
  return chart.series.empty() ? "" : draw(chart);
}

std::string histogram(View evaluation) {
  for (size_t i = kPlaces.size(); i-- > 0;) {
    const View result = evaluation.at(kPlaces[i].key), bins = result.at("histogram");
    const auto largest = bins.amount("largest_score"), threshold = result.amount("threshold");
    LineChart chart;
    chart.x_label = "score";
    chart.y_label = "samples";
    double most = 0;
    for (const auto& [key, colour] : {std::pair{"normal", 3}, {"anomalies", 2}}) {
      Series series{key, colour, colour == 2, {}, false};
      const std::vector<View> counts = bins.items(key);
      for (size_t bin = 0; bin < counts.size() && largest; ++bin) {
        const double count = counts[bin].number().value_or(0);
        series.points.emplace_back(
            (static_cast<double>(bin) + 0.5) * *largest / static_cast<double>(counts.size()), count);
        most = std::max(most, count);
      }
      if (!series.points.empty()) chart.series.push_back(std::move(series));
    }
    if (chart.series.empty()) continue;
    if (threshold)
      chart.series.push_back({"threshold", 6, true, {{*threshold, 0}, {*threshold, most}}, false});
    chart.description = "Lines: how many normal samples and anomalies have each score.";
    return figure(
        "Scores of normal samples and of anomalies", draw(chart),
        "How to read it: the further apart the two hills, the better. What lies to the right of the "
        "threshold raises an alarm.");
  }
  return "";
}

}  // namespace

std::string anomalies_section(View report) {
  const View evaluation = report.at("evaluation");
  std::string out = alarm_table(evaluation);
  if (out.empty()) return "";
  const View agreement = report.at("agreement");
  out += paragraph(agreement_sentence(agreement, "int8_equals_float", "The int8 model and the float model") +
                   agreement_sentence(agreement, "board_equals_host", "The board and this computer"));
  const std::string roc =
      share_curve(evaluation, "roc",
                  {.description = "ROC curve: anomalies noticed against false alarms, for every threshold.",
                   .x_label = "false alarms among normal samples",
                   .y_label = "anomalies noticed",
                   .y_is_share = true,
                   .series = {},
                   .marks = {}},
                  "false_alarm_rate", "recall");
  const std::string trade = share_curve(evaluation, "precision_recall",
                                        {.description = "Precision against recall, for every threshold.",
                                         .x_label = "anomalies noticed (recall)",
                                         .y_label = "alarms to be trusted (precision)",
                                         .y_is_share = true,
                                         .series = {},
                                         .marks = {}},
                                        "recall", "precision");
  out += "<div class=\"pair\"><div>" +
         figure("Noticing against false alarms (ROC)", roc,
                "How to read it: the nearer the line comes to the upper left corner, the better.") +
         "</div><div>" +
         figure("Can its alarms be trusted?", trade,
                "How to read it: the nearer the line stays to the top, the better.") +
         "</div></div>";
  return out + histogram(evaluation) + group_figures(evaluation);
}

}  // namespace tadpole::evaluate
