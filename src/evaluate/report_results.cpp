// The parts of the report that say how good the model is: headline, answers, the long recording.
#include <algorithm>
#include <cmath>

#include "evaluate/charts.h"
#include "evaluate/page.h"
#include "evaluate/palette.h"
#include "evaluate/report_sections.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {
namespace {

std::string card(std::string_view what, const std::string& big, const std::string& sub,
                 const std::string& extra = "") {
  return "<li class=\"card\"><p class=\"what\">" + escape(what) + "</p><p class=\"big\">" + big + "</p>" +
         extra + "<p class=\"sub\">" + sub + "</p></li>";
}

std::string memory_card(std::string_view what, View memory) {
  const auto used = sum_of_parts(memory);
  if (!used) return "";
  const auto limit = memory.amount("limit");
  if (!limit || *limit == 0) return card(what, bytes_html(*used), "on the board");
  const double share = *used / *limit;
  return card(what, bytes_html(*used), percent_text(share) + " of " + bytes_html(*limit),
              bar(share, share > 1 ? 2 : 3));
}

/// The counts of a confusion matrix; empty unless it is square, fits the names and holds only counts.
struct Matrix {
  std::vector<std::string> names;
  std::vector<double> cells;
  double at(size_t truth, size_t answer) const { return cells[truth * names.size() + answer]; }
};

Matrix read_matrix(View result, View report) {
  Matrix matrix;
  const std::vector<View> rows = result.items("confusion");
  if (rows.empty() || rows.size() > 64) return {};
  std::vector<View> names = result.items("classes");
  if (names.size() != rows.size()) names = report.at("data").items("classes");
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string name = i < names.size() ? names[i].text() : "";
    matrix.names.push_back(name.empty() ? "class " + std::to_string(i) : name);
    const std::vector<View> row = rows[i].items();
    if (row.size() != rows.size()) return {};
    for (const View& cell : row) {
      const auto value = cell.number();
      if (!value || *value < 0 || *value > 1e12) return {};
      matrix.cells.push_back(*value);
    }
  }
  return matrix;
}

std::string draw_matrix(const Matrix& matrix, const Place& place) {
  const size_t n = matrix.names.size();
  std::string out = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" +
                    escape(std::string(place.name) + ": what was said and what was answered") +
                    "\"><table class=\"heat\"" + (n > 12 ? " style=\"min-width:720px\"" : "") + "><caption>" +
                    escape(place.name) + "</caption><colgroup><col class=\"name\">";
  for (size_t i = 0; i < n; ++i) out += "<col>";
  out += "</colgroup><thead><tr><th scope=\"col\">answered \xE2\x86\x92<br>said \xE2\x86\x93</th>";
  for (const std::string& name : matrix.names) {
    out +=
        "<th scope=\"col\" title=\"answered: " + escape(name) + "\"><span>" + escape(name) + "</span></th>";
  }
  out += "</tr></thead><tbody>";
  for (size_t truth = 0; truth < n; ++truth) {
    double support = 0;
    for (size_t answer = 0; answer < n; ++answer) support += matrix.at(truth, answer);
    const std::string name = escape(matrix.names[truth]);
    out += "<tr><th scope=\"row\" title=\"said: " + name + "\">" + name + "</th>";
    for (size_t answer = 0; answer < n; ++answer) {
      const double count = matrix.at(truth, answer), share = support > 0 ? count / support : 0;
      const int step = static_cast<int>(std::lround(share * (kHeatSteps - 1)));
      const std::string style = count == 0 ? "zero" : (truth == answer ? "r" : "w") + std::to_string(step);
      out += "<td class=\"" + style + "\" title=\"said " + name + ", answered " +
             escape(matrix.names[answer]) + ": " + grouped(count) + " of " + grouped(support) + " (" +
             percent_text(share) + ")\">" + grouped(count) + "</td>";
    }
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

/// "The most common mix-up: “go” was taken for “no” 5 times."
std::string worst_mix_up(const Matrix& matrix) {
  size_t worst_truth = 0, worst_answer = 0;
  double worst = 0;
  for (size_t truth = 0; truth < matrix.names.size(); ++truth) {
    for (size_t answer = 0; answer < matrix.names.size(); ++answer) {
      if (truth == answer || matrix.at(truth, answer) <= worst) continue;
      worst = matrix.at(truth, answer);
      worst_truth = truth;
      worst_answer = answer;
    }
  }
  if (worst == 0) return "";
  return "The most common mix-up: \xE2\x80\x9C" + escape(matrix.names[worst_truth]) +
         "\xE2\x80\x9D was taken for \xE2\x80\x9C" + escape(matrix.names[worst_answer]) + "\xE2\x80\x9D (" +
         plural(worst, "time", "times") + ").";
}

/// The value of `key` for the class `name` in a result's per_class.
std::string class_share(View result, const std::string& name, const char* key) {
  for (const View& row : result.items("per_class")) {
    if (row.text("class") != name) continue;
    const auto value = row.amount(key);
    return value && *value <= 1 ? percent_html(*value) : std::string(kUnknownValue);
  }
  return std::string(kUnknownValue);
}

/// One row a class; recall, precision and F1 of every place side by side.
std::string class_table(View evaluation) {
  static constexpr std::pair<const char*, const char*> kScores[] = {
      {"recall", "found"}, {"precision", "to be trusted"}, {"f1", "both (F1)"}};
  std::vector<const Place*> places;
  std::vector<View> classes;
  for (const Place& place : kPlaces) {
    const std::vector<View> rows = evaluation.at(place.key).items("per_class");
    if (rows.empty()) continue;
    places.push_back(&place);
    if (classes.empty()) classes = rows;
  }
  std::string body, groups, columns;
  for (size_t i = 0; i < classes.size() && i < 64; ++i) {
    const std::string name = classes[i].text("class");
    if (name.empty()) continue;
    const auto count = classes[i].amount("count");
    body += "<tr><th scope=\"row\">" + escape(name) + "</th><td class=\"n\">" +
            (count ? grouped(*count) : std::string(kUnknownValue)) + "</td>";
    for (const auto& score : kScores) {
      for (const Place* place : places) {
        body += "<td class=\"n\">" + class_share(evaluation.at(place->key), name, score.first) + "</td>";
      }
    }
    body += "</tr>";
  }
  if (body.empty()) return "";
  for (const auto& score : kScores) {
    groups +=
        "<th scope=\"colgroup\" colspan=\"" + std::to_string(places.size()) + "\">" + score.second + "</th>";
    for (const Place* place : places) {
      columns += std::string("<th scope=\"col\" class=\"n\">") + place->short_name + "</th>";
    }
  }
  return "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Class by class\"><table "
         "class=\"wide\"><caption>Class "
         "by class</caption><thead><tr><td colspan=\"2\"></td>" +
         groups + "</tr><tr><th scope=\"col\">class</th><th scope=\"col\" class=\"n\">recordings</th>" +
         columns + "</tr></thead><tbody>" + body +
         "</tbody></table></div><p class=\"muted\"><small>\xE2\x80\x9C"
         "Found\xE2\x80\x9D (recall): of all recordings of this class, how many got the right answer. "
         "\xE2\x80\x9CTo be trusted\xE2\x80\x9D (precision): when this class was the answer, how often that "
         "was right. A dash: "
         "the class never was the answer, or was never said.</small></p>";
}

std::string accuracy_table(View evaluation) {
  Table table("Right answers on the test recordings", {{"where"},
                                                       {"right answers", true},
                                                       {"", false, true},
                                                       {"likely between", true},
                                                       {"recordings", true}});
  for (const Place& place : kPlaces) {
    const View result = evaluation.at(place.key);
    const auto accuracy = headline_accuracy(result);
    if (!accuracy) continue;
    const auto low = result.number("accuracy_low"), high = result.number("accuracy_high");
    const bool without = result.number("accuracy_without_silence").has_value();
    const auto count = result.amount(without ? "count_without_silence" : "count");
    std::optional<std::pair<double, double>> interval;
    std::string range;
    if (low && high) {
      interval = {*low, *high};
      range = percent_text(*low) + " and " + percent_text(*high);
    }
    table.row({escape(place.name) + "<br><small class=\"where\">" + escape(place.where) + "</small>",
               percent_html(*accuracy), bar(*accuracy, place.colour, interval), range,
               count ? grouped_html(*count) : ""});
  }
  if (table.empty()) return "";
  return table.html() +
         "<p class=\"muted\"><small>How to read it: the longer the bar, the better. The thin line "
         "shows where the true "
         "value very likely lies: with few recordings it is long. Recordings of silence are not counted "
         "here, since they are "
         "easy.</small></p>";
}

/// agreement.*: a whole number counts samples, a fraction is a share, true means all.
std::optional<double> agreement_share(View value, std::optional<double> count) {
  if (value.is_true()) return 1;
  const auto number = value.number();
  if (!number || *number < 0) return std::nullopt;
  if (!value.is_whole_number()) return *number <= 1 ? number : std::nullopt;
  if (!count || *count == 0 || *number > *count) return std::nullopt;
  return *number / *count;
}

std::string stream_table(View stream) {
  Table table("Words heard in the long recording", {{"where"},
                                                    {"heard", true},
                                                    {"missed", true},
                                                    {"share missed", true},
                                                    {"false alarms", true},
                                                    {"an hour", true}});
  for (const Place& place : kPlaces) {
    const View score = stream.at(place.key);
    if (!score.has_members()) continue;
    const auto amount = [&](const char* key, int decimals = 0) {
      const auto value = score.amount(key);
      return value ? grouped_html(*value, decimals) : std::string();
    };
    const auto hits = score.amount("hits"), misses = score.amount("misses");
    if (!hits && !misses && !score.amount("false_accepts")) continue;
    std::string share;
    if (hits && misses && *hits + *misses > 0) share = percent_html(*misses / (*hits + *misses));
    table.row({escape(place.name), amount("hits"), amount("misses"), share, amount("false_accepts"),
               amount("false_accepts_per_hour", 1)});
  }
  return table.html();
}

/// The picture of the curve, and its numbers.
std::pair<std::string, std::string> stream_curve(View stream) {
  LineChart chart;
  chart.x_label = "false alarms an hour";
  chart.y_label = "words missed";
  chart.y_is_share = true;
  Series series{"one point for each threshold", 4, false, {}};
  Table table("The curve in numbers",
              {{"threshold"}, {"false alarms an hour", true}, {"words missed", true}});
  const auto chosen = stream.number("chosen_threshold");
  const std::vector<View> curve = stream.items("curve");
  for (size_t i = 0; i < curve.size() && i < 5000; ++i) {
    const auto x = curve[i].amount("false_accepts_per_hour"), y = curve[i].amount("false_reject_rate");
    const auto threshold = curve[i].number("threshold");
    if (!x || !y || *y > 1) continue;
    series.points.emplace_back(*x, *y);
    const bool here = threshold && chosen && *threshold == *chosen;
    if (i < kMostRows) {
      table.row({threshold ? grouped(*threshold, 2) + (here ? " (chosen)" : "") : "", grouped_html(*x, 1),
                 percent_html(*y)});
    }
    if (here) {
      chart.marks.push_back({"the chosen threshold, " + grouped(*threshold, 2), 4, *x, *y});
    }
  }
  for (const Place& place : kPlaces) {
    const View score = stream.at(place.key);
    const auto x = score.amount("false_accepts_per_hour");
    const auto hits = score.amount("hits"), misses = score.amount("misses");
    if (series.points.empty() || !x || !hits || !misses || *hits + *misses == 0) continue;
    chart.marks.push_back({place.name, place.colour, *x, *misses / (*hits + *misses)});
  }
  // Drawn along the axis even when the thresholds came in another order.
  std::sort(series.points.begin(), series.points.end(),
            [](auto a, auto b) { return a.first != b.first ? a.first < b.first : a.second > b.second; });
  chart.description = "Line: share of words missed against false alarms an hour, for " +
                      plural(static_cast<double>(series.points.size()), "threshold", "thresholds") +
                      ". The table below has the numbers.";
  chart.series.push_back(std::move(series));
  return {figure("Missing words or hearing ghosts", draw(chart),
                 "How to read it: a careful detector sits at the upper left, misses more and hears fewer "
                 "ghosts; an eager one sits "
                 "at the lower right. The nearer the line comes to the lower left corner, the better."),
          folded("The curve in numbers", table.html())};
}

}  // namespace

std::string agreement_sentence(View agreement, const char* key, const std::string& who) {
  const auto count = agreement.amount("count");
  const auto share = agreement_share(agreement.at(key), count);
  if (!share) return "";
  if (*share == 1) {
    return who + " gave the same answer for <strong>every" +
           (count ? " one of " + grouped(*count) + " recordings" : std::string(" recording")) + "</strong>. ";
  }
  const std::string all = count ? " of " + grouped(*count) : std::string();
  return who + " gave the same answer for <strong>" + percent_html(*share) + "</strong>" + all +
         " recordings. ";
}

std::optional<double> headline_accuracy(View result) {
  for (const char* key : {"accuracy_without_silence", "accuracy"}) {
    const auto value = result.amount(key);
    if (value && *value <= 1) return value;
  }
  return std::nullopt;
}

std::optional<Headline> headline_of(View result) {
  if (const auto accuracy = headline_accuracy(result))
    return Headline{*accuracy, "Right answers", "accuracy"};
  const auto auc = result.amount("auc"), r_squared = result.number("r_squared");
  if (auc && *auc <= 1) return Headline{*auc, "Area under the ROC curve", "auc"};
  if (r_squared && *r_squared <= 1) return Headline{*r_squared, "R\xC2\xB2", "r_squared"};
  return std::nullopt;
}

std::optional<double> sum_of_parts(View memory) {
  double sum = 0;
  bool any = false;
  for (const View& part : memory.items("parts")) {
    const auto bytes = part.amount("bytes");
    if (!bytes) continue;
    sum += *bytes;
    any = true;
  }
  return any && std::isfinite(sum) ? std::optional(sum) : std::nullopt;
}

std::string headline(View report) {
  std::string out;
  for (const Place& place : kPlaces) {
    const auto headline = headline_of(report.at("evaluation").at(place.key));
    if (!headline) continue;
    const bool share = std::string_view(headline->key) == "accuracy";
    out += card(std::string(headline->name) + ", " + place.short_name,
                share ? percent_html(headline->value)
                      : with_tooltip(grouped(headline->value, 3), exact(headline->value), headline->value),
                escape(place.where), bar(headline->value, place.colour));
  }
  if (const auto bytes = report.at("quantisation").amount("tflite_bytes")) {
    out += card("Model file", bytes_html(*bytes), "the .tflite file");
  }
  const View board = report.at("board");
  out += memory_card("RAM used", board.at("ram")) + memory_card("Flash used", board.at("flash"));
  if (const auto count = board.amount("instructions_per_inference")) {
    out += card("Instructions", compact_html(*count), "for each answer, counted exactly");
  }
  if (const auto ms = board.amount("milliseconds_estimated")) {
    const auto hz = board.amount("clock_hz");
    out += card("Time", with_tooltip(grouped(*ms, *ms < 100 ? 1 : 0) + "\xC2\xA0ms", exact(*ms) + " ms", *ms),
                "for each answer" + (hz ? " at " + grouped(*hz / 1e6) + "\xC2\xA0MHz" : std::string()) + " " +
                    estimate_tag());
  }
  return out.empty() ? "" : "<ul class=\"cards\" aria-label=\"The main numbers\">" + out + "</ul>";
}

std::string answers_section(View report) {
  const View evaluation = report.at("evaluation");
  std::string out = accuracy_table(evaluation);
  const View agreement = report.at("agreement");
  out += paragraph(agreement_sentence(agreement, "int8_equals_float", "The int8 model and the float model") +
                   agreement_sentence(agreement, "board_equals_host", "The board and this computer"));
  std::string matrices, mix_up;
  for (const Place& place : kPlaces) {
    const View result = evaluation.at(place.key);
    const Matrix matrix = read_matrix(result, report);
    if (!matrix.names.empty()) {
      matrices += draw_matrix(matrix, place);
      mix_up = worst_mix_up(matrix);  // of the last place there is: nearest to what a user meets
    }
  }
  if (!matrices.empty()) {
    out += "<figure><h3>What was said, and what was answered</h3><div class=\"trio\">" + matrices +
           "</div><figcaption>How to read it: each row is a word that was said, each column an answer. Right "
           "answers are on "
           "the green diagonal; an orange number is a mistake, and the stronger its colour, the larger the "
           "share of that row. " +
           mix_up + "</figcaption></figure>";
  }
  out += class_table(evaluation);
  if (!out.empty()) out += ranking_figures(evaluation) + group_figures(evaluation);
  return out;
}

std::string stream_section(View report) {
  const View stream = report.at("stream");
  const std::string table = stream_table(stream);
  const auto [curve, numbers] = stream_curve(stream);
  if (table.empty() && curve.empty()) return "";
  std::string story;
  const auto seconds = stream.amount("seconds"), events = stream.amount("events");
  if (seconds) {
    story = "Test words and other words were mixed into " + duration_text(*seconds) +
            " of background noise, as if someone spoke now and then in a room. ";
  }
  if (events) story += "It holds " + plural(*events, "word", "words") + " to listen for. ";
  if (const auto chosen = stream.number("chosen_threshold")) {
    story += "A word counts as heard when its average score is above " + grouped_html(*chosen, 2) + ". ";
  }
  const View on_board = stream.at("board").has_members() ? stream.at("board") : stream.at("int8");
  if (const auto median = on_board.at("delay").number("median_ms"))
    story += "It is announced " + grouped(*median) + " ms after the word's end (median). ";
  if (const auto busy = stream.amount("duty_cycle_estimated")) {
    story += "The board is busy for " + percent_html(*busy) + " of its time (duty cycle, " + estimate_tag() +
             "). ";
  }
  return paragraph(story) + "<div class=\"pair\"><div>" + curve + "</div><div>" + table + numbers +
         "</div></div>";
}

}  // namespace tadpole::evaluate
