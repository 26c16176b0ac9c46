#include "features/tuning.h"

#include <algorithm>
#include <cmath>

namespace tadpole::features {
namespace {

using Rows = std::vector<std::vector<float>>;

/// Evenly taken indices of a class on a side.
std::vector<int> chosen(const samples::Dataset& data, int target, samples::Side side, int most) {
  std::vector<int> all, out;
  for (size_t i = 0; i < data.samples.size(); ++i) {
    if (data.target[i] == target && data.side[i] == side && data.samples[i].signal)
      all.push_back(static_cast<int>(i));
  }
  const int count = std::min(most, static_cast<int>(all.size()));
  for (int i = 0; i < count; ++i)
    out.push_back(all[static_cast<size_t>(i) * all.size() / static_cast<size_t>(count)]);
  return out;
}

struct Chosen {
  std::vector<int> samples, targets;
};

Chosen subset(const samples::Dataset& data, samples::Side side, int per_class) {
  Chosen out;
  for (int target = 0; target < static_cast<int>(data.classes.size()); ++target) {
    for (const int sample : chosen(data, target, side, per_class)) {
      out.samples.push_back(sample);
      out.targets.push_back(target);
    }
  }
  return out;
}

/// Real features of each sample; empty when one is refused.
Rows features_of(const FeatureBlock& block, const samples::Dataset& data, const std::vector<int>& samples,
                 Workers& workers) {
  for (const int sample : samples) {
    if (!block.accepts(*data.samples[static_cast<size_t>(sample)].signal)) return {};
  }
  constexpr int kShards = 16;
  Rows rows(samples.size());
  workers.run(kShards, [&](int shard) {
    for (size_t i = static_cast<size_t>(shard); i < samples.size(); i += kShards) {
      for (const int16_t value : block.extract(*data.samples[static_cast<size_t>(samples[i])].signal)) {
        rows[i].push_back(static_cast<float>(value) * block.scale());
      }
    }
  });
  return rows;
}

/// Mean of each feature over the rows of each class, and over all rows.
struct Means {
  std::vector<std::vector<double>> of_class;
  std::vector<double> count, all, deviation;
};

Means means_of(const Rows& rows, const std::vector<int>& targets, size_t classes) {
  const size_t size = rows[0].size();
  Means m{std::vector(classes, std::vector<double>(size, 0)), std::vector<double>(classes, 0),
          std::vector<double>(size, 0), std::vector<double>(size, 0)};
  for (size_t r = 0; r < rows.size(); ++r) {
    const size_t target = static_cast<size_t>(targets[r]);
    m.count[target] += 1;
    for (size_t i = 0; i < size; ++i) {
      m.of_class[target][i] += static_cast<double>(rows[r][i]);
      m.all[i] += static_cast<double>(rows[r][i]);
    }
  }
  for (double& value : m.all) value /= static_cast<double>(rows.size());
  for (size_t c = 0; c < classes; ++c) {
    for (double& value : m.of_class[c]) value /= std::max(1.0, m.count[c]);
  }
  for (const auto& row : rows) {
    for (size_t i = 0; i < size; ++i) m.deviation[i] += std::pow(static_cast<double>(row[i]) - m.all[i], 2);
  }
  for (double& value : m.deviation) value = std::sqrt(value / static_cast<double>(rows.size()));
  return m;
}

double fisher_score(const Rows& rows, const std::vector<int>& targets, const Means& m) {
  double sum = 0, used = 0;
  for (size_t i = 0; i < m.all.size(); ++i) {
    double between = 0, within = 0;
    for (size_t c = 0; c < m.of_class.size(); ++c)
      between += m.count[c] * std::pow(m.of_class[c][i] - m.all[i], 2);
    for (size_t r = 0; r < rows.size(); ++r) {
      within += std::pow(static_cast<double>(rows[r][i]) - m.of_class[static_cast<size_t>(targets[r])][i], 2);
    }
    if (within <= 0) continue;
    sum += between / within;
    used += 1;
  }
  return used > 0 ? sum / used : 0;
}

double nearest_mean_accuracy(const Rows& rows, const std::vector<int>& targets, const Means& m) {
  if (rows.empty()) return 0;
  int right = 0;
  for (size_t r = 0; r < rows.size(); ++r) {
    double nearest = 0;
    int answer = -1;
    for (size_t c = 0; c < m.of_class.size(); ++c) {
      if (m.count[c] == 0) continue;
      double distance = 0;
      for (size_t i = 0; i < m.all.size(); ++i) {
        if (m.deviation[i] > 0)
          distance += std::pow((static_cast<double>(rows[r][i]) - m.of_class[c][i]) / m.deviation[i], 2);
      }
      if (answer < 0 || distance < nearest) {
        nearest = distance;
        answer = static_cast<int>(c);
      }
    }
    right += answer == targets[r] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(rows.size());
}

int64_t table_bytes(const DeviceConstants& constants) {
  int64_t bytes = 0;
  for (const DeviceField& field : constants.fields) {
    const DeviceTable* const table = std::get_if<DeviceTable>(&field.value);
    bytes += table == nullptr
                 ? 4
                 : std::visit([](const auto& values) { return static_cast<int64_t>(values.size_bytes()); },
                              *table) +
                       4;
  }
  return bytes;
}

/// Fitted to counts of blocks on the virtual board: a transform of N points, then what each sample, value and
/// pixel costs.
int64_t estimated_instructions(const FeatureBlock& block) {
  const FeatureConfig& c = block.config();
  const double values = block.size();
  if (block.kind() == SignalKind::audio) {
    const dsp::SpeechFeatures& f = block.device();
    double points = 32;
    while (points < f.window_samples / 2.0) points *= 2;
    const double transform = points * std::log2(points);
    double row = 9.1 * transform + 84 * points;
    if (c.block == "mfcc") row += 5.5 * c.bands * c.coefficients;
    if (c.block == "micro_frontend") row = 13.7 * transform + 128 * points;
    if (c.block == "wavelet") {
      const int taps = c.wavelet == "haar" ? 2 : c.wavelet == "db2" ? 4 : 8;
      row = f.window_samples * (40.0 + 16 * taps);
    }
    return static_cast<int64_t>(row * f.sample_rate_hz / f.stride_samples);
  }
  const DeviceConstants constants = block.device_constants();
  if (block.kind() == SignalKind::image)
    return static_cast<int64_t>(40.0 * constants.clip_samples + 30 * values);
  if (block.kind() == SignalKind::stroke)
    return static_cast<int64_t>(3 * values + 120.0 * constants.clip_samples);
  return static_cast<int64_t>(constants.clip_samples * static_cast<double>(c.axes.size()) * 120.0);
}

Candidate described(const FeatureBlock& block, const std::string& change) {
  Candidate candidate{block.config(), change};
  candidate.values = block.size();
  const DeviceConstants constants = block.device_constants();
  candidate.flash_bytes = table_bytes(constants);
  candidate.ram_bytes = block.kind() == SignalKind::audio
                            ? int64_t{dsp::scratch_bytes(block.device())} + dsp::stream_bytes(block.device())
                            : int64_t{constants.scratch_bytes} +
                                  int64_t{constants.clip_samples} * constants.sample_bytes +
                                  2 * int64_t{block.size()};
  candidate.instructions = estimated_instructions(block);
  return candidate;
}

std::string change_text(const FeatureConfig& from, const FeatureConfig& to) {
  std::string text;
  const auto add = [&](const char* name, const auto& before, const auto& after) {
    if (before == after) return;
    std::string value;
    if constexpr (std::is_same_v<std::decay_t<decltype(after)>, std::string>) {
      value = "\"" + after + "\"";
    } else {
      value = std::to_string(after);
    }
    text += (text.empty() ? "" : ", ") + std::string(name) + " = " + value;
  };
  add("block", from.block, to.block);
  add("window_ms", from.window_ms, to.window_ms);
  add("stride_ms", from.stride_ms, to.stride_ms);
  add("bands", from.bands, to.bands);
  add("coefficients", from.coefficients, to.coefficients);
  add("high_hz", from.high_hz, to.high_hz);
  add("width", from.width, to.width);
  add("height", from.height, to.height);
  add("colour", from.colour, to.colour);
  add("filter", from.filter, to.filter);
  return text.empty() ? "as it is" : text;
}

}  // namespace

std::vector<FeatureConfig> neighbours(const FeatureConfig& config) {
  std::vector<FeatureConfig> list = {config};
  const auto with = [&](auto change) {
    FeatureConfig other = config;
    change(other);
    if (FeatureBlock::create(other) && std::find(list.begin(), list.end(), other) == list.end())
      list.push_back(other);
  };
  const auto kind = kind_of_block(config.block);
  if (!kind.ok()) return list;
  if (*kind == SignalKind::audio) {
    for (const char* block : {"mfcc", "log_mel", "mfe", "micro_frontend"}) {
      with([&](FeatureConfig& c) { c.block = block; });
    }
    for (const int bands : {20, 30, 40})
      with([&](FeatureConfig& c) {
        c.bands = bands;
        c.coefficients = std::min(c.coefficients, bands);
      });
    for (const int kept : {8, 13}) with([&](FeatureConfig& c) { c.coefficients = kept; });
    for (const int stride : {30, 40})
      with([&](FeatureConfig& c) { c.window_ms = stride, c.stride_ms = stride; });
    with([&](FeatureConfig& c) { c.window_ms = 20; });
    with([&](FeatureConfig& c) { c.high_hz = 4000; });
  } else if (*kind == SignalKind::image) {
    for (const int side : {24, 32, 48, 64, 96}) with([&](FeatureConfig& c) { c.width = c.height = side; });
    for (const char* colour : {"grey", "rgb"}) with([&](FeatureConfig& c) { c.colour = colour; });
  } else if (*kind == SignalKind::stroke) {
    for (const int side : {16, 24, 32}) with([&](FeatureConfig& c) { c.width = c.height = side; });
  } else {
    const auto unfitted = [](FeatureConfig& c) { c.centre.clear(), c.spread.clear(); };
    for (const char* block : {"raw", "statistics", "spectral"}) {
      with([&](FeatureConfig& c) { c.block = block, c.bands = std::min(c.bands, 16), unfitted(c); });
    }
    with([&](FeatureConfig& c) { c.filter = "gravity", unfitted(c); });
  }
  return list;
}

std::vector<Candidate> measure(std::span<const FeatureConfig> configs, const samples::Dataset& data,
                               int samples_per_class, Workers& workers) {
  const Chosen train = subset(data, samples::Side::train, samples_per_class);
  const Chosen validation = subset(data, samples::Side::validation, samples_per_class);
  std::vector<Candidate> out;
  for (const FeatureConfig& config : configs) {
    const auto block = FeatureBlock::create(config);
    if (!block.ok() || train.samples.empty()) continue;
    const Rows rows = features_of(*block, data, train.samples, workers);
    const Rows unseen = features_of(*block, data, validation.samples, workers);
    if (rows.empty()) continue;
    const Means means = means_of(rows, train.targets, data.classes.size());
    out.push_back(described(*block, change_text(configs[0], config)));
    out.back().fisher = fisher_score(rows, train.targets, means);
    out.back().accuracy = nearest_mean_accuracy(unseen, validation.targets, means);
  }
  return out;
}

int best_of(std::span<const Candidate> candidates) {
  double most = -1;
  for (const Candidate& one : candidates) most = std::max(most, one.accuracy);
  int best = -1;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].accuracy < most - 0.01) continue;
    if (best < 0 || candidates[i].instructions < candidates[static_cast<size_t>(best)].instructions)
      best = static_cast<int>(i);
  }
  return best;
}

}  // namespace tadpole::features
