// The part of the report on groups: a table for each kind of them (speakers, languages, devices) that the
// test side has.
#include <algorithm>

#include "evaluate/charts.h"
#include "evaluate/page.h"
#include "evaluate/report_sections.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {
namespace {

/// More than this nobody reads; the rest is in report.json.
constexpr size_t kMostGroups = 20;

struct Row {
  std::string group;
  std::optional<double> count, low, high;
  double value = 0;
};

std::vector<Row> rows_of(View table) {
  std::vector<Row> rows;
  for (const View& row : table.items("rows")) {
    const auto value = row.number("value");
    if (!value) continue;
    rows.push_back({row.text("group"), row.amount("count"), row.amount("low"), row.amount("high"), *value});
  }
  return rows;
}

/// The worst groups first; `share`: of shares the lowest, by the end of the likely range, else the highest.
void worst_first(std::vector<Row>& rows, bool share) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    if (!share) return a.value > b.value;
    return a.high.value_or(a.value) < b.high.value_or(b.value);
  });
}

/// The mean over all samples.
double mean_of(const std::vector<Row>& rows) {
  double sum = 0, count = 0;
  for (const Row& row : rows) {
    sum += row.value * row.count.value_or(1);
    count += row.count.value_or(1);
  }
  return count > 0 ? sum / count : 0;
}

/// Names the worst group, and whether it is surely worse than all together.
std::string worst_sentence(View table, const std::vector<Row>& rows, const std::string& kind,
                           const std::string& what, bool share) {
  const std::string name = table.text("worst");
  const auto worst =
      std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.group == name; });
  if (name.empty() || worst == rows.end()) return "";
  const double mean = mean_of(rows);
  const std::string who = escape(kind) + " <strong>" + escape(name) + "</strong>";
  if (!share) {
    return "Served worst: " + who + ", " + escape(what) + " " +
           with_tooltip(grouped(worst->value, 4), exact(worst->value), worst->value) + ". ";
  }
  if (worst->high && *worst->high < mean) {
    return "Served worse than all together (" + percent_html(mean) + "): " + who + ", " +
           percent_html(worst->value) + (worst->count ? " of " + grouped_html(*worst->count) : "") + ". ";
  }
  return "None is surely served worse than all together (" + percent_html(mean) + "): the bars' thin lines " +
         "reach as far. First in doubt: " + who + ". ";
}

std::string group_table_html(View table, const std::string& kind, const Place& place) {
  const std::string what = table.text("figure");
  std::vector<Row> rows = rows_of(table);
  if (rows.empty()) return "";
  const bool share = what != "mean error" && std::all_of(rows.begin(), rows.end(), [](const Row& row) {
                       return row.value >= 0 && row.value <= 1;
                     });
  worst_first(rows, share);
  std::vector<Table::Column> columns = {{kind}, {"samples", true}, {what, true}};
  if (share) columns.insert(columns.end(), {{"", false, true}, {"likely between", true}});
  Table html(std::string(place.name) + ": " + what + " by " + kind, columns);
  for (size_t i = 0; i < rows.size() && i < kMostGroups; ++i) {
    const Row& row = rows[i];
    std::vector<std::string> cells = {
        escape(row.group), row.count ? grouped_html(*row.count) : "",
        share ? percent_html(row.value) : with_tooltip(grouped(row.value, 4), exact(row.value), row.value)};
    if (share) {
      std::optional<std::pair<double, double>> likely;
      if (row.low && row.high) likely = {*row.low, *row.high};
      cells.push_back(bar(row.value, place.colour, likely));
      cells.push_back(likely ? percent_text(*row.low) + " and " + percent_text(*row.high) : "");
    }
    html.row(std::move(cells));
  }
  std::string note = worst_sentence(table, rows, kind, what, share);
  if (rows.size() > kMostGroups) {
    note += "The " + std::to_string(kMostGroups) + " worst of " + grouped(static_cast<double>(rows.size())) +
            " are shown; all are in report.json.";
  }
  return html.html() + paragraph(note);
}

}  // namespace

std::string group_figures(View evaluation) {
  std::string out;
  for (const Place& place : kPlaces) {
    const View result = evaluation.at(place.key);
    std::string tables = group_table_html(result.at("groups"), "group", place);
    for (const View& table : result.items("more_groups")) {
      const std::string kind = table.text("kind");
      if (!kind.empty()) tables += group_table_html(table, kind, place);
    }
    if (!tables.empty()) out = tables;
  }
  return folded("Group by group: whom does it serve worse?", out);
}

}  // namespace tadpole::evaluate
