// The range test: a training whose rate grows until the loss runs away.
#include "train/rate_finder.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "train/batches.h"
#include "train/network.h"
#include "train/optimiser.h"

namespace tadpole::train {

namespace {

Error bad_setting(const std::string& what) { return {Code::train_bad_setting, what}; }

Result<void> check_test(const RateFinderOptions& test) {
  if (!(test.low > 0 && test.high > test.low) || !std::isfinite(test.high)) {
    return bad_setting("the rates of the test go from " + std::to_string(test.low) + " to " +
                       std::to_string(test.high) + "; needs two numbers above 0, the second larger.");
  }
  if (test.updates < 10)
    return bad_setting("the test makes " + std::to_string(test.updates) + " updates; needs at least 10.");
  return {};
}

/// Slope of the smooth loss over the logarithm of the rate, by least squares over trials around `at`.
double slope_at(const std::vector<RateTrial>& trials, size_t at) {
  constexpr size_t kReach = 5;
  const size_t begin = at < kReach ? 0 : at - kReach, end = std::min(trials.size(), at + kReach + 1);
  double n = 0, x_sum = 0, y_sum = 0, xx = 0, xy = 0;
  for (size_t i = begin; i < end; ++i) {
    const double x = std::log(static_cast<double>(trials[i].rate)), y = trials[i].smooth_loss;
    n += 1, x_sum += x, y_sum += y, xx += x * x, xy += x * y;
  }
  const double spread = n * xx - x_sum * x_sum;
  return spread > 0 ? (n * xy - x_sum * y_sum) / spread : 0;
}

Result<void> conclude(RateFound& found) {
  std::vector<RateTrial>& trials = found.trials;
  const auto least = std::min_element(trials.begin(), trials.end(), [](const auto& a, const auto& b) {
    return a.smooth_loss < b.smooth_loss;
  });
  const size_t last = static_cast<size_t>(least - trials.begin());
  size_t steepest = 0;
  for (size_t i = 1; i <= last; ++i) {
    if (slope_at(trials, i) < slope_at(trials, steepest)) steepest = i;
  }
  if (!(slope_at(trials, steepest) < 0))
    return bad_setting("no rate of the test makes the loss smaller. Look at the data and at the loss.");
  found.proposal = trials[steepest].rate;
  found.best = least->rate;
  char words[240];
  std::snprintf(
      words, sizeof words,
      "The loss falls fastest near a rate of %.2g, and is least at %.2g; larger rates make it grow. Put "
      "learning_rate = %.2g into [train].",
      static_cast<double>(found.proposal), static_cast<double>(found.best),
      static_cast<double>(found.proposal));
  found.words = words;
  return {};
}

}  // namespace

Result<RateFound> find_rate(const ir::Graph& graph, const Examples& training, const TrainOptions& asked,
                            const RateFinderOptions& test, Workers& workers, Progress& progress) {
  TADPOLE_CHECK(check_test(test));
  TrainOptions options = asked;
  options.schedule = Schedule::constant;
  options.warmup_updates = 0;
  options.loss.teacher_share = 0;
  options.updates = test.updates;
  if (options.batch > training.size()) {
    return bad_setting("batch is " + std::to_string(options.batch) + ", but there are only " +
                       std::to_string(training.size()) + " training examples.");
  }
  TADPOLE_TRY(const std::unique_ptr<Network> network,
              Network::compile(graph, options.batch, best_kernels(), options.loss));
  TADPOLE_TRY(const std::vector<int> counts,
              check_examples(*network, training, "training", true, options.seed, workers));
  OptimiserState optimiser(*network, options.optimiser);
  std::vector<int> order(static_cast<size_t>(training.size()));
  const int batches = training.size() / options.batch;
  RateFound found;
  double sum = 0, weight = 0, least = 0;
  for (int update = 0; update < test.updates; ++update) {
    if (progress.cancelled()) return Error{Code::cancelled, "the test of learning rates was stopped."};
    const int epoch = update / batches + 1, place = update % batches;
    if (place == 0) shuffle_epoch(order, options.seed, epoch);
    const auto indices = std::span<const int>(order).subspan(
        static_cast<size_t>(place) * static_cast<size_t>(options.batch), static_cast<size_t>(options.batch));
    load_batch(*network, training, indices, epoch, options.seed, workers);
    const double share = static_cast<double>(update) / (test.updates - 1);
    options.learning_rate =
        static_cast<float>(static_cast<double>(test.low) *
                           std::pow(static_cast<double>(test.high) / static_cast<double>(test.low), share));
    const double loss = network->train_step(workers, mix(options.seed) + static_cast<uint64_t>(update)).loss;
    if (update == 0 && !std::isfinite(loss))
      return not_finite_error(*network, "before the first update ", options.learning_rate);
    // The loss belongs to the weights that the rates before have made.
    sum = 0.9 * sum + loss;
    weight = 0.9 * weight + 1;
    const double smooth = sum / weight;
    if (!std::isfinite(smooth) || (update > 0 && smooth > 4 * least + 1e-12)) break;
    least = update == 0 ? smooth : std::min(least, smooth);
    found.trials.push_back({options.learning_rate, loss, smooth});
    progress.report("find rate", update + 1, test.updates, "");
    if (!optimiser.update(*network, workers, options, update)) break;
  }
  TADPOLE_CHECK(conclude(found));
  return found;
}

}  // namespace tadpole::train
