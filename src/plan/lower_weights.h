// Inside the room: weights, biases and factors of layers with weights, read from the graph and checked.
#pragma once

#include <initializer_list>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "plan/lower.h"
#include "plan/scaling.h"

namespace tadpole::plan {

/// Where a layer's tensors stand among its inputs.
struct LayerInputs {
  int in = 0, weights = 1, bias = 2;
};

/// Int8 weights of a layer; int4 ones are unpacked to int8.
struct StoredWeights {
  std::span<const int8_t> values;
  std::shared_ptr<const std::vector<int8_t>>
      unpacked;  ///< keeps `values` alive, when they are not the graph's
};

/// The values of an int8 or int4 constant.
StoredWeights stored_weights(const ir::Tensor& weights);

/// That the weights are a constant of int8 or int4 with zero points 0 and one scale, or one for each of
/// `channels` along `axis`. Fails: op_unsupported, type_unsupported.
Result<void> check_weights(const NodeView& view, const ir::Tensor& weights, int channels, int axis);

/// The bias, zeros when there is none. Fails unless it is a constant of one of `types` (integers).
Result<std::vector<int64_t>> read_bias(const NodeView& view, int input, int channels,
                                       std::initializer_list<ir::DType> types);
Result<std::vector<float>> read_bias_float(const NodeView& view, int input, int channels);

/// From a sum of products to the output's steps, for each channel: in_scale * weight_scale / out_scale.
std::vector<FixedFactor> output_factors(const NodeView& view, const LayerInputs& inputs, int channels);

/// The largest magnitude that a channel's sum can have: bias and products with |input| <= largest_input.
std::vector<int64_t> largest_sums(std::span<const int8_t> weights, std::span<const int64_t> bias, int axis,
                                  int64_t largest_input);
/// Fails when a sum can exceed `most`.
Result<void> check_sums(const NodeView& view, std::span<const int64_t> largest, int64_t most);

/// A factor for 64-bit sums: multiplier * 2^-right_shift. Source: see device/kernels/fixed_point_64.h.
struct Factor64 {
  int16_t multiplier = 0;
  int8_t right_shift = 15;
};
/// Fails when the factor is 128 or more.
Result<Factor64> factor_64(const NodeView& view, const FixedFactor& factor);

/// 64-bit numbers as two words each, the low one first.
std::vector<int32_t> as_words(std::span<const int64_t> numbers);

/// read_weights_int8 of lower.h for a layer with its inputs in other places.
Result<WeightsInt8> read_weights_int8_of(const NodeView& view, const LayerInputs& inputs, int channels,
                                         int axis);

// Layers of other number types, with the reference kernels. A dense layer is a convolution of a 1 x 1 map.
// lower_weights_types.cpp.
Result<LoweredNode> conv_2d_int16(const NodeView& view, const kernels::Window2d& window,
                                  ir::Activation activation);
Result<LoweredNode> depthwise_conv_2d_int16(const NodeView& view, const kernels::Window2d& window,
                                            ir::Activation activation);
Result<LoweredNode> hybrid_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                   ir::Activation activation);
Result<LoweredNode> hybrid_depthwise_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                             ir::Activation activation);
/// Int8 layers whose int4 weights stay packed.
LoweredNode conv_2d_int4(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                         const WeightsInt8& from);
LoweredNode depthwise_conv_2d_int4(const NodeView& view, const kernels::Window2d& window,
                                   ir::Activation activation, const WeightsInt8& from);
/// Whether a layer's int4 weights stay packed: with the reference kernels, and where unpacked ones of the
/// whole graph would not fit the target's flash limit. Otherwise they are unpacked here for the fast kernels.
bool keeps_packed(const NodeView& view);
/// Whether a layer has float activations and weights that are integers.
bool is_hybrid(const NodeView& view);

template <class T>
std::vector<T> copy_of(std::span<const T> values) {
  return {values.begin(), values.end()};
}

/// Fills what all reference int8 layers with weights share.
template <class Params>
void fill_int8(const NodeView& view, const LayerInputs& inputs, ir::Activation activation,
               const WeightsInt8& from, Params& params, Constants& constants) {
  const ClampInt8 clamp = clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  params.in_zero = view.zero(view.in(inputs.in));
  params.out_zero = view.zero(view.out());
  params.clamp_min = clamp.low;
  params.clamp_max = clamp.high;
  params.weights = constants.keep(copy_of(from.weights));
  params.bias = constants.keep(from.bias);
  params.multiplier = constants.keep(from.multiplier);
  params.shift = constants.keep(from.shift);
}

/// Fills what all layers with int16 activations, int8 weights and 64-bit sums share. Fails: type_unsupported.
template <class Params>
Result<void> fill_int16(const NodeView& view, const LayerInputs& inputs, ir::Activation activation,
                        int channels, int axis, Params& params, Constants& constants) {
  TADPOLE_CHECK(check_weights(view, view.in(inputs.weights), channels, axis));
  TADPOLE_TRY(const std::vector<int64_t> bias,
              read_bias(view, inputs.bias, channels, {ir::DType::int64, ir::DType::int32, ir::DType::int16}));
  const StoredWeights weights = stored_weights(view.in(inputs.weights));
  TADPOLE_CHECK(check_sums(view, largest_sums(weights.values, bias, axis, 32768), (int64_t{1} << 47) - 1));
  std::vector<int16_t> multipliers;
  std::vector<int8_t> shifts;
  for (const FixedFactor& factor : output_factors(view, inputs, channels)) {
    TADPOLE_TRY(const Factor64 reduced, factor_64(view, factor));
    multipliers.push_back(reduced.multiplier);
    shifts.push_back(reduced.right_shift);
  }
  const ClampInt8 clamp = clamp_int16(activation, view.scale(view.out()));
  params.clamp_min = clamp.low;
  params.clamp_max = clamp.high;
  params.weights = constants.keep(copy_of(weights.values));
  params.bias = constants.keep(as_words(bias));
  params.multiplier = constants.keep(std::move(multipliers));
  params.right_shift = constants.keep(std::move(shifts));
  return {};
}

}  // namespace tadpole::plan
