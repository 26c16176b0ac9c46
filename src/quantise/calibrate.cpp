// Runs the float plan (and the int8 plan beside it) over calibration inputs in 8 fixed shards, so that the
// number of threads never shows in the result.
#include "quantise/calibrate.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <optional>

#include "plan/plan.h"

namespace tadpole::quantise {

namespace {

constexpr int kShards = 8;
/// The error table's limit: no difference at all is so many decibels.
constexpr double kExactDb = 120;

std::span<const uint8_t> bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()};
}

std::vector<plan::Runner> one_runner_a_shard(const plan::Plan& plan) {
  std::vector<plan::Runner> runners;
  for (int shard = 0; shard < kShards; ++shard) runners.emplace_back(plan);
  return runners;
}

/// Tensors that flow: the graph's input and every node's output.
std::vector<int> flowing_tensors(const ir::Graph& graph) {
  std::vector<int> tensors = graph.inputs;
  for (const ir::Node& node : graph.nodes)
    tensors.insert(tensors.end(), node.outputs.begin(), node.outputs.end());
  return tensors;
}

Result<std::vector<float>> input_at(const CalibrationSet& calibration, int index, const ir::Graph& graph) {
  std::vector<float> values = calibration.at(index);
  const ir::Tensor& input = graph.tensors[static_cast<size_t>(graph.inputs[0])];
  const int64_t needed = ir::element_count(input.shape);
  if (static_cast<int64_t>(values.size()) == needed) return values;
  return Error{Code::input_size, "calibration input " + std::to_string(index) + " has " +
                                     std::to_string(values.size()) + " values; '" + input.name + "' (" +
                                     ir::to_string(input.shape) + ") needs " + std::to_string(needed) + "."};
}

/// Calls body(shard, input, index) for each of `count` inputs chosen evenly from the set, and stops at the
/// first error of the lowest shard or when the user asks to.
template <class Body>
Result<void> for_each_input(const ir::Graph& graph, const CalibrationSet& calibration, int count,
                            Workers& workers, Progress& progress, std::string_view stage, const Body& body) {
  std::array<std::optional<Error>, kShards> failed;
  std::atomic<long> done{0};
  workers.run(kShards, [&](int shard) {
    for (int i = shard; i < count; i += kShards) {
      if (progress.cancelled()) {
        failed[static_cast<size_t>(shard)] = Error{Code::cancelled, "quantisation was stopped."};
        return;
      }
      const auto index = static_cast<int>(int64_t{i} * calibration.count / count);
      auto input = input_at(calibration, index, graph);
      if (!input.ok()) {
        failed[static_cast<size_t>(shard)] = input.error();
        return;
      }
      body(static_cast<size_t>(shard), *input);
      progress.report(stage, ++done, count, "");
    }
  });
  for (const auto& error : failed) {
    if (error) return *error;
  }
  return {};
}

/// What the cell of an LSTM holds step by step; after a run only the last is left. Sequences begin with
/// zeros.
void see_cells(const ir::Graph& graph, const ir::Node& node, const plan::Runner& runner, Extremes& seen) {
  const auto values = [&](int position) { return graph.input_of(node, position).values<float>(); };
  const std::span<const float> in = runner.tensor_as<float>(node.inputs[0]);
  const std::span<const float> out = runner.tensor_as<float>(node.outputs[0]);
  const size_t features = static_cast<size_t>(graph.input_of(node, 0).shape.back());
  const size_t units = static_cast<size_t>(graph.output_of(node).shape.back());
  std::vector<float> cell(units, 0.0f), hidden(units, 0.0f);
  for (size_t step = 0; step < in.size() / features; ++step) {
    const float* x = in.data() + step * features;
    for (size_t u = 0; u < units; ++u) {
      const auto gate = [&](int g) {
        float sum = graph.input_of(node, 12 + g).values<float>()[u];
        for (size_t i = 0; i < features; ++i) sum += values(1 + g)[u * features + i] * x[i];
        for (size_t i = 0; i < units; ++i) sum += values(5 + g)[u * units + i] * hidden[i];
        return sum;
      };
      const auto logistic = [](float v) { return 1 / (1 + std::exp(-v)); };
      cell[u] = logistic(gate(1)) * cell[u] + logistic(gate(0)) * std::tanh(gate(2));
    }
    seen.see(cell);
    std::copy_n(out.begin() + static_cast<ptrdiff_t>(step * units), units, hidden.begin());
  }
}

Result<std::vector<Extremes>> find_extremes(const plan::Plan& plan, const CalibrationSet& calibration,
                                            Workers& workers, Progress& progress) {
  const ir::Graph& graph = plan.graph();
  const std::vector<int> tensors = flowing_tensors(graph);
  std::vector<std::vector<Extremes>> seen(kShards, std::vector<Extremes>(graph.tensors.size()));
  std::vector<plan::Runner> runners = one_runner_a_shard(plan);
  TADPOLE_CHECK(for_each_input(
      graph, calibration, calibration.count, workers, progress, "calibrate",
      [&](size_t shard, const std::vector<float>& input) {
        std::vector<uint8_t> out(static_cast<size_t>(plan.output_bytes()));
        runners[shard].reset();
        runners[shard].run(bytes_of(input), out);
        for (const int tensor : tensors) {
          seen[shard][static_cast<size_t>(tensor)].see(runners[shard].template tensor_as<float>(tensor));
        }
        for (const ir::Node& node : graph.nodes) {
          if (node.op != ir::Op::unidirectional_sequence_lstm) continue;
          see_cells(graph, node, runners[shard], seen[shard][static_cast<size_t>(node.inputs[19])]);
        }
      }));
  for (int shard = 1; shard < kShards; ++shard) {
    for (size_t i = 0; i < seen[0].size(); ++i) seen[0][i].merge(seen[static_cast<size_t>(shard)][i]);
  }
  for (const int tensor : tensors) {
    if (!seen[0][static_cast<size_t>(tensor)].finite) {
      return Error{Code::quantise_bad_range,
                   "tensor '" + graph.tensors[static_cast<size_t>(tensor)].name +
                       "' takes values that are not finite numbers on the calibration inputs. Check them "
                       "and the weights of the layer that makes it, then train again."};
    }
  }
  return std::move(seen[0]);
}

Result<std::vector<Range>> find_best_ranges(const plan::Plan& plan, const std::vector<Extremes>& extremes,
                                            const CalibrationSet& calibration, Workers& workers,
                                            Progress& progress) {
  const ir::Graph& graph = plan.graph();
  const std::vector<int> tensors = flowing_tensors(graph);
  std::vector<std::vector<Histogram>> seen(kShards);
  for (auto& shard : seen) {
    for (const int tensor : tensors) shard.emplace_back(extremes[static_cast<size_t>(tensor)]);
  }
  std::vector<plan::Runner> runners = one_runner_a_shard(plan);
  TADPOLE_CHECK(for_each_input(graph, calibration, calibration.count, workers, progress, "choose ranges",
                               [&](size_t shard, const std::vector<float>& input) {
                                 std::vector<uint8_t> out(static_cast<size_t>(plan.output_bytes()));
                                 runners[shard].reset();
                                 runners[shard].run(bytes_of(input), out);
                                 for (size_t i = 0; i < tensors.size(); ++i) {
                                   seen[shard][i].see(runners[shard].template tensor_as<float>(tensors[i]));
                                 }
                               }));
  std::vector<Range> ranges(graph.tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    for (int shard = 1; shard < kShards; ++shard) seen[0][i].merge(seen[static_cast<size_t>(shard)][i]);
  }
  workers.run(static_cast<int>(tensors.size()), [&](int i) {
    const auto index = static_cast<size_t>(i);
    ranges[static_cast<size_t>(tensors[index])] = seen[0][index].best_range();
  });
  for (const ir::Node& node : graph.nodes) {
    if (node.op != ir::Op::unidirectional_sequence_lstm) continue;
    const size_t cell = static_cast<size_t>(node.inputs[19]);
    ranges[cell] = {extremes[cell].low, extremes[cell].high};
  }
  return ranges;
}

/// Sums of squares of one layer.
struct Power {
  double signal = 0, noise = 0;
};

template <class T>
void add_error(const ir::Tensor& tensor, std::span<const float> wanted, std::span<const T> found,
               Power& power) {
  const float scale = tensor.quantisation->scales[0];
  const int32_t zero = tensor.quantisation->zero_points[0];
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double real = double{scale} * (found[i] - zero);
    power.signal += double{wanted[i]} * wanted[i];
    power.noise += (wanted[i] - real) * (wanted[i] - real);
  }
}

double decibels(const Power& power) {
  if (power.noise == 0) return kExactDb;
  if (power.signal == 0) return -kExactDb;
  return std::clamp(10 * std::log10(power.signal / power.noise), -kExactDb, kExactDb);
}

}  // namespace

std::vector<uint8_t> quantised_input(const ir::Tensor& tensor, std::span<const float> values) {
  const float scale = tensor.quantisation->scales[0];
  const auto zero = static_cast<float>(tensor.quantisation->zero_points[0]);
  std::vector<uint8_t> bytes;
  bytes.reserve(values.size());
  for (const float value : values) {
    const float stored = std::clamp(std::round(value / scale) + zero, -128.0f, 127.0f);
    bytes.push_back(static_cast<uint8_t>(static_cast<int8_t>(stored)));
  }
  return bytes;
}

Result<std::vector<Range>> calibrate(const ir::Graph& folded, const CalibrationSet& calibration,
                                     const QuantiseOptions& options, Workers& workers, Progress& progress) {
  TADPOLE_TRY(const plan::Plan plan,
              plan::lower(folded, {.kernels = "ref", .share_arena = false, .rewrite = false}));
  TADPOLE_TRY(const std::vector<Extremes> extremes, find_extremes(plan, calibration, workers, progress));
  if (options.range == RangeMethod::mean_squared_error) {
    return find_best_ranges(plan, extremes, calibration, workers, progress);
  }
  std::vector<Range> ranges;
  for (const Extremes& seen : extremes) ranges.push_back({seen.low, seen.high});
  return ranges;
}

Result<std::vector<LayerError>> measure_error(const ir::Graph& folded, const ir::Graph& int8,
                                              const CalibrationSet& calibration,
                                              const QuantiseOptions& options, Workers& workers,
                                              Progress& progress) {
  const plan::Target apart = {.kernels = "ref", .share_arena = false, .rewrite = false};
  TADPOLE_TRY(const plan::Plan float_plan, plan::lower(folded, apart));
  TADPOLE_TRY(const plan::Plan int8_plan, plan::lower(int8, apart));
  std::vector<plan::Runner> float_runners = one_runner_a_shard(float_plan);
  std::vector<plan::Runner> int8_runners = one_runner_a_shard(int8_plan);
  std::vector<std::vector<Power>> power(kShards, std::vector<Power>(folded.nodes.size()));
  const ir::Tensor& input = int8.tensors[static_cast<size_t>(int8.inputs[0])];
  const int count = std::clamp(options.error_samples, 1, calibration.count);
  TADPOLE_CHECK(for_each_input(
      folded, calibration, count, workers, progress, "compare float and int8",
      [&](size_t shard, const std::vector<float>& values) {
        std::vector<uint8_t> float_out(static_cast<size_t>(float_plan.output_bytes()));
        std::vector<uint8_t> int8_out(static_cast<size_t>(int8_plan.output_bytes()));
        float_runners[shard].reset();
        float_runners[shard].run(bytes_of(values), float_out);
        int8_runners[shard].reset();
        int8_runners[shard].run(quantised_input(input, values), int8_out);
        for (size_t i = 0; i < folded.nodes.size(); ++i) {
          const int tensor = folded.nodes[i].outputs[0];
          const ir::Tensor& stored = int8.tensors[static_cast<size_t>(tensor)];
          const auto wanted = float_runners[shard].template tensor_as<float>(tensor);
          const plan::Runner& found = int8_runners[shard];
          if (stored.type == ir::DType::int16)
            add_error(stored, wanted, found.template tensor_as<int16_t>(tensor), power[shard][i]);
          else
            add_error(stored, wanted, found.template tensor_as<int8_t>(tensor), power[shard][i]);
        }
      }));
  std::vector<LayerError> rows;
  for (size_t i = 0; i < folded.nodes.size(); ++i) {
    Power total;
    for (const auto& shard : power) {
      total.signal += shard[i].signal;
      total.noise += shard[i].noise;
    }
    const ir::Node& node = folded.nodes[i];
    const ir::Tensor& stored = int8.output_of(node);
    const float step = stored.quantisation->scales[0];
    const Range range =
        stored.type == ir::DType::int16 ? Range{-32768 * step, 32767 * step} : range_of(*stored.quantisation);
    rows.push_back({node.name, std::string(ir::op_name(node.op)), decibels(total), range.low, range.high});
  }
  return rows;
}

}  // namespace tadpole::quantise
