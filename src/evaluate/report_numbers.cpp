// The part of the report on predicted numbers (regression): errors, and answers against truth.
#include <algorithm>
#include <cmath>

#include "evaluate/charts.h"
#include "evaluate/page.h"
#include "evaluate/report_sections.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {
namespace {

constexpr size_t kMostOutputs = 12;

std::string number_cell(View row, const char* key) {
  const auto value = row.number(key);
  return value ? with_tooltip(grouped(*value, std::abs(*value) < 10 ? 4 : 1), exact(*value), *value) : "";
}

std::string error_table(View evaluation) {
  Table table("Errors on the test side", {{"output"},
                                          {"where"},
                                          {"mean error", true},
                                          {"root mean square", true},
                                          {"largest", true},
                                          {"too high by", true},
                                          {"R\xC2\xB2", true},
                                          {"samples", true}});
  for (const Place& place : kPlaces) {
    const View result = evaluation.at(place.key);
    const auto count = result.amount("count");
    const std::vector<View> outputs = result.items("outputs");
    for (size_t i = 0; i < outputs.size() && i < kMostOutputs; ++i) {
      table.row({escape(outputs[i].text("name")), escape(place.name),
                 number_cell(outputs[i], "mean_absolute_error"),
                 number_cell(outputs[i], "root_mean_square_error"), number_cell(outputs[i], "largest_error"),
                 number_cell(outputs[i], "bias"), number_cell(outputs[i], "r_squared"),
                 count ? grouped_html(*count) : ""});
    }
  }
  if (table.empty()) return "";
  return table.html() +
         "<p class=\"muted\"><small>How to read it: mean error is how far an answer is from the truth on "
         "average; root mean square counts large errors more. R\xC2\xB2 is 1 when every answer is right and "
         "0 when the answers are no better than always saying the mean.</small></p>";
}

/// Answers against truth for one output, every place in its colour.
std::string scatter(View evaluation, size_t output, const std::string& name) {
  LineChart chart;
  chart.x_label = "true " + name;
  chart.y_label = "answer";
  double low = 0, high = 0;
  bool any = false;
  for (const Place& place : kPlaces) {
    const std::vector<View> outputs = evaluation.at(place.key).items("outputs");
    if (output >= outputs.size()) continue;
    Series series{place.name, place.colour, false, {}, true};
    for (const View& point : outputs[output].items("points")) {
      const std::vector<View> pair = point.items();
      if (pair.size() != 2 || !pair[0].number() || !pair[1].number()) continue;
      const double x = *pair[0].number(), y = *pair[1].number();
      if (std::max(std::abs(x), std::abs(y)) > 1e30) continue;
      series.points.emplace_back(x, y);
      low = any ? std::min(low, x) : x;
      high = any ? std::max(high, x) : x;
      any = true;
    }
    chart.series.push_back(std::move(series));
  }
  if (!any) return "";
  chart.series.insert(chart.series.begin(), {"exactly right", 6, true, {{low, low}, {high, high}}});
  chart.description = "Dots: the model's answer for each true value of " + name +
                      "; the dashed line is where they are equal.";
  return figure(
      "Answers against the truth: " + name, draw(chart),
      "How to read it: each dot is one test sample. The nearer the dots lie to the dashed line, the "
      "better; dots above it are answers that are too high.");
}

}  // namespace

std::string numbers_section(View report) {
  const View evaluation = report.at("evaluation");
  std::string out = error_table(evaluation);
  if (out.empty()) return "";
  out += paragraph(
      agreement_sentence(report.at("agreement"), "board_equals_host", "The board and this computer"));
  for (const Place& place : kPlaces) {
    const std::vector<View> outputs = evaluation.at(place.key).items("outputs");
    for (size_t i = 0; i < outputs.size() && i < kMostOutputs; ++i)
      out += scatter(evaluation, i, outputs[i].text("name"));
    if (!outputs.empty()) break;
  }
  return out + group_figures(evaluation);
}

}  // namespace tadpole::evaluate
