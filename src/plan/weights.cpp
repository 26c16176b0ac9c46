// Reading weights: every check on types, scales and sizes of sums, and the integer factors.
#include <cmath>
#include <cstdlib>

#include "plan/lower_weights.h"

namespace tadpole::plan {

StoredWeights stored_weights(const ir::Tensor& weights) {
  if (weights.type == ir::DType::int8) return {weights.values<int8_t>(), nullptr};
  const auto count = static_cast<size_t>(ir::element_count(weights.shape));
  std::vector<int8_t> unpacked(count);
  for (size_t i = 0; i < count; ++i) {
    const int half = (*weights.constant)[i / 2] >> (i % 2 * 4) & 15;
    unpacked[i] = static_cast<int8_t>(half < 8 ? half : half - 16);
  }
  auto kept = std::make_shared<const std::vector<int8_t>>(std::move(unpacked));
  return {*kept, kept};
}

Result<void> check_weights(const NodeView& view, const ir::Tensor& weights, int channels, int axis) {
  if (!weights.is_constant()) return view.unsupported("its weights are computed; they must be constants.");
  if ((weights.type != ir::DType::int8 && weights.type != ir::DType::int4) || !weights.quantisation) {
    return view.bad_type("weights '" + weights.name + "' are " + std::string(to_string(weights.type)) +
                         (weights.quantisation ? "" : " without a scale") +
                         "; int8 or int4 with a scale is needed.");
  }
  const ir::Quantisation& scales = *weights.quantisation;
  if (scales.per_channel() &&
      (scales.axis != axis || scales.scales.size() != static_cast<size_t>(channels))) {
    return view.bad_type("weights '" + weights.name + "' have " + std::to_string(scales.scales.size()) +
                         " scales along axis " + std::to_string(scales.axis) + "; " +
                         std::to_string(channels) + " along axis " + std::to_string(axis) + " are needed.");
  }
  for (const int32_t zero : scales.zero_points) {
    if (zero != 0) return view.bad_type("weights '" + weights.name + "' have a zero point that is not 0.");
  }
  return {};
}

namespace {

template <class T>
std::vector<int64_t> widened(const ir::Tensor& tensor) {
  const auto values = tensor.values<T>();
  return {values.begin(), values.end()};
}

}  // namespace

Result<std::vector<int64_t>> read_bias(const NodeView& view, int input, int channels,
                                       std::initializer_list<ir::DType> types) {
  if (!ir::Graph::has_input(view.node, input)) return std::vector<int64_t>(static_cast<size_t>(channels), 0);
  const ir::Tensor& bias = view.in(input);
  if (!bias.is_constant()) return view.unsupported("its bias is computed; it must be a constant.");
  for (const ir::DType type : types) {
    if (bias.type != type) continue;
    if (type == ir::DType::int64) return widened<int64_t>(bias);
    if (type == ir::DType::int32) return widened<int32_t>(bias);
    if (type == ir::DType::int16) return widened<int16_t>(bias);
  }
  return view.bad_type("bias '" + bias.name + "' is " + std::string(to_string(bias.type)) + "; " +
                       std::string(to_string(*types.begin())) + " is needed.");
}

Result<std::vector<float>> read_bias_float(const NodeView& view, int input, int channels) {
  if (!ir::Graph::has_input(view.node, input)) return std::vector<float>(static_cast<size_t>(channels), 0.0f);
  const ir::Tensor& bias = view.in(input);
  if (!bias.is_constant()) return view.unsupported("its bias is computed; it must be a constant.");
  if (bias.type != ir::DType::float32) {
    return view.bad_type("'" + bias.name + "' is " + std::string(to_string(bias.type)) +
                         " beside float32 activations.");
  }
  return copy_of(bias.values<float>());
}

std::vector<FixedFactor> output_factors(const NodeView& view, const LayerInputs& inputs, int channels) {
  const ir::Quantisation& scales = *view.in(inputs.weights).quantisation;
  const float in_scale = view.scale(view.in(inputs.in)), out_scale = view.scale(view.out());
  std::vector<FixedFactor> factors;
  for (size_t o = 0; o < static_cast<size_t>(channels); ++o) {
    const float weight_scale = scales.scales[scales.per_channel() ? o : 0];
    // TFLite multiplies in double for convolutions, but in float for a dense layer with one scale.
    const bool in_float = view.node.op == ir::Op::fully_connected && !scales.per_channel();
    const double product =
        in_float ? double{in_scale * weight_scale} : double{in_scale} * double{weight_scale};
    factors.push_back(fixed_factor(product / double{out_scale}));
  }
  return factors;
}

std::vector<int64_t> largest_sums(std::span<const int8_t> weights, std::span<const int64_t> bias, int axis,
                                  int64_t largest_input) {
  const size_t channels = bias.size(), taps = weights.size() / channels;
  std::vector<int64_t> largest;
  for (size_t o = 0; o < channels; ++o) {
    int64_t sum = 0;
    for (size_t k = 0; k < taps; ++k)
      sum += std::abs(int64_t{weights[axis == 0 ? o * taps + k : k * channels + o]});
    const uint64_t magnitude =
        bias[o] < 0 ? 0 - static_cast<uint64_t>(bias[o]) : static_cast<uint64_t>(bias[o]);
    const uint64_t all = static_cast<uint64_t>(sum * largest_input) + magnitude;
    largest.push_back(all > INT64_MAX ? INT64_MAX : static_cast<int64_t>(all));
  }
  return largest;
}

Result<void> check_sums(const NodeView& view, std::span<const int64_t> largest, int64_t most) {
  for (size_t o = 0; o < largest.size(); ++o) {
    if (largest[o] <= most) continue;
    return view.bad_type("the sum of output channel " + std::to_string(o) + " can reach " +
                         std::to_string(largest[o]) + "; " + (most == INT32_MAX ? "32" : "48") +
                         " bits hold " + std::to_string(most) + ". Quantise the model again.");
  }
  return {};
}

Result<Factor64> factor_64(const NodeView& view, const FixedFactor& factor) {
  if (factor.shift > 7) {
    return view.bad_type(
        "the scales of its input and weights are 128 times that of its output or more. "
        "Quantise the model again.");
  }
  const int32_t reduced = factor.multiplier < 0x7fff0000 ? (factor.multiplier + (1 << 15)) >> 16 : 0x7fff;
  return Factor64{static_cast<int16_t>(reduced), static_cast<int8_t>(15 - factor.shift)};
}

std::vector<int32_t> as_words(std::span<const int64_t> numbers) {
  std::vector<int32_t> words;
  for (const int64_t number : numbers) {
    words.push_back(static_cast<int32_t>(static_cast<uint64_t>(number) & 0xffffffffu));
    words.push_back(static_cast<int32_t>(number >> 32));
  }
  return words;
}

Result<WeightsInt8> read_weights_int8_of(const NodeView& view, const LayerInputs& inputs, int channels,
                                         int axis) {
  TADPOLE_CHECK(check_weights(view, view.in(inputs.weights), channels, axis));
  TADPOLE_TRY(const std::vector<int64_t> bias, read_bias(view, inputs.bias, channels, {ir::DType::int32}));
  const StoredWeights weights = stored_weights(view.in(inputs.weights));
  const int32_t zero = view.zero(view.in(inputs.in));
  TADPOLE_CHECK(check_sums(view, largest_sums(weights.values, bias, axis, std::max(127 - zero, zero + 128)),
                           INT32_MAX));
  WeightsInt8 read{weights.values, {bias.begin(), bias.end()}, {}, {}, weights.unpacked};
  for (const FixedFactor& factor : output_factors(view, inputs, channels)) {
    read.multiplier.push_back(factor.multiplier);
    read.shift.push_back(factor.shift);
  }
  return read;
}

Result<WeightsInt8> read_weights_int8(const NodeView& view, int channels, int axis) {
  return read_weights_int8_of(view, {}, channels, axis);
}

}  // namespace tadpole::plan
