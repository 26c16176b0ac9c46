// Reads the folders in runs/; nothing else remembers what was done.
#include "project/runs.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "data/files.h"
#include "evaluate/chart_file.h"
#include "evaluate/text.h"
#include "project/settings.h"

namespace tadpole::project {

using nlohmann::json;

namespace {

std::string setting_name(const Setting& setting) {
  return setting.section.empty() ? std::string(setting.key)
                                 : std::string(setting.section) + "." + std::string(setting.key);
}

std::optional<double> number_at(const json& report, const char* path) {
  const json::json_pointer pointer(path);
  if (!report.contains(pointer) || !report.at(pointer).is_number()) return std::nullopt;
  return report.at(pointer).get<double>();
}

std::optional<int64_t> whole_at(const json& report, const char* path) {
  const auto number = number_at(report, path);
  return number ? std::optional(static_cast<int64_t>(*number)) : std::nullopt;
}

RunRow read_row(const std::string& folder) {
  RunRow row;
  row.name = std::filesystem::path(folder).filename().string();
  std::error_code ignored;
  row.finished = std::filesystem::exists(folder + "/model_float.tflite", ignored);
  if (const auto text = data::read_text(folder + "/metrics.jsonl"); text.ok())
    row.epochs = parse_metrics(*text);
  const auto report = RunReport::open(folder);
  if (!report.ok()) return row;
  row.float_accuracy = number_at(report->json, "/evaluation/float/accuracy_without_silence");
  row.int8_accuracy = number_at(report->json, "/evaluation/int8/accuracy_without_silence");
  row.board_accuracy = number_at(report->json, "/evaluation/board/accuracy_without_silence");
  row.parameters = whole_at(report->json, "/model/parameters");
  row.tflite_bytes = whole_at(report->json, "/quantisation/tflite_bytes");
  row.ram_bytes = whole_at(report->json, "/board/ram/used");
  row.flash_bytes = whole_at(report->json, "/board/flash/used");
  return row;
}

/// All settings of each run as text; an empty list for runs whose settings cannot be read.
std::vector<std::string> all_settings(const std::string& folder) {
  const std::string file = folder + "/config.toml";
  const auto text = data::read_text(file);
  if (!text.ok()) return {};
  auto config = parse_config(*text, file);
  if (!config.ok()) return {};
  std::vector<std::string> values;
  for (const Setting& setting : settings()) values.push_back(value_text(setting.value(*config)));
  return values;
}

float number_of(const json& line, const char* key) {
  return line.contains(key) && line[key].is_number() ? line[key].get<float>() : 0.0f;
}

json optional_json(const auto& value) { return value ? json(*value) : json(); }

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string percent_or_dash(const std::optional<double>& share) {
  return share ? evaluate::percent_text(*share) : "-";
}

}  // namespace

std::vector<train::EpochMetrics> parse_metrics(const std::string& text) {
  std::vector<train::EpochMetrics> epochs;
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const json line = json::parse(text.begin() + static_cast<ptrdiff_t>(begin),
                                  text.begin() + static_cast<ptrdiff_t>(end), nullptr, false);
    if (!line.is_object() || !line.contains("epoch") || !line["epoch"].is_number()) continue;
    train::EpochMetrics m;
    m.epoch = static_cast<int>(number_of(line, "epoch"));
    m.update = static_cast<int>(number_of(line, "update"));
    m.learning_rate = number_of(line, "learning_rate");
    m.train_loss = number_of(line, "train_loss");
    m.train_accuracy = number_of(line, "train_accuracy");
    m.validation_loss = number_of(line, "validation_loss");
    m.validation_accuracy = number_of(line, "validation_accuracy");
    m.train_error = number_of(line, "train_error");
    m.validation_error = number_of(line, "validation_error");
    m.seconds = static_cast<double>(number_of(line, "seconds"));
    m.samples_per_second = static_cast<double>(number_of(line, "samples_per_second"));
    epochs.push_back(m);
  }
  return epochs;
}

Result<Runs> read_runs(const Project& project) {
  const std::vector<std::string> folders = project.runs();
  if (folders.empty()) {
    return Error{Code::run_missing,
                 "there are no runs in " + project.folder() + "/runs. Run first: tadpole train"};
  }
  Runs runs;
  std::vector<std::vector<std::string>> values;
  for (const std::string& folder : folders) {
    runs.rows.push_back(read_row(folder));
    values.push_back(all_settings(folder));
  }
  for (size_t s = 0; s < settings().size(); ++s) {
    const std::string* first = nullptr;
    bool differs = false;
    for (const auto& of_run : values) {
      if (of_run.empty()) continue;
      if (first == nullptr) first = &of_run[s];
      differs |= of_run[s] != *first;
    }
    if (!differs) continue;
    runs.settings.push_back(setting_name(settings()[s]));
    for (size_t r = 0; r < values.size(); ++r)
      runs.rows[r].settings.push_back(values[r].empty() ? "" : values[r][s]);
  }
  return runs;
}

json to_json(const Runs& runs) {
  json rows = json::array();
  for (const RunRow& row : runs.rows) {
    json differing = json::object();
    for (size_t i = 0; i < runs.settings.size(); ++i) differing[runs.settings[i]] = row.settings[i];
    json last;
    if (!row.epochs.empty()) {
      const train::EpochMetrics& m = row.epochs.back();
      last = {{"epoch", m.epoch},
              {"update", m.update},
              {"train_loss", m.train_loss},
              {"validation_loss", m.validation_loss}};
    }
    rows.push_back({{"run", row.name},
                    {"finished", row.finished},
                    {"float_accuracy", optional_json(row.float_accuracy)},
                    {"int8_accuracy", optional_json(row.int8_accuracy)},
                    {"board_accuracy", optional_json(row.board_accuracy)},
                    {"parameters", optional_json(row.parameters)},
                    {"tflite_bytes", optional_json(row.tflite_bytes)},
                    {"ram_bytes", optional_json(row.ram_bytes)},
                    {"flash_bytes", optional_json(row.flash_bytes)},
                    {"last_epoch", last},
                    {"settings", differing}});
  }
  return {{"runs", rows}, {"differing_settings", runs.settings}};
}

std::string to_csv(const Runs& runs) {
  std::string out =
      "run,finished,float_accuracy,int8_accuracy,board_accuracy,parameters,tflite_bytes,ram_bytes,flash_"
      "bytes,"
      "epochs,train_loss,validation_loss";
  for (const std::string& name : runs.settings) out += "," + csv_field(name);
  out += "\n";
  const auto field = [](const auto& value) { return "," + (value ? json(*value).dump() : std::string()); };
  for (const RunRow& row : runs.rows) {
    out += row.name + (row.finished ? ",true" : ",false") + field(row.float_accuracy) +
           field(row.int8_accuracy) + field(row.board_accuracy) + field(row.parameters) +
           field(row.tflite_bytes) + field(row.ram_bytes) + field(row.flash_bytes) + "," +
           std::to_string(row.epochs.size());
    for (const bool validation : {false, true}) {
      out += ",";
      if (row.epochs.empty()) continue;
      out += json(validation ? row.epochs.back().validation_loss : row.epochs.back().train_loss).dump();
    }
    for (const std::string& value : row.settings) out += "," + csv_field(value);
    out += "\n";
  }
  return out;
}

std::string to_text(const Runs& runs) {
  std::string out = "run   float     int8      board     size        loss\n";
  for (const RunRow& row : runs.rows) {
    char line[160];
    const std::string size =
        row.tflite_bytes ? evaluate::bytes_text(static_cast<double>(*row.tflite_bytes)) : "-";
    const double loss = row.epochs.empty() ? 0 : static_cast<double>(row.epochs.back().validation_loss);
    std::snprintf(line, sizeof line, "%-5s %-9s %-9s %-9s %-11s %.4g", row.name.c_str(),
                  percent_or_dash(row.float_accuracy).c_str(), percent_or_dash(row.int8_accuracy).c_str(),
                  percent_or_dash(row.board_accuracy).c_str(), size.c_str(), loss);
    out += std::string(line) + (row.finished ? "" : "  (not finished)") + "\n";
    for (size_t i = 0; i < runs.settings.size(); ++i)
      out += "      " + runs.settings[i] + " = " + (row.settings[i].empty() ? "?" : row.settings[i]) + "\n";
  }
  if (runs.settings.empty() && runs.rows.size() > 1) out += "All runs have the same settings.\n";
  return out;
}

std::string learning_curves(const Runs& runs) {
  evaluate::LineChart chart;
  chart.description =
      "Loss of " + std::to_string(runs.rows.size()) + " runs; training dashed, validation solid";
  chart.x_label = "update";
  chart.y_label = "loss";
  // More than six colours cannot be told apart: the newest are shown.
  const size_t shown = std::min<size_t>(runs.rows.size(), 6), first = runs.rows.size() - shown;
  for (size_t r = first; r < runs.rows.size(); ++r) {
    for (const bool validation : {false, true}) {
      evaluate::Series series{.name = runs.rows[r].name + (validation ? " validation" : " training"),
                              .colour = static_cast<int>(r - first) + 1,
                              .dashed = !validation,
                              .points = {}};
      for (const train::EpochMetrics& m : runs.rows[r].epochs) {
        const double loss = static_cast<double>(validation ? m.validation_loss : m.train_loss);
        if (loss != 0) series.points.emplace_back(m.update, loss);
      }
      if (!series.points.empty()) chart.series.push_back(std::move(series));
    }
  }
  return evaluate::draw_file(chart);
}

}  // namespace tadpole::project
