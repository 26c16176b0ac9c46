// How fast training is: forward, backward and Adam on random data, beside this machine's own limit in matrix
// products measured in the same run.
//   train_bench [--json] [--model NAME] [--threads N] [--seconds S] [--kernels NAME]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "base/workers.h"
#include "ir/builder.h"
#include "train/network.h"
#include "train/optimiser.h"
#include "zoo/zoo.h"

namespace {

using namespace tadpole;
using Clock = std::chrono::steady_clock;

struct Settings {
  bool json = false;
  std::string model;
  std::string kernels;
  int threads = processor_count_default();
  double seconds = 3;

  static int processor_count_default() { return base::processor_count(); }
};

/// The autoencoder of MLPerf Tiny's anomaly detection.
Result<ir::Graph> autoencoder() {
  ir::GraphBuilder builder("autoencoder", Rng(1));
  ir::Value x = builder.input({1, 640});
  for (const int units : {128, 128, 128, 128, 8, 128, 128, 128, 128}) {
    x = builder.relu(builder.batch_norm(builder.fully_connected(x, units)));
  }
  x = builder.fully_connected(x, 640);
  return std::move(builder).finish(x);
}

struct Model {
  const char* name;
  int batch;
  Result<ir::Graph> (*make)();
};

const Model kModels[] = {{"ds_cnn", 100,
                          [] {
                            return zoo::make("ds_cnn_s", {1, 49, 10, 1}, 12, 1);
                          }},
                         {"mobilenet_v1", 100,
                          [] {
                            return zoo::make("mobilenet_v1_025", {1, 96, 96, 3}, 2, 1);
                          }},
                         {"resnet8", 100,
                          [] {
                            return zoo::make("resnet8", {1, 32, 32, 3}, 10, 1);
                          }},
                         {"autoencoder", 512, autoencoder}};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Seconds that all threads of this process have computed: on a busy machine steadier than the wall clock.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// The best of repeated products with everything in the first-level cache, a processor second.
double gemm_peak_gflops(const train::Kernels& kernels, Workers& workers) {
  constexpr int kRows = 96, kColumns = 64, kDepth = 64, kRepeats = 2000;
  std::vector<train::Buffer> memory;
  for (int i = 0; i < workers.threads(); ++i)
    memory.emplace_back(kRows * kDepth + kDepth * kColumns + kRows * kColumns);
  double best = 0;
  for (int round = 0; round < 12; ++round) {
    const double start = processor_seconds();
    workers.run(workers.threads(), [&](int thread) {
      float* a = memory[static_cast<size_t>(thread)].data();
      train::Gemm g;
      g.a = a;
      g.a_row = kDepth;
      g.b = a + kRows * kDepth;
      g.b_k = kColumns;
      g.c = a + kRows * kDepth + kDepth * kColumns;
      g.c_row = kColumns;
      g.rows = kRows;
      g.columns = kColumns;
      g.segment_length = kDepth;
      for (int i = 0; i < kRepeats; ++i) kernels.gemm(g);
    });
    const double flops = 2.0 * kRows * kColumns * kDepth * kRepeats * workers.threads();
    best = std::max(best, flops / (processor_seconds() - start) * 1e-9);
  }
  return best;
}

struct Speed {
  double samples_per_second = 0, gflops = 0;
  double samples_per_processor_second = 0, gflops_per_processor_second = 0;
};

Speed measure(const Model& model, const train::Kernels& kernels, const Settings& settings, Workers& workers) {
  const Result<ir::Graph> graph = model.make();
  auto network = train::Network::compile(*graph, model.batch, kernels);
  if (!network.ok()) {
    std::fprintf(stderr, "%s\n", network.error().message().c_str());
    std::exit(1);
  }
  Rng rng(1);
  for (int i = 0; i < model.batch; ++i) {
    for (float& value : (*network)->example(i)) value = rng.normal();
    for (float& value : (*network)->target(i)) value = rng.normal();
    (*network)->labels()[static_cast<size_t>(i)] =
        static_cast<int>(rng.below(static_cast<uint32_t>((*network)->outputs())));
  }
  train::TrainOptions options;
  options.learning_rate = 1e-3f;
  options.updates = 1 << 30;
  train::OptimiserState optimiser(**network, options.optimiser);
  std::vector<double> steps;
  double processor = 0;
  const Clock::time_point start = Clock::now();
  for (int step = 0; steps.size() < 5 || seconds_since(start) < settings.seconds; ++step) {
    const Clock::time_point before = Clock::now();
    if (step == 3) processor = processor_seconds();
    (*network)->train_step(workers, 1);
    optimiser.update(**network, workers, options, step);
    if (step >= 3) steps.push_back(seconds_since(before));
  }
  processor = (processor_seconds() - processor) / static_cast<double>(steps.size());
  std::nth_element(steps.begin(), steps.begin() + static_cast<ptrdiff_t>(steps.size() / 2), steps.end());
  const double median = steps[steps.size() / 2];
  // Forward, gradient of the weights and gradient of the input; the first layer needs no gradient of its
  // input.
  int64_t first = 0;
  for (const ir::Node& node : graph->nodes) {
    if (first == 0) first = ir::multiply_accumulates(*graph, node);
  }
  const double flops = 2.0 * static_cast<double>(3 * ir::multiply_accumulates(*graph) - first);
  return {model.batch / median, flops * model.batch / median * 1e-9, model.batch / processor,
          flops * model.batch / processor * 1e-9};
}

Settings parse(int count, char** arguments) {
  Settings settings;
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    const bool last = i + 1 >= count;
    if (name == "--json") {
      settings.json = true;
    } else if (name == "--model" && !last) {
      settings.model = arguments[++i];
    } else if (name == "--kernels" && !last) {
      settings.kernels = arguments[++i];
    } else if (name == "--threads" && !last) {
      settings.threads = std::clamp(std::atoi(arguments[++i]), 1, 64);
    } else if (name == "--seconds" && !last) {
      settings.seconds = std::atof(arguments[++i]);
    } else {
      std::fprintf(stderr,
                   "train_bench [--json] [--model ds_cnn|mobilenet_v1|resnet8|autoencoder] [--threads N] "
                   "[--seconds S] [--kernels baseline|avx2|avx512]\n");
      std::exit(2);
    }
  }
  return settings;
}

}  // namespace

int main(int count, char** arguments) {
  const Settings settings = parse(count, arguments);
  const train::Kernels* kernels = &train::best_kernels();
  for (const train::Kernels* set : train::supported_kernels()) {
    if (settings.kernels == set->name) kernels = set;
  }
  Workers workers(settings.threads);
  const double peak = gemm_peak_gflops(*kernels, workers);
  std::fprintf(stderr, "kernels %s, %d threads; products in cache reach %.1f GFLOP/s a core\n", kernels->name,
               settings.threads, peak);
  std::string json = "{";
  for (const Model& model : kModels) {
    if (!settings.model.empty() && settings.model != model.name) continue;
    const Speed speed = measure(model, *kernels, settings, workers);
    const double share = speed.gflops_per_processor_second / peak;
    std::fprintf(
        stderr,
        "%-13s %9.1f samples/s %7.1f GFLOP/s; a processor second %9.1f samples, %3.0f %% of the limit\n",
        model.name, speed.samples_per_second, speed.gflops, speed.samples_per_processor_second, 100 * share);
    char text[300];
    std::snprintf(text, sizeof text,
                  "%s\"%s\":{\"samples_per_second\":%.1f,\"gflops\":%.2f,\"gemm_peak_gflops\":%.2f,"
                  "\"share_of_limit\":%.3f,\"samples_per_processor_second\":%.1f}",
                  json.size() > 1 ? "," : "", model.name, speed.samples_per_second, speed.gflops, peak, share,
                  speed.samples_per_processor_second);
    json += text;
  }
  if (settings.json) std::printf("%s}\n", json.c_str());
  return 0;
}
