// What waits on a value: batch norm and activation on the way in, their gradients on the way back.
//
// With xhat = (x - mean) * inverse_deviation and y = gamma * xhat + beta, over n numbers a channel:
//   dbeta = sum dy; dgamma = sum dy * xhat;
//   dx = gamma * inverse_deviation * (dy - dbeta / n - xhat * dgamma / n),
// which is affine in dy and x per channel, so one pass over both makes it.
#include <cmath>
#include <numeric>

#include "train/layer.h"

namespace tadpole::train {

namespace {

/// Spreads per-channel numbers over a period.
template <class Number>
void spread(Number&& of_channel, int channels, int period, const Buffer& to) {
  for (int i = 0; i < period; ++i) to.data()[i] = of_channel(i % channels);
}

double fold(const std::vector<double>& period_sums, int channel, int channels) {
  double total = 0;
  for (size_t i = static_cast<size_t>(channel); i < period_sums.size(); i += static_cast<size_t>(channels)) {
    total += period_sums[i];
  }
  return total;
}

double fold_shards(const std::array<std::vector<double>, kShards>& sums, int channel, int channels) {
  double total = 0;
  for (const std::vector<double>& of_shard : sums) total += fold(of_shard, channel, channels);
  return total;
}

void set_affine(Value& value, const float* gamma, const float* beta, const float* mean,
                const float* inverse_deviation) {
  const int channels = value.channels;
  for (int i = 0; i < value.period; ++i) {
    const int c = i % channels;
    value.scale.data()[i] = gamma[c] * inverse_deviation[c];
    value.shift.data()[i] = beta[c] - mean[c] * value.scale.data()[i];
  }
}

}  // namespace

void set_up_pending(Value& value, int lanes) {
  // Four vectors: the kernels then work on neighbouring ones, whatever the number of channels.
  value.period = std::lcm(value.channels, 4 * lanes);
  const size_t period = static_cast<size_t>(value.period);
  value.scale = Buffer(period);
  value.shift = Buffer(period);
  for (float& scale : value.scale.span()) scale = 1;
  if (value.norm == nullptr) return;
  BatchNorm& norm = *value.norm;
  norm.channels = value.channels;
  norm.period = value.period;
  for (Buffer* buffer : {&norm.origin, &norm.mean, &norm.gradient_scale, &norm.value_scale, &norm.constant}) {
    *buffer = Buffer(period);
  }
  norm.inverse_deviation.assign(static_cast<size_t>(value.channels), 0);
  for (std::vector<double>& sums : norm.sum) sums.assign(period, 0);
  for (std::vector<double>& sums : norm.product) sums.assign(period, 0);
}

void begin_batch_norm(const Value& value, const float* state) {
  BatchNorm& norm = *value.norm;
  // Sums about the running mean: the variance then does not drown when the mean is large.
  const float* running_mean = state + norm.state_offset;
  spread([&](int c) { return running_mean[c]; }, norm.channels, norm.period, norm.origin);
  for (std::vector<double>& sums : norm.sum) std::fill(sums.begin(), sums.end(), 0.0);
  for (std::vector<double>& sums : norm.product) std::fill(sums.begin(), sums.end(), 0.0);
}

void finish_batch_norm(Value& value, const float* gamma, const float* beta, float* state, int samples,
                       int64_t steps_before) {
  BatchNorm& norm = *value.norm;
  const double count = static_cast<double>(samples) * (value.size / norm.channels);
  float* running_mean = state + norm.state_offset;
  float* running_variance = running_mean + norm.channels;
  // Early in the training the running figures follow faster, or a short training would be evaluated with
  // those of untrained weights.
  const double steps = static_cast<double>(steps_before);
  const float momentum = std::min(norm.momentum, static_cast<float>((1 + steps) / (10 + steps)));
  for (int c = 0; c < norm.channels; ++c) {
    const double mean_shift = fold_shards(norm.sum, c, norm.channels) / count;
    const double mean = static_cast<double>(norm.origin.data()[c]) + mean_shift;
    const double squares = fold_shards(norm.product, c, norm.channels) / count;
    double variance = squares - mean_shift * mean_shift;
    if (variance < 0) variance = 0;
    norm.inverse_deviation[static_cast<size_t>(c)] =
        static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(norm.epsilon)));
    norm.mean.data()[c] = static_cast<float>(mean);
    running_mean[c] = momentum * running_mean[c] + (1 - momentum) * static_cast<float>(mean);
    running_variance[c] = momentum * running_variance[c] + (1 - momentum) * static_cast<float>(variance);
  }
  spread([&](int c) { return norm.mean.data()[c]; }, norm.channels, norm.period, norm.mean);
  set_affine(value, gamma, beta, norm.mean.data(), norm.inverse_deviation.data());
  for (std::vector<double>& sums : norm.sum) std::fill(sums.begin(), sums.end(), 0.0);
  for (std::vector<double>& sums : norm.product) std::fill(sums.begin(), sums.end(), 0.0);
}

void use_running_statistics(Value& value, const float* gamma, const float* beta, const float* state) {
  BatchNorm& norm = *value.norm;
  const float* running_mean = state + norm.state_offset;
  const float* running_variance = running_mean + norm.channels;
  for (int c = 0; c < norm.channels; ++c) {
    norm.inverse_deviation[static_cast<size_t>(c)] = 1 / std::sqrt(running_variance[c] + norm.epsilon);
  }
  set_affine(value, gamma, beta, running_mean, norm.inverse_deviation.data());
}

void finish_batch_norm_gradient(Value& value, const float* gamma, float* gamma_gradient, float* beta_gradient,
                                int samples) {
  BatchNorm& norm = *value.norm;
  const double count = static_cast<double>(samples) * (value.size / norm.channels);
  for (int c = 0; c < norm.channels; ++c) {
    const double inverse = static_cast<double>(norm.inverse_deviation[static_cast<size_t>(c)]);
    const double scale = static_cast<double>(gamma[c]) * inverse;
    const double beta_sum = fold_shards(norm.sum, c, norm.channels);
    const double gamma_sum = fold_shards(norm.product, c, norm.channels) * inverse;
    const double slope = -scale * inverse * gamma_sum / count;
    gamma_gradient[c] = static_cast<float>(gamma_sum);
    beta_gradient[c] = static_cast<float>(beta_sum);
    norm.gradient_scale.data()[c] = static_cast<float>(scale);
    norm.value_scale.data()[c] = static_cast<float>(slope);
    norm.constant.data()[c] =
        static_cast<float>(-scale * beta_sum / count - slope * static_cast<double>(norm.mean.data()[c]));
  }
  for (const Buffer* buffer : {&norm.gradient_scale, &norm.value_scale, &norm.constant}) {
    spread([&](int c) { return buffer->data()[c]; }, norm.channels, norm.period, *buffer);
  }
}

const float* read_value(const Value& value, int sample, int count, const Kernels& kernels, float* scratch) {
  if (!value.pending()) return value.sample(sample);
  kernels.affine(scratch, value.sample(sample), ptrdiff_t{count} * value.size, value.period,
                 value.scale.data(), value.shift.data(), value.low, value.high);
  return scratch;
}

const float* read_gradient(const Value& value, int sample, int count, const Kernels& kernels,
                           float* scratch) {
  if (value.norm == nullptr) return value.sample_gradient(sample);
  const BatchNorm& norm = *value.norm;
  kernels.combine(scratch, value.sample_gradient(sample), value.sample(sample), ptrdiff_t{count} * value.size,
                  value.period, norm.gradient_scale.data(), norm.value_scale.data(), norm.constant.data());
  return scratch;
}

namespace {

/// Copies rows of pixels into an image with a border; `row_of(y, to)` writes a row when the channels lie
/// without gaps, `flat()` gives the whole sample when they do not.
template <class Row, class Flat>
void frame(const PaddedImage& layout, float* image, bool rows_fit, Row&& row_of, Flat&& flat) {
  const bool tight = layout.channel_stride == layout.channels && rows_fit;
  const bool framed = layout.padded_height != layout.height || layout.padded_width != layout.width ||
                      layout.channel_stride != layout.channels;
  if (framed && !tight) std::memset(image, 0, layout.floats() * sizeof(float));
  if (tight) {
    const size_t before = static_cast<size_t>(layout.left) * static_cast<size_t>(layout.channels);
    const size_t inside = static_cast<size_t>(layout.width) * static_cast<size_t>(layout.channels);
    const size_t row = static_cast<size_t>(layout.row());
    for (int y = 0; y < layout.padded_height; ++y) {
      float* to = image + static_cast<size_t>(y) * row;
      if (y < layout.top || y >= layout.top + layout.height) {
        std::memset(to, 0, row * sizeof(float));
        continue;
      }
      if (before > 0) std::memset(to, 0, before * sizeof(float));
      row_of(y - layout.top, to + before);
      if (before + inside < row)
        std::memset(to + before + inside, 0, (row - before - inside) * sizeof(float));
    }
    return;
  }
  const float* from = flat();
  for (int y = 0; y < layout.height; ++y) {
    for (int x = 0; x < layout.width; ++x, from += layout.channels) {
      float* to = layout.pixel(image, y, x);
      for (int c = 0; c < layout.channels; ++c) to[c] = from[c];
    }
  }
}

}  // namespace

void load_image(const Value& value, int sample, const PaddedImage& layout, const Kernels& kernels,
                float* image, float* spare) {
  const float* data = value.sample(sample);
  const ptrdiff_t row = ptrdiff_t{layout.width} * layout.channels;
  const auto row_of = [&](int y, float* to) {
    if (value.pending()) {
      kernels.affine(to, data + y * row, row, value.period, value.scale.data(), value.shift.data(), value.low,
                     value.high);
    } else {
      std::memcpy(to, data + y * row, static_cast<size_t>(row) * sizeof(float));
    }
  };
  const bool rows_fit = !value.pending() || value.channels == layout.channels;
  frame(layout, image, rows_fit, row_of, [&] { return read_value(value, sample, 1, kernels, spare); });
}

void load_gradient(const Value& value, int sample, const PaddedImage& layout, const Kernels& kernels,
                   float* image, float* spare) {
  const float* gradient = value.sample_gradient(sample);
  const float* data = value.sample(sample);
  const ptrdiff_t row = ptrdiff_t{layout.width} * layout.channels;
  const auto row_of = [&](int y, float* to) {
    if (value.norm != nullptr) {
      const BatchNorm& norm = *value.norm;
      kernels.combine(to, gradient + y * row, data + y * row, row, value.period, norm.gradient_scale.data(),
                      norm.value_scale.data(), norm.constant.data());
    } else {
      std::memcpy(to, gradient + y * row, static_cast<size_t>(row) * sizeof(float));
    }
  };
  const bool rows_fit = value.norm == nullptr || value.channels == layout.channels;
  frame(layout, image, rows_fit, row_of, [&] { return read_gradient(value, sample, 1, kernels, spare); });
}

float* gradient_target(const Edge& edge, int sample, float* scratch) {
  return edge.first ? edge.value->sample_gradient(sample) : scratch;
}

void finish_gradient(const Edge& edge, const Shard& shard, int sample, int count, const float* target) {
  const Value& value = *edge.value;
  float* gradient = value.sample_gradient(sample);
  const ptrdiff_t floats = ptrdiff_t{count} * value.size;
  if (!edge.first) shard.kernels->add(gradient, target, floats);
  if (!edge.last) return;
  if (value.rounding != nullptr) pass_straight_through(gradient, value.inside(sample), floats);
  if (!value.pending()) return;
  const size_t part = static_cast<size_t>(shard.index);
  const bool sums = value.norm != nullptr;
  shard.kernels->affine_backward(
      gradient, value.sample(sample), floats, value.period, value.scale.data(), value.shift.data(), value.low,
      value.high, sums ? value.norm->mean.data() : nullptr, sums ? value.norm->sum[part].data() : nullptr,
      sums ? value.norm->product[part].data() : nullptr);
}

void finish_output(const Value& value, const Shard& shard, int sample, int count) {
  if (value.norm == nullptr || !shard.training) return;
  const size_t part = static_cast<size_t>(shard.index);
  shard.kernels->moments(value.sample(sample), ptrdiff_t{count} * value.size, value.period,
                         value.norm->origin.data(), value.norm->sum[part].data(),
                         value.norm->product[part].data());
}

}  // namespace tadpole::train
