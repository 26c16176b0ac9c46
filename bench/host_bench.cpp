// How fast models answer on this computer, on one core: the reference models with each kernel set.
//   host_bench [--json] [--model NAME] [--kernels NAME] [--seconds S] [--layers] FOLDER
// FOLDER holds the .tflite files. Medians of 5 runs, by the wall clock and by the processor time of this
// process, which is steadier on a busy machine. Sets take turns within a run. --layers: where the time goes.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/rng.h"
#include "convert/tflite.h"
#include "plan/plan.h"

namespace {

using namespace tadpole;

constexpr int kRuns = 5;

struct Settings {
  bool json = false, layers = false;
  std::string model, kernels;
  double seconds = 0.3;  ///< of each run
  std::filesystem::path folder;
};

struct Seconds {
  double wall = 0, processor = 0;
};

Seconds now() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  const double wall = std::chrono::duration<double>(since_start).count();
#if defined(__EMSCRIPTEN__)
  return {wall, wall};  // Node gives no processor time
#else
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return {wall, static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec)};
#endif
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// A plan with its inputs: four random ones, so that no branch learns them by heart.
struct Case {
  explicit Case(plan::Plan made) : plan(std::move(made)), runner(plan) {
    Rng rng(1);
    const bool float_input =
        plan.graph().tensors[static_cast<size_t>(plan.graph().inputs[0])].type == ir::DType::float32;
    for (int i = 0; i < 4; ++i) {
      std::vector<uint8_t> bytes(static_cast<size_t>(plan.input_bytes()));
      if (float_input) {
        std::vector<float> values(bytes.size() / sizeof(float));
        for (float& value : values) value = rng.uniform(-1, 1);
        bytes = *ir::make_constant<float>(values);
      } else {
        for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng.below(256));
      }
      inputs.push_back(std::move(bytes));
    }
    output.resize(static_cast<size_t>(plan.output_bytes()));
  }

  /// Inferences per second by both clocks.
  Seconds run(double seconds) {
    const Seconds start = now();
    Seconds used;
    int64_t count = 0;
    while (used.wall < seconds) {
      for (int i = 0; i < 8; ++i) runner.run(inputs[static_cast<size_t>(i % 4)], output);
      count += 8;
      const Seconds end = now();
      used = {end.wall - start.wall, end.processor - start.processor};
    }
    return {static_cast<double>(count) / used.wall, static_cast<double>(count) / used.processor};
  }

  plan::Plan plan;
  plan::Runner runner;
  std::vector<std::vector<uint8_t>> inputs;
  std::vector<uint8_t> output;
  std::vector<double> wall, processor;  ///< inferences per second of each run
};

/// Each step alone, over and over on what the last inference left in its inputs.
void print_layers(const Case& measured) {
  const plan::Plan& plan = measured.plan;
  std::vector<uint8_t> arena(static_cast<size_t>(plan.arena_bytes()) + 64);
  for (const plan::Step& step : plan.steps()) {
    std::vector<uint8_t*> operands;
    for (const plan::Operand& operand : step.operands) {
      operands.push_back(operand.constant ? const_cast<uint8_t*>(operand.constant->data())
                                          : arena.data() + operand.offset);
    }
    int64_t count = 0;
    const Seconds start = now();
    double used = 0;
    while (used < 0.02) {
      for (int i = 0; i < 16; ++i) step.call->run(operands.data());
      count += 16;
      used = now().processor - start.processor;
    }
    const double microseconds = used / static_cast<double>(count) * 1e6;
    std::printf("  %8.2f us %9lld MAC %6.2f G MAC/s  %s (%.*s)\n", microseconds,
                static_cast<long long>(step.macs), static_cast<double>(step.macs) / microseconds * 1e-3,
                step.name.c_str(), static_cast<int>(step.call->name().function.size()),
                step.call->name().function.data());
  }
}

int measure(const Settings& settings, const std::filesystem::path& path, std::string& json) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto graph = convert::read_tflite(bytes);
  if (!graph.ok()) {
    std::fprintf(stderr, "%s: %s\n", path.string().c_str(), graph.error().message().c_str());
    return 1;
  }
  std::vector<Case> cases;
  for (const char* kernels : {"generic", "host"}) {
    if (!settings.kernels.empty() && settings.kernels != kernels) continue;
    auto plan = plan::lower(*graph, {kernels});
    if (!plan.ok()) {
      std::fprintf(stderr, "%s: %s\n", path.string().c_str(), plan.error().message().c_str());
      return 1;
    }
    cases.emplace_back(std::move(plan).value());
  }
  for (int run = 0; run < kRuns; ++run) {
    for (Case& measured : cases) {
      const Seconds rate = measured.run(settings.seconds);
      measured.wall.push_back(rate.wall);
      measured.processor.push_back(rate.processor);
    }
  }
  const std::string name = path.stem().string();
  json += (json.empty() ? "" : ",") + ("\"" + name + "\":{");
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string kernels = cases[i].plan.target().kernels;
    const double wall = median(cases[i].wall), processor = median(cases[i].processor);
    if (!settings.json) {
      std::printf("%-20s %-10s %10.0f inferences/s, %10.0f a processor second (%.1f us)\n", name.c_str(),
                  kernels.c_str(), wall, processor, 1e6 / processor);
    }
    char entry[200];
    std::snprintf(entry, sizeof entry,
                  "%s\"%s\":{\"inferences_per_second\":%.1f,\"inferences_per_processor_second\":%.1f}",
                  i > 0 ? "," : "", kernels.c_str(), wall, processor);
    json += entry;
    if (settings.layers) print_layers(cases[i]);
  }
  json += "}";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool has_value = i + 1 < argc;
    if (argument == "--json") {
      settings.json = true;
    } else if (argument == "--layers") {
      settings.layers = true;
    } else if (argument == "--model" && has_value) {
      settings.model = argv[++i];
    } else if (argument == "--kernels" && has_value) {
      settings.kernels = argv[++i];
    } else if (argument == "--seconds" && has_value) {
      settings.seconds = std::atof(argv[++i]);
    } else if (argument[0] != '-' && settings.folder.empty()) {
      settings.folder = argument;
    } else {
      std::fprintf(stderr, "host_bench does not know '%s'.\n", argument.c_str());
      return 2;
    }
  }
  if (settings.folder.empty() || !std::filesystem::is_directory(settings.folder)) {
    std::fprintf(stderr, "host_bench needs a folder of .tflite files.\n");
    return 2;
  }
  std::vector<std::filesystem::path> models;
  for (const auto& entry : std::filesystem::directory_iterator(settings.folder)) {
    if (entry.path().extension() != ".tflite") continue;
    if (!settings.model.empty() && settings.model != entry.path().stem().string()) continue;
    models.push_back(entry.path());
  }
  std::sort(models.begin(), models.end());
  int failed = 0;
  std::string json;
  for (const auto& model : models) failed |= measure(settings, model, json);
  if (settings.json) std::printf("{%s}\n", json.c_str());
  return failed;
}
