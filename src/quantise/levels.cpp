// Every weight is a factor times one of the numbers that learn: its layer's level, or a bias of its own.
#include "quantise/levels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "quantise/weights.h"
#include "train/batches.h"
#include "train/network.h"
#include "train/optimiser.h"

namespace tadpole::quantise {

namespace {

using train::Network;

/// Of a weight, in the order of Network::to_plain.
struct Share {
  int number = -1;  ///< which of the numbers that learn; -1: the weight stays
  float factor = 1;
};

/// An int8 tensor whose levels learn. Its integers are numbers / step.
struct Clustered {
  int tensor = -1;
  size_t plain = 0;  ///< where its weights begin
  double step = 0;   ///< the mean scale of its channels, in which its levels are counted
};

/// What learns, and how the network's weights follow.
struct Shared {
  std::vector<double> numbers;
  std::vector<Share> shares;
  std::vector<float> weights;  ///< plain, of the network as it stands
  std::vector<Clustered> clustered;
  std::vector<std::pair<int, size_t>> biases;  ///< tensor and where it begins in plain
};

/// The scale of each weight of a tensor.
std::vector<float> scales_of(const ir::Tensor& weights) {
  // Ones stand for one step of their channel.
  ir::Tensor ones = weights;
  ones.constant = ir::make_constant<int8_t>(
      std::vector<int8_t>(static_cast<size_t>(ir::element_count(weights.shape)), 1));
  return real_numbers(ones);
}

void share_levels(const ir::Tensor& stored, int levels, Clustered what, Shared& shared) {
  const auto values = stored.values<int8_t>();
  const std::set<int8_t> different(values.begin(), values.end());
  const std::vector<float> scales = scales_of(stored);
  for (size_t i = 0; i < values.size(); ++i)
    shared.weights[what.plain + i] = scales[i] * static_cast<float>(values[i]);
  if (different.size() > static_cast<size_t>(levels)) return;
  for (const float scale : scales) what.step += double{scale};
  what.step /= static_cast<double>(scales.size());
  std::map<int8_t, int> number;
  for (const int8_t level : different) {
    number[level] = static_cast<int>(shared.numbers.size());
    shared.numbers.push_back(level * what.step);
  }
  for (size_t i = 0; i < values.size(); ++i)
    shared.shares[what.plain + i] = {number[values[i]], static_cast<float>(double{scales[i]} / what.step)};
  shared.clustered.push_back(what);
}

Shared find_shared(const Network& network, const ir::Graph& folded, const ir::Graph& clustered, int levels) {
  Shared shared;
  shared.shares.resize(network.plain_size());
  shared.weights.resize(network.plain_size());
  network.to_plain(network.weights(), shared.weights);
  std::map<int, size_t> begins;  // of each tensor that the network learns
  size_t plain = 0;
  for (const train::Parameter& parameter : network.parameters()) {
    begins[parameter.tensor] = plain;
    plain += static_cast<size_t>(parameter.rows) * static_cast<size_t>(parameter.columns);
  }
  std::set<int> done;
  for (size_t n = 0; n < folded.nodes.size(); ++n) {
    const ir::Node& node = folded.nodes[n];
    // Steps of a recurrent layer share tensors under other places in the int8 graph: those stay.
    if (!has_weights(node.op) || clustered.nodes[n].inputs[1] != node.inputs[1]) continue;
    const int weights = node.inputs[1], bias_place = node.op == ir::Op::transpose_conv ? 3 : 2;
    const ir::Tensor& stored = clustered.tensors[static_cast<size_t>(weights)];
    if (stored.type != ir::DType::int8 || !begins.contains(weights) || !done.insert(weights).second) continue;
    share_levels(stored, levels, {weights, begins[weights], 0}, shared);
    if (!ir::Graph::has_input(node, bias_place)) continue;
    const int bias = node.inputs[static_cast<size_t>(bias_place)];
    if (clustered.nodes[n].inputs[static_cast<size_t>(bias_place)] != bias || !begins.contains(bias) ||
        !done.insert(bias).second)
      continue;
    shared.biases.emplace_back(bias, begins[bias]);
    for (size_t i = 0; i < folded.tensors[static_cast<size_t>(bias)].values<float>().size(); ++i) {
      shared.shares[begins[bias] + i] = {static_cast<int>(shared.numbers.size()), 1};
      shared.numbers.push_back(double{shared.weights[begins[bias] + i]});
    }
  }
  return shared;
}

/// Puts the numbers into the network's weights.
void spread(Shared& shared, Network& network) {
  for (size_t i = 0; i < shared.shares.size(); ++i) {
    const Share& share = shared.shares[i];
    if (share.number >= 0)
      shared.weights[i] =
          share.factor * static_cast<float>(shared.numbers[static_cast<size_t>(share.number)]);
  }
  network.from_plain(shared.weights, network.weights());
}

/// Adam (Kingma and Ba 2015) on the numbers.
class Adam {
 public:
  explicit Adam(size_t count) : first_(count), second_(count) {}

  void update(std::span<const double> gradients, double rate, std::span<double> numbers) {
    constexpr double kFirst = 0.9, kSecond = 0.999, kEpsilon = 1e-8;
    ++steps_;
    const double correction1 = 1 - std::pow(kFirst, steps_), correction2 = 1 - std::pow(kSecond, steps_);
    for (size_t i = 0; i < numbers.size(); ++i) {
      first_[i] = kFirst * first_[i] + (1 - kFirst) * gradients[i];
      second_[i] = kSecond * second_[i] + (1 - kSecond) * gradients[i] * gradients[i];
      numbers[i] -= rate * (first_[i] / correction1) / (std::sqrt(second_[i] / correction2) + kEpsilon);
    }
  }

 private:
  std::vector<double> first_, second_;
  int steps_ = 0;
};

/// Sums of the weights' gradients by number. Fails: train_not_finite.
Result<void> gather(const Shared& shared, Network& network, Workers& workers, float rate,
                    std::span<float> plain, std::span<double> gradients) {
  std::array<bool, train::kShards> finite{};
  workers.run(train::kShards,
              [&](int part) { finite[static_cast<size_t>(part)] = network.combine_gradients(part); });
  if (std::find(finite.begin(), finite.end(), false) != finite.end())
    return train::not_finite_error("while the levels learn a gradient is not finite", rate);
  network.to_plain(network.gradients(), plain);
  std::fill(gradients.begin(), gradients.end(), 0.0);
  for (size_t i = 0; i < shared.shares.size(); ++i) {
    const Share& share = shared.shares[i];
    if (share.number >= 0)
      gradients[static_cast<size_t>(share.number)] += double{share.factor} * double{plain[i]};
  }
  return {};
}

void ask(Network& teacher, Network& network, Workers& workers) {
  for (int i = 0; i < network.batch(); ++i)
    std::copy(network.example(i).begin(), network.example(i).end(), teacher.example(i).begin());
  teacher.evaluate(workers, network.batch());
  for (int i = 0; i < network.batch(); ++i)
    std::copy(teacher.answers(i).begin(), teacher.answers(i).end(), network.teacher_answer(i).begin());
}

/// The integers of the numbers, in the clustered graph.
ir::Graph rounded(const Shared& shared, ir::Graph graph) {
  for (const Clustered& what : shared.clustered) {
    ir::Tensor& tensor = graph.tensors[static_cast<size_t>(what.tensor)];
    std::vector<int8_t> stored(static_cast<size_t>(ir::element_count(tensor.shape)));
    for (size_t i = 0; i < stored.size(); ++i) {
      const double number = shared.numbers[static_cast<size_t>(shared.shares[what.plain + i].number)];
      stored[i] = static_cast<int8_t>(std::clamp(std::round(number / what.step), -127.0, 127.0));
    }
    tensor.constant = ir::make_constant<int8_t>(stored);
  }
  for (const auto& [bias, begin] : shared.biases) {
    ir::Tensor& tensor = graph.tensors[static_cast<size_t>(bias)];
    const std::vector<float>& scales = tensor.quantisation->scales;
    std::vector<int32_t> stored(tensor.values<int32_t>().size());
    for (size_t i = 0; i < stored.size(); ++i) {
      const double number = shared.numbers[static_cast<size_t>(shared.shares[begin + i].number)];
      const double scale = double{scales[scales.size() > 1 ? i : 0]};
      stored[i] = static_cast<int32_t>(std::clamp(std::round(number / scale), -1073741824.0, 1073741824.0));
    }
    tensor.constant = ir::make_constant<int32_t>(stored);
  }
  return graph;
}

Result<void> check(const train::TrainOptions& options, int examples) {
  if (options.batch >= 1 && options.batch <= examples && options.updates >= 1 && options.learning_rate > 0)
    return {};
  return Error{Code::train_bad_setting,
               "levels would be trained with " + std::to_string(options.updates) + " updates of batches of " +
                   std::to_string(options.batch) + " out of " + std::to_string(examples) +
                   " examples at a rate of " + std::to_string(options.learning_rate) +
                   "; needs at least one update, a batch within the examples and a rate above 0."};
}

}  // namespace

Result<ir::Graph> train_levels(const ir::Graph& folded, const ir::Graph& clustered, int levels,
                               const train::Examples& training, const train::TrainOptions& options,
                               Workers& workers, Progress& progress) {
  TADPOLE_CHECK(check(options, training.size()));
  train::LossOptions loss = options.loss;
  if (options.teacher == nullptr) loss.teacher_share = 0;
  TADPOLE_TRY(const std::unique_ptr<Network> network,
              Network::compile(folded, options.batch, train::best_kernels(), loss));
  std::unique_ptr<Network> teacher;
  if (options.teacher != nullptr) {
    TADPOLE_TRY(teacher, Network::compile(*options.teacher, options.batch));
    if (teacher->input_size() != network->input_size() || teacher->outputs() != network->outputs())
      return Error{Code::bad_shape, "the teacher of '" + folded.name + "' has another input or output."};
  }
  TADPOLE_TRY([[maybe_unused]] const std::vector<int> counts,
              train::check_examples(*network, training, "training", true, options.seed, workers));
  Shared shared = find_shared(*network, folded, clustered, levels);
  spread(shared, *network);
  Adam adam(shared.numbers.size());
  std::vector<float> plain(shared.shares.size());
  std::vector<double> gradients(shared.numbers.size());
  std::vector<int> order(static_cast<size_t>(training.size()));
  const int batches = training.size() / options.batch;
  for (int update = 0; update < options.updates; ++update) {
    if (progress.cancelled()) return Error{Code::cancelled, "the training of levels was stopped."};
    const int epoch = update / batches + 1, place = update % batches;
    if (place == 0) train::shuffle_epoch(order, options.seed, epoch);
    const auto indices = std::span<const int>(order).subspan(
        static_cast<size_t>(place) * static_cast<size_t>(options.batch), static_cast<size_t>(options.batch));
    train::load_batch(*network, training, indices, epoch, options.seed, workers);
    if (teacher != nullptr) ask(*teacher, *network, workers);
    const float rate = train::learning_rate(options, update);
    const double now = network->train_step(workers, options.seed + static_cast<uint64_t>(update)).loss;
    if (!std::isfinite(now)) return train::not_finite_error(*network, "while the levels learn ", rate);
    TADPOLE_CHECK(gather(shared, *network, workers, rate, plain, gradients));
    adam.update(gradients, double{rate}, shared.numbers);
    spread(shared, *network);
    progress.report("train levels", update + 1, options.updates, "");
  }
  return rounded(shared, clustered);
}

}  // namespace tadpole::quantise
