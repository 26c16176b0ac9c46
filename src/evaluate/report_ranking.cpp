// The part of the report on scores: how well each class's score tells it from the rest, for every threshold.
#include <algorithm>

#include "evaluate/charts.h"
#include "evaluate/page.h"
#include "evaluate/report_sections.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {
namespace {

constexpr size_t kMostLines = 6;  // as many as there are colours
constexpr size_t kMostClasses = 64;

/// A class, or all words together.
struct Ranked {
  std::string name;
  View view;
  double auc = 0;
};

/// What can be drawn of one place's ranking: all words first, then the classes, the hardest first.
std::vector<Ranked> ranked_of(View ranking) {
  std::vector<Ranked> classes;
  for (const View& row : ranking.items("classes")) {
    const auto auc = row.amount("auc");
    const std::string name = row.text("class");
    if (auc && *auc <= 1 && !name.empty() && classes.size() < kMostClasses)
      classes.push_back({name, row, *auc});
  }
  std::stable_sort(classes.begin(), classes.end(),
                   [](const Ranked& a, const Ranked& b) { return a.auc < b.auc; });
  const View words = ranking.at("words");
  if (const auto auc = words.amount("auc"); auc && *auc <= 1)
    classes.insert(classes.begin(), {"any word", words, *auc});
  return classes;
}

std::string curves(const std::vector<Ranked>& classes, const char* key, LineChart chart) {
  for (size_t i = 0; i < classes.size() && chart.series.size() < kMostLines; ++i) {
    const int colour = static_cast<int>(chart.series.size()) + 1;
    Series series{classes[i].name, colour, colour > 1, {}, false};
    for (const View& point : classes[i].view.items(key)) {
      const std::vector<View> pair = point.items();
      if (pair.size() != 2 || !pair[0].number() || !pair[1].number()) continue;
      series.points.emplace_back(std::clamp(*pair[0].number(), 0.0, 1.0),
                                 std::clamp(*pair[1].number(), 0.0, 1.0));
    }
    if (!series.points.empty()) chart.series.push_back(std::move(series));
  }
  return chart.series.empty() ? "" : draw(chart);
}

std::string figure_cell(View row, const char* key) {
  const auto value = row.amount(key);
  if (!value || *value > 1) return std::string(kUnknownValue);
  return with_tooltip(grouped(*value, 4), exact(*value), *value);
}

std::string table_of(const std::vector<Ranked>& classes, const Place& place) {
  Table table(std::string(place.name) + ": each class against the rest", {{"class"},
                                                                          {"recordings", true},
                                                                          {"area under ROC", true},
                                                                          {"", false, true},
                                                                          {"average precision", true}});
  for (const Ranked& one : classes) {
    const auto count = one.view.amount("count");
    table.row({escape(one.name), count ? grouped_html(*count) : "", figure_cell(one.view, "auc"),
               bar(one.auc, place.colour), figure_cell(one.view, "average_precision")});
  }
  return table.html();
}

}  // namespace

std::string ranking_figures(View evaluation) {
  std::vector<Ranked> classes;
  const Place* shown = nullptr;
  for (const Place& place : kPlaces) {
    std::vector<Ranked> found = ranked_of(evaluation.at(place.key).at("ranking"));
    if (!found.empty()) classes = std::move(found), shown = &place;
  }
  if (shown == nullptr) return "";
  const std::string lines =
      classes.size() > kMostLines ? " Drawn: the hardest classes; all are in the table." : "";
  const std::string roc =
      curves(classes, "roc",
             {.description = "ROC curves, one class against the rest, for every threshold.",
              .x_label = "others that are taken for it",
              .y_label = "of the class, found",
              .y_is_share = true,
              .series = {},
              .marks = {}});
  const std::string trade =
      curves(classes, "precision_recall",
             {.description = "Precision against recall, one class against the rest, for every threshold.",
              .x_label = "of the class, found (recall)",
              .y_label = "answers to be trusted (precision)",
              .y_is_share = true,
              .series = {},
              .marks = {}});
  return "<div class=\"pair\"><div>" +
         figure(
             "Finding a class against false finds (ROC)", roc,
             "How to read it: the nearer a line comes to the upper left corner, the better; its area is in "
             "the table." +
                 lines) +
         "</div><div>" +
         figure("What is found against what can be trusted", trade,
                "How to read it: the nearer a line stays to the top, the better. It says more than the ROC "
                "where a class is rare." +
                    lines) +
         "</div></div>" +
         folded("How well the scores tell the classes apart, in numbers", table_of(classes, *shown));
}

}  // namespace tadpole::evaluate
