#include "data/data_report.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "samples/augment.h"

namespace tadpole::data {
namespace {

using samples::Side;

constexpr size_t kTextWidth = 100;
constexpr size_t kPathsShown = 5;

// Breaks a paragraph at blanks; `indent` goes before all lines but the first.
std::string wrapped(const std::string& text, const std::string& indent) {
  std::string out;
  size_t column = indent.size();
  size_t at = 0;
  while (at < text.size()) {
    const size_t blank = std::min(text.find(' ', at), text.size());
    const size_t length = blank - at;
    if (column > indent.size() && column + 1 + length > kTextWidth) {
      out += "\n" + indent;
      column = indent.size();
    } else if (at > 0) {
      out += " ";
      ++column;
    }
    out += text.substr(at, length);
    column += length;
    at = blank + 1;
  }
  return out + "\n";
}

std::string row(const std::string& name, size_t width, const std::array<std::string, 6>& cells) {
  std::string line = "  " + name + std::string(width - name.size(), ' ');
  constexpr std::array<size_t, 6> kWidths = {8, 12, 7, 8, 10, 8};
  for (size_t i = 0; i < cells.size(); ++i) {
    line += std::string(kWidths[i] - std::min(kWidths[i], cells[i].size()), ' ') + cells[i];
  }
  return line + "\n";
}

std::string fixed(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string table(const DataReport& report) {
  size_t width = 8;
  for (const auto& one : report.classes) width = std::max(width, one.name.size());
  std::string text = row("class", width, {"train", "validation", "test", "total", "seconds", "groups"});
  std::array<int, 3> sums{};
  double seconds = 0;
  for (const auto& one : report.classes) {
    int total = 0;
    for (size_t side = 0; side < 3; ++side) {
      total += one.count[side];
      sums[side] += one.count[side];
    }
    seconds += one.seconds;
    text += row(
        one.name, width,
        {std::to_string(one.count[0]), std::to_string(one.count[1]), std::to_string(one.count[2]),
         std::to_string(total), fixed(one.seconds, 1), one.groups > 0 ? std::to_string(one.groups) : "-"});
  }
  return text + row("all", width,
                    {std::to_string(sums[0]), std::to_string(sums[1]), std::to_string(sums[2]),
                     std::to_string(sums[0] + sums[1] + sums[2]), fixed(seconds, 1), ""});
}

}  // namespace

double seconds_of(const samples::Signal& signal) {
  if (const auto* audio = std::get_if<samples::Audio>(&signal)) return audio->seconds();
  const auto* series = std::get_if<samples::Series>(&signal);
  if (series == nullptr || series->rate_hz <= 0) return 0;
  return static_cast<double>(series->steps()) / series->rate_hz;
}

ClipCheck check_clip(const samples::Audio& audio) {
  ClipCheck check;
  int peak = 0, full = 0;
  for (const int16_t value : audio.pcm) {
    const int magnitude = std::abs(static_cast<int>(value));
    peak = std::max(peak, magnitude);
    full += magnitude >= 32767;
  }
  check.clipped = full >= 8;
  check.silent = peak < 98;
  const auto frame = static_cast<size_t>(audio.sample_rate_hz / 40);
  if (frame == 0 || audio.pcm.size() < 4 * frame || check.silent) return check;
  std::vector<float> levels;
  for (size_t at = 0; at + frame <= audio.pcm.size(); at += frame) {
    levels.push_back(samples::root_mean_square(std::span(audio.pcm).subspan(at, frame)));
  }
  const float edge = std::max(levels.front(), samples::root_mean_square(std::span(audio.pcm).last(frame)));
  std::sort(levels.begin(), levels.end());
  const float quiet = levels[levels.size() / 10], loud = levels.back();
  check.cut_off = edge > 0.25f * loud && edge > 3 * quiet;
  return check;
}

void count_classes(const samples::Dataset& data, DataReport& report) {
  std::vector<std::set<std::string>> groups(data.classes.size());
  report.classes.clear();
  for (const std::string& name : data.classes) report.classes.push_back({name, {}, 0, 0});
  if (data.classes.empty()) {
    report.classes.push_back({"all", {}, 0, 0});
    groups.resize(1);
  }
  for (size_t i = 0; i < data.samples.size(); ++i) {
    const auto target = static_cast<size_t>(data.target[i]);
    ++report.classes[target].count[static_cast<size_t>(data.side[i])];
    report.classes[target].seconds += seconds_of(*data.samples[i].signal);
    if (!data.samples[i].group.empty()) groups[target].insert(data.samples[i].group);
  }
  for (size_t i = 0; i < groups.size(); ++i) report.classes[i].groups = static_cast<int>(groups[i].size());
  report.noise_seconds = {};
  for (size_t i = 0; i < data.noise.size(); ++i) {
    report.noise_seconds[static_cast<size_t>(data.noise_side[i])] += data.noise[i].audio().seconds();
  }
}

std::string to_text(const DataReport& report) {
  std::string text = report.folder + ": " + std::to_string(report.files) + " " + report.used_as + "\n\n" +
                     table(report) + "\n";
  if (report.sample_rate_hz > 0)
    text += wrapped("Noise to mix in: " + fixed(report.noise_seconds[0], 1) + " s train, " +
                        fixed(report.noise_seconds[1], 1) + " s validation, " +
                        fixed(report.noise_seconds[2], 1) + " s test.",
                    "");
  text += wrapped(report.split_story, "");
  if (!report.notes.empty()) text += "\nNotes\n";
  for (const std::string& note : report.notes) text += "- " + wrapped(note, "  ");
  if (!report.warnings.empty()) text += "\nPlease look at\n";
  for (const Finding& finding : report.warnings) {
    text += "- " + wrapped(finding.sentence, "  ");
    for (size_t i = 0; i < std::min(kPathsShown, finding.paths.size()); ++i)
      text += "    " + finding.paths[i] + "\n";
    if (finding.paths.size() > kPathsShown) {
      text += "    and " + std::to_string(finding.paths.size() - kPathsShown) + " more\n";
    }
  }
  return text;
}

nlohmann::json to_json(const DataReport& report) {
  nlohmann::json json = {{"folder", report.folder},
                         {"files", report.files},
                         {"sample_rate_hz", report.sample_rate_hz},
                         {"used_as", report.used_as},
                         {"split", report.split_story},
                         {"notes", report.notes},
                         {"classes", nlohmann::json::array()},
                         {"warnings", nlohmann::json::array()}};
  json["noise_seconds"] = {{"train", report.noise_seconds[0]},
                           {"validation", report.noise_seconds[1]},
                           {"test", report.noise_seconds[2]}};
  for (const auto& one : report.classes) {
    json["classes"].push_back({{"name", one.name},
                               {"train", one.count[0]},
                               {"validation", one.count[1]},
                               {"test", one.count[2]},
                               {"seconds", one.seconds},
                               {"groups", one.groups}});
  }
  for (const Finding& finding : report.warnings) {
    json["warnings"].push_back(
        {{"kind", finding.kind}, {"sentence", finding.sentence}, {"paths", finding.paths}});
  }
  return json;
}

}  // namespace tadpole::data
