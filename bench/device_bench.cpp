// What the reference models cost on the virtual board: exact instructions and bytes beside the figures to
// reach, compared with the recorded baseline.
//   device_bench [--helium] [--json] [--record] FOLDER BASELINE.json
// --helium: on the Cortex-M55 with Helium instead of the Cortex-M4.
// FOLDER holds the .tflite files. A figure above its baseline is an error (exit code 1); one below it is to
// be recorded: --record writes BASELINE.json anew.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "bench/device_baseline.h"
#include "data/files.h"
#include "project/raw_model.h"

namespace {

using namespace tadpole;
using base::with_commas;
using nlohmann::ordered_json;

/// Figures to reach on a Cortex-M4; 0: none. What the peer (TensorFlow Lite Micro with CMSIS-NN) needs is
/// beside them. Measured with the same counting.
struct Target {
  const char* model;
  int64_t peer_instructions, instructions, goal, peer_arena, arena;
};
constexpr Target kTargets[] = {
    {"kws_int8", 7'840'000, 3'000'000, 2'500'000, 22'820, 9 * 1024},
    {"vww_96_int8", 24'700'000, 5'500'000, 4'500'000, 100'708, 50 * 1024},
    {"ic_int8", 29'900'000, 11'000'000, 8'000'000, 54'996, 36 * 1024},
    {"ad_int8", 582'000, 300'000, 220'000, 2'580, 1024},
    {"micro_speech_int8", 1'490'000, 450'000, 450'000, 6'836, 5 * 1024},
    {"hello_int8", 3'508, 1'500, 1'500, 772, 64},
};
/// On a Cortex-M55 the figure to reach is the peer's, in memory that of a Cortex-M4.
constexpr Target kHeliumTargets[] = {
    {"kws_int8", 1'780'000, 1'780'000, 1'780'000, 22'820, 22'820},
    {"vww_96_int8", 6'430'000, 6'430'000, 6'430'000, 100'708, 100'708},
    {"ic_int8", 4'810'000, 4'810'000, 4'810'000, 54'996, 54'996},
    {"ad_int8", 150'000, 150'000, 150'000, 2'580, 2'580},
};
constexpr int64_t kCodeTarget = 12 * 1024;
constexpr double kCyclesTarget = 1.3;  ///< of each instruction

class Quiet final : public Progress {
 public:
  void report(std::string_view, long, long, std::string_view) override {}
  void say(std::string_view) override {}
  bool cancelled() const override { return false; }
};

int64_t figure(const nlohmann::json& profile, const char* key) { return profile[key].get<int64_t>(); }

/// "4,416,421 !" where the figure misses its target.
std::string marked(int64_t value, int64_t target) {
  return with_commas(value) + (value > target ? " !" : "  ");
}

void print_head() {
  std::printf("%-18s%13s  %11s%11s%11s %7s  %9s %9s%9s%9s\n", "", "instructions", "target", "goal", "peer",
              "cyc/ins", "arena", "target", "code", "weights");
}

void print_row(const Target& target, const nlohmann::json& p) {
  const double cycles = p["cycles_estimated"].get<double>() / p["instructions"].get<double>();
  std::printf("%-18s%15s%11s%11s%11s %6.2f%s%11s%8s%11s%9s\n", target.model,
              marked(figure(p, "instructions"), target.instructions).c_str(),
              with_commas(target.instructions).c_str(), with_commas(target.goal).c_str(),
              with_commas(target.peer_instructions).c_str(), cycles, cycles > kCyclesTarget ? " !" : "  ",
              marked(figure(p, "arena_bytes"), target.arena).c_str(), with_commas(target.arena).c_str(),
              marked(figure(p, "model_code_bytes"), kCodeTarget).c_str(),
              with_commas(figure(p, "flash_weights_bytes")).c_str());
}

struct Comparison {
  int worse = 0, better = 0;
};

/// Prints each figure that is not the recorded one.
Comparison compare(const Target& target, const nlohmann::json& profile, const ordered_json& baseline) {
  Comparison result;
  for (const bench::Moved& moved : bench::moved_figures(target.model, profile, baseline)) {
    std::fprintf(stderr, "%s%s\n", moved.text.c_str(), moved.worse ? ": WORSE" : "");
    ++(moved.worse ? result.worse : result.better);
  }
  return result;
}

struct Board {
  const char* name;
  std::span<const Target> targets;
};

int run(const Board& board, const std::string& folder, const std::string& baseline_path, bool json,
        bool record) {
  const ordered_json baseline = bench::read_baseline(baseline_path);
  ordered_json all = ordered_json::object(), figures = ordered_json::object();
  Comparison sum;
  Quiet progress;
  if (!json) print_head();
  for (const Target& target : board.targets) {
    const auto profile =
        project::profile_model(folder + "/" + target.model + ".tflite", board.name, {}, progress);
    if (!profile.ok()) {
      std::fprintf(stderr, "device_bench: %s\n", profile.error().message().c_str());
      return 1;
    }
    if (!json) print_row(target, *profile);
    std::fflush(stdout);
    figures[target.model] = bench::recorded(*profile);
    ordered_json row = ordered_json::parse(profile->dump());
    row["target_instructions"] = target.instructions;
    row["goal_instructions"] = target.goal;
    row["peer_instructions"] = target.peer_instructions;
    row["target_arena_bytes"] = target.arena;
    row["target_model_code_bytes"] = kCodeTarget;
    if (baseline.contains(target.model)) row["baseline"] = baseline[target.model];
    all[target.model] = row;
    if (record) continue;
    const Comparison one = compare(target, *profile, baseline);
    sum.worse += one.worse;
    sum.better += one.better;
  }
  if (!json)
    std::printf(
        "\n! misses its target. Code: the model's own, at most %s B. cyc/ins: estimated, at most %.1f.\n",
        with_commas(kCodeTarget).c_str(), kCyclesTarget);
  if (record) {
    std::ofstream(baseline_path) << figures.dump(2) << "\n";
    std::fprintf(stderr, "Recorded in %s; commit it with the change that made it so.\n",
                 baseline_path.c_str());
  } else if (sum.worse > 0) {
    std::fprintf(stderr,
                 "device_bench: %d figures are above the recorded baseline. If that is meant: ./dev bench "
                 "device --record\n",
                 sum.worse);
  } else if (sum.better > 0) {
    std::fprintf(stderr, "Better than the recorded baseline. To record it: ./dev bench device --record\n");
  }
  if (json) std::printf("%s\n", all.dump().c_str());
  return sum.worse > 0 && !record ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  bool json = false, record = false;
  Board board = {bench::kBaselineBoard, kTargets};
  std::vector<std::string> places;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (std::strcmp(argv[i], "--record") == 0) {
      record = true;
    } else if (std::strcmp(argv[i], "--helium") == 0) {
      board = {bench::kHeliumBoard, kHeliumTargets};
    } else {
      places.push_back(argv[i]);
    }
  }
  if (places.size() != 2 || places[0].starts_with("-") || places[1].starts_with("-")) {
    std::fprintf(stderr, "device_bench [--helium] [--json] [--record] FOLDER BASELINE.json\n");
    return 2;
  }
  return run(board, places[0], places[1], json, record);
}
