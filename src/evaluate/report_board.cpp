// The parts of the report about small numbers and the board: what int8 cost, where memory goes, where the
// work goes.
#include <algorithm>
#include <cmath>

#include "evaluate/charts.h"
#include "evaluate/page.h"
#include "evaluate/report_sections.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {
namespace {

std::string file_sizes(View quantisation) {
  const auto before = quantisation.amount("float_bytes"), after = quantisation.amount("tflite_bytes");
  if (!before && !after) return "";
  const double most = std::max(before.value_or(0), after.value_or(0));
  Table table("Size of the model", {{"numbers"}, {"size", true}, {"", false, true}});
  if (before) table.row({"Float, 32 bits each", bytes_html(*before), bar(most > 0 ? *before / most : 0, 1)});
  if (after) table.row({"Int8, 8 bits each", bytes_html(*after), bar(most > 0 ? *after / most : 0, 2)});
  return table.html();
}

std::string noise_table(View quantisation) {
  const std::vector<View> layers = quantisation.items("layers");
  double most = 40;
  for (const View& layer : layers) {
    const auto db = layer.number("signal_to_noise_db");
    if (db && *db <= 200) most = std::max(most, *db);
  }
  Table table(
      "How well each layer survived",
      {{"layer"}, {"signal to noise", true}, {"", false, true}, {"smallest", true}, {"largest", true}});
  for (size_t i = 0; i < layers.size() && i < kMostRows; ++i) {
    const auto db = layers[i].number("signal_to_noise_db");
    const auto end = [&](const char* key) {
      const auto value = layers[i].number(key);
      return value ? grouped_html(*value, 2) : std::string();
    };
    const std::string name = layers[i].text("layer");
    if (name.empty() && !db) continue;
    table.row({layer_cell(name, layers[i].text("op")),
               db ? with_tooltip(grouped(*db, 1) + "\xC2\xA0"
                                                   "dB",
                                 exact(*db) + " dB", *db)
                  : "",
               db ? bar(*db / most, *db < 10 ? 2 : 3) : "&nbsp;", end("low"), end("high")});
  }
  if (table.empty()) return "";
  return table.html() +
         "<p class=\"muted\"><small>How to read it: longer is better. At 20\xC2\xA0"
         "dB the error is a tenth of the signal, at "
         "40\xC2\xA0"
         "dB a hundredth. Smallest and largest are the ends of what 8 bits can hold in that "
         "layer.</small></p>";
}

std::string memory_block(std::string_view title, View memory, std::string_view meaning) {
  std::vector<Part> parts;
  double sum = 0;
  for (const View& item : memory.items("parts")) {
    const auto bytes = item.amount("bytes");
    if (!bytes || parts.size() >= 64) continue;
    const std::string name = item.text("name");
    parts.push_back({name.empty() ? "part" : name, *bytes});
    sum += *bytes;
  }
  if (parts.empty()) return "";
  const double limit = memory.amount("limit").value_or(0);
  const std::string used = bytes_text(sum) + (limit > 0 ? " of " + bytes_text(limit) : std::string());
  std::string picture =
      stacked_bar(parts, limit, std::string(title) + ": " + used + " used. The table has the parts.");
  if (picture.empty()) return "";
  const bool enlarged = limit > 0 && sum < limit / 2;
  if (enlarged) {
    picture += "<p class=\"muted enlarged\"><small>what is used, enlarged</small></p>" +
               stacked_bar(parts, 0, std::string(title) + ": the used part, enlarged.");
  }
  Table table(std::string(title) + ", part by part", {{"part"}, {"size", true}, {"share", true}});
  for (size_t i = 0; i < parts.size(); ++i) {
    table.row({swatch(part_colour(i), false, true) + " " + escape(parts[i].name), bytes_html(parts[i].amount),
               sum > 0 ? percent_html(parts[i].amount / sum) : ""});
  }
  table.total({"used", bytes_html(sum), "&nbsp;"});
  const std::string verdict =
      limit <= 0     ? ""
      : sum <= limit ? " It fits: " + bytes_text(limit - sum) + " are left for the rest of a program."
                     : " It does not fit: " + bytes_text(sum - limit) + " too much.";
  return figure(std::string(title) + ": " + used, picture,
                std::string(meaning) + " The whole bar is what the board has" + (limit > 0 ? "." : " used.") +
                    verdict) +
         table.html();
}

std::string layer_work(View board) {
  const std::vector<View> layers = board.items("layers");
  double most = 0, sum = 0, macs_sum = 0;
  for (const View& layer : layers) {
    most = std::max(most, layer.amount("instructions").value_or(0));
    sum += layer.amount("instructions").value_or(0);
    macs_sum += layer.amount("macs").value_or(0);
  }
  Table table("Instructions of each layer", {{"layer"},
                                             {"instructions", true},
                                             {"", false, true},
                                             {"multiplications", true},
                                             {"instructions for each", true}});
  for (size_t i = 0; i < layers.size() && i < kMostRows; ++i) {
    const auto count = layers[i].amount("instructions"), macs = layers[i].amount("macs");
    const std::string name = layers[i].text("name");
    if (name.empty() && !count) continue;
    table.row({layer_cell(name, layers[i].text("op")), count ? grouped(*count) : "",
               count && most > 0 ? bar(*count / most, 5) : "&nbsp;", macs ? grouped(*macs) : "",
               count && macs && *macs > 0 ? grouped_html(*count / *macs, 2) : ""});
  }
  if (table.empty()) return "";
  table.total({"together", grouped(sum), "&nbsp;", grouped(macs_sum),
               macs_sum > 0 ? grouped_html(sum / macs_sum, 2) : "&nbsp;"});
  return table.html() +
         "<p class=\"muted\"><small>How to read it: the longest bar is where time goes, and where a faster "
         "kernel or a smaller "
         "layer would help most. The last column says how many instructions one multiplication costs: fewer "
         "is "
         "better.</small></p>";
}

std::string estimated(double value, const std::string& text, const std::string& unit) {
  return with_tooltip(text + "\xC2\xA0" + unit, exact(value) + " " + unit, value) + " " + estimate_tag();
}

}  // namespace

std::string quantisation_section(View report) {
  const View quantisation = report.at("quantisation");
  const std::string body = file_sizes(quantisation) + noise_table(quantisation);
  if (body.empty()) return "";
  return paragraph(
             "A microcontroller is happiest with small whole numbers. Here each number of the model was "
             "rounded to one of 256 "
             "steps (int8), so that each takes a quarter of the room.") +
         body;
}

std::string memory_section(View report) {
  const View board = report.at("board");
  const std::string ram =
      memory_block("RAM", board.at("ram"), "RAM holds what changes while the program runs.");
  const std::string flash =
      memory_block("Flash", board.at("flash"), "Flash holds the program and the model.");
  Facts facts;
  const auto arena = board.amount("arena_bytes"), bound = board.amount("arena_lower_bound_bytes");
  if (arena) facts.add("Memory for the model's steps (arena)", bytes_html(*arena));
  if (bound) facts.add("Least that any plan would need", bytes_html(*bound));
  if (const auto stack = board.amount("stack_high_water_bytes")) {
    facts.add("Deepest stack seen", bytes_html(*stack));
  }
  const std::string list = facts.html();
  if (ram.empty() && flash.empty()) return list;
  return "<div class=\"pair\"><div>" + ram + "</div><div>" + flash + "</div></div>" + list;
}

std::string work_section(View report) {
  const View board = report.at("board");
  Facts facts;
  if (const auto n = board.amount("instructions_per_inference")) {
    facts.add("Instructions for one answer", grouped_html(*n));
  }
  if (const auto n = board.amount("instructions_features_per_hop")) {
    facts.add("Instructions for each new piece of sound", grouped_html(*n));
  }
  if (const auto n = board.amount("cycles_estimated")) {
    facts.add("Clock cycles for one answer", estimated(*n, compact(*n), "cycles"));
  }
  if (const auto n = board.amount("milliseconds_estimated")) {
    facts.add("Time for one answer", estimated(*n, grouped(*n, *n < 100 ? 1 : 0), "ms"));
  }
  if (const auto n = board.amount("microjoules_estimated")) {
    facts.add("Energy for one answer", estimated(*n, grouped(*n, *n < 100 ? 1 : 0), "\xC2\xB5J"));
  }
  if (const auto n = board.amount("real_time_factor")) {
    facts.add("Share of its time the chip is busy",
              with_tooltip(percent_text(*n), exact(*n), *n) + " " + estimate_tag());
  }
  const View duty = board.at("duty");
  if (const auto n = duty.amount("wake_every_ms")) facts.add("It wakes every", grouped_html(*n) + " ms");
  if (const auto n = duty.amount("average_microwatts_estimated")) {
    facts.add("Power on average, without the sensor", estimated(*n, grouped(*n, 1), "\xC2\xB5W"));
  }
  if (const auto n = duty.amount("battery_days_estimated")) {
    facts.add("So long the battery lasts", estimated(*n, grouped(*n, 0), "days"));
  }
  const std::string list = facts.html(), layers = layer_work(board);
  if (list.empty() && layers.empty()) return "";
  return paragraph(
             "Instructions were counted one by one while the firmware ran. Cycles, time and energy are "
             "worked out from that count "
             "and are estimates; a real chip may differ.") +
         list + layers;
}

}  // namespace tadpole::evaluate
