#include "evaluate/optimise_charts.h"

#include <algorithm>

namespace tadpole::evaluate {

namespace {

struct Cost {
  const char* key;
  const char* axis;
  const char* words;
  double unit;
};

constexpr Cost kCosts[] = {{"flash_bytes", "flash, KB", "flash", 1024},
                           {"arena_bytes", "RAM for activations, KB", "RAM", 1024},
                           {"instructions", "instructions for one answer, millions", "time", 1e6}};

std::string axis_of(const std::string& headline) {
  if (headline == "r_squared") return "R2 on the validation side";
  if (headline == "auc") return "area under ROC on the validation side";
  return "right answers on the validation side";
}

struct Dot {
  std::string name;
  double x, y;
};

/// The cheapest first; a dot is on the line when nothing as cheap answers as well.
Series front_of(std::vector<Dot> dots) {
  std::stable_sort(dots.begin(), dots.end(),
                   [](const Dot& a, const Dot& b) { return a.x < b.x || (a.x == b.x && a.y > b.y); });
  Series front{.name = "nothing answers better for less", .colour = 3, .dashed = true, .points = {}};
  for (const Dot& dot : dots)
    if (front.points.empty() || dot.y > front.points.back().second) front.points.emplace_back(dot.x, dot.y);
  return front;
}

/// Names for what is compared with and for what is worth a look; all at once could not be read.
std::vector<Series> series_of(const std::vector<Dot>& dots, const std::string& recommended) {
  const Series front = front_of(dots);
  Series named{.name = "a model", .colour = 2, .points = {}, .scattered = true};
  Series others{.name = "another model, in the table", .colour = 4, .points = {}, .scattered = true};
  Series chosen{.name = "recommended: " + recommended, .colour = 1, .points = {}, .scattered = true};
  for (const Dot& dot : dots) {
    const std::pair place(dot.x, dot.y);
    const bool on_front = std::find(front.points.begin(), front.points.end(), place) != front.points.end();
    const bool is_named = on_front || dot.name == "float" || dot.name == "int8";
    Series& to = dot.name == recommended ? chosen : is_named ? named : others;
    to.points.push_back(place);
    if (&to != &others) to.labels.push_back(dot.name);
  }
  return {front, others, named, chosen};
}

}  // namespace

std::vector<LineChart> optimise_charts(View optimise) {
  std::vector<LineChart> charts;
  for (const Cost& cost : kCosts) {
    LineChart chart;
    chart.x_label = cost.axis;
    chart.y_label = axis_of(optimise.text("headline"));
    chart.y_is_share = optimise.text("headline") == "accuracy";
    std::vector<Dot> all;
    for (const View& point : optimise.items("points")) {
      const auto x = point.amount(cost.key);
      const auto y = point.number("validation") ? point.number("validation") : point.number("test");
      if (x && y) all.push_back({point.text("name"), *x / cost.unit, *y});
    }
    if (all.empty()) continue;
    chart.description = "What each model answers against its " + std::string(cost.words) + " on " +
                        optimise.text("board") + ": further left is cheaper, further up is better.";
    chart.series = series_of(all, optimise.text("recommended"));
    charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace tadpole::evaluate
