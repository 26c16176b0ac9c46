// bench/device_baseline.json: the exact figures of the reference models on the virtual board, kept in git.
// Read by device_bench, which can write it anew, and by the test that fails when a figure moves.
#pragma once

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/text.h"

namespace tadpole::bench {

inline constexpr const char* kBaselineBoard = "virtual-nano33ble";
/// Its figures stand in device_baseline_helium.json.
inline constexpr const char* kHeliumBoard = "virtual-m55";

/// The keys of `tadpole profile --json` that are recorded of each model.
inline constexpr const char* kRecorded[] = {"instructions", "arena_bytes", "model_code_bytes",
                                            "flash_weights_bytes"};

/// What is recorded, by model; empty when the file is not there or no JSON.
inline nlohmann::ordered_json read_baseline(const std::string& path) {
  std::ifstream file(path);
  if (!file) return nlohmann::ordered_json::object();
  nlohmann::ordered_json baseline = nlohmann::ordered_json::parse(file, nullptr, false);
  return baseline.is_object() ? baseline : nlohmann::ordered_json::object();
}

/// The row of a model in the baseline.
inline nlohmann::ordered_json recorded(const nlohmann::json& profile) {
  nlohmann::ordered_json row;
  for (const char* key : kRecorded) row[key] = profile[key].get<int64_t>();
  return row;
}

struct Moved {
  std::string text;  ///< "kws_int8: instructions 2,641,514 -> 2,640,000 (-0.06 %)"
  bool worse;
};

/// Every figure of a model that is not the recorded one.
inline std::vector<Moved> moved_figures(const std::string& model, const nlohmann::json& profile,
                                        const nlohmann::ordered_json& baseline) {
  if (!baseline.contains(model)) return {{model + ": no baseline is recorded.", false}};
  std::vector<Moved> moved;
  for (const char* key : kRecorded) {
    const int64_t now = profile[key].get<int64_t>(), before = baseline[model].value(key, int64_t{0});
    if (now == before) continue;
    char share[32];
    std::snprintf(
        share, sizeof share, " (%+.2f %%)",
        100.0 * static_cast<double>(now - before) / static_cast<double>(std::max<int64_t>(before, 1)));
    moved.push_back(
        {model + ": " + key + " " + base::with_commas(before) + " -> " + base::with_commas(now) + share,
         now > before});
  }
  return moved;
}

}  // namespace tadpole::bench
