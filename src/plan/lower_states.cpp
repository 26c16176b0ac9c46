// Operators that keep a state from one inference to the next: variables, SVDF, LSTM, GRU. Kernels get a
// variable as an operand among their inputs and write it in place.
#include <cmath>

#include "device/kernels/ref/lstm.h"
#include "device/kernels/ref/lstm_full.h"
#include "device/kernels/ref/moves.h"
#include "device/kernels/ref/svdf.h"
#include "plan/lower_elements.h"

namespace tadpole::plan {

namespace {

using ir::DType;

/// That an input is a constant of a type, or absent.
Result<void> need_constant(const NodeView& view, int input, DType type) {
  if (!ir::Graph::has_input(view.node, input)) return {};
  const ir::Tensor& tensor = view.in(input);
  if (!tensor.is_constant())
    return view.unsupported("'" + tensor.name + "' is computed; it must be a constant.");
  if (tensor.type == type) return {};
  return view.bad_type("'" + tensor.name + "' is " + std::string(to_string(tensor.type)) + "; " +
                       std::string(to_string(type)) + " is needed.");
}

/// The values of a constant, or zeros when it is absent.
template <class T>
std::vector<T> values_or_zeros(const NodeView& view, int input, size_t count) {
  if (!ir::Graph::has_input(view.node, input)) return std::vector<T>(count, T{0});
  const auto values = view.in(input).values<T>();
  return {values.begin(), values.end()};
}

/// A weight tensor's one scale; its zero point must be 0.
Result<float> weight_scale(const NodeView& view, int input) {
  const ir::Tensor& weights = view.in(input);
  TADPOLE_CHECK(need_one_scale(view, weights));
  if (view.zero(weights) == 0) return view.scale(weights);
  return view.bad_type("weights '" + weights.name + "' have a zero point that is not 0.");
}

/// multiplier and shift of a product of scales taken in float, as TFLite Micro does.
Result<FixedFactor> float_factor(const NodeView& view, float real) {
  if (std::isfinite(real)) return fixed_factor(double{real});
  return view.bad_type("its scales are no usable numbers.");
}

kernels::SequenceParams sequence_of(const NodeView& view, bool time_major) {
  const ir::Shape& in = view.in().shape;
  const int32_t batches = in[time_major ? 1 : 0], steps = in[time_major ? 0 : 1];
  return {batches, steps, in[2], view.out().shape[2], time_major ? 1 : steps, time_major ? batches : 1};
}

Result<LoweredNode> copy_whole(const NodeView& view) {
  const ir::Tensor& in = view.in();
  const ir::Tensor& out = view.out();
  if (in.type != out.type || in.quantisation != out.quantisation) {
    return view.bad_type("'" + in.name + "' and '" + out.name +
                         "' differ in type or scale; a variable's value keeps both.");
  }
  kernels::CopyBlocksParams params{{1, 1, 1, 1, 1, 1}, {}, {}, 0, 0, static_cast<int32_t>(in.bytes())};
  return LoweredNode{make_call(TADPOLE_KERNEL("ref/moves.h", CopyBlocksParams, copy_blocks), params),
                     {view.node.inputs[0]}};
}

}  // namespace

Result<LoweredNode> lower_read_variable(const NodeView& view) { return copy_whole(view); }
Result<LoweredNode> lower_assign_variable(const NodeView& view) { return copy_whole(view); }

namespace {

kernels::SvdfShape svdf_shape(const NodeView& view) {
  const ir::Shape& features = view.in(1).shape;
  return {view.in().shape[0], features[1], features[0], view.in(2).shape[1],
          view.attributes<ir::SvdfAttributes>().rank};
}

LoweredNode lowered_svdf(const NodeView& view, std::shared_ptr<const KernelCall> call) {
  return {std::move(call), {view.node.inputs[0], view.node.inputs[4]}};
}

Result<LoweredNode> lower_svdf_float(const NodeView& view) {
  for (const int input : {1, 2, 3}) TADPOLE_CHECK(need_constant(view, input, DType::float32));
  const kernels::SvdfShape shape = svdf_shape(view);
  const ClampFloat clamp = clamp_float(view.attributes<ir::SvdfAttributes>().activation);
  Constants constants;
  const kernels::SvdfFloatParams params{
      shape,
      clamp.low,
      clamp.high,
      constants.keep(values_or_zeros<float>(view, 1, 0)),
      constants.keep(values_or_zeros<float>(view, 2, 0)),
      constants.keep(values_or_zeros<float>(view, 3, static_cast<size_t>(shape.filters / shape.rank)))};
  return lowered_svdf(view, make_call(TADPOLE_KERNEL("ref/svdf.h", SvdfFloatParams, svdf_float), params,
                                      std::move(constants)));
}

/// Time: the type of the state and of the time weights.
template <class Time>
Result<LoweredNode> lower_svdf_integer(const NodeView& view, DType time, const KernelName& name,
                                       void (*kernel)(const kernels::SvdfIntegerParams<Time>&, const int8_t*,
                                                      Time*, int8_t*)) {
  TADPOLE_CHECK(need_constant(view, 1, DType::int8));
  TADPOLE_CHECK(need_constant(view, 2, time));
  TADPOLE_CHECK(need_constant(view, 3, DType::int32));
  const ir::Tensor& state = view.in(4);
  TADPOLE_CHECK(need_one_scale(view, state));
  TADPOLE_TRY(const float feature_scale, weight_scale(view, 1));
  TADPOLE_TRY(const float time_scale, weight_scale(view, 2));
  // Source of the factors: TFLite Micro svdf_common.cc.
  TADPOLE_TRY(const FixedFactor to_state,
              float_factor(view, view.scale(view.in()) * feature_scale / view.scale(state)));
  TADPOLE_TRY(const FixedFactor to_out,
              float_factor(view, view.scale(state) * time_scale / view.scale(view.out())));
  const kernels::SvdfShape shape = svdf_shape(view);
  if (shape.features > 65536)
    return view.unsupported("has " + std::to_string(shape.features) +
                            " features; at most 65536 are supported.");
  Constants constants;
  const kernels::SvdfIntegerParams<Time> params{
      shape,
      view.zero(view.in()),
      view.zero(state),
      view.zero(view.out()),
      to_state.multiplier,
      to_state.shift,
      to_out.multiplier,
      to_out.shift,
      constants.keep(values_or_zeros<int8_t>(view, 1, 0)),
      constants.keep(values_or_zeros<Time>(view, 2, 0)),
      constants.keep(values_or_zeros<int32_t>(view, 3, static_cast<size_t>(shape.filters / shape.rank)))};
  return lowered_svdf(view, make_call(name, kernel, params, std::move(constants)));
}

}  // namespace

Result<LoweredNode> lower_svdf(const NodeView& view) {
  const DType state = view.in(4).type;
  if (view.all_activations(DType::float32) && state == DType::float32) return lower_svdf_float(view);
  const auto activation = view.attributes<ir::SvdfAttributes>().activation;
  if (activation != ir::Activation::none && activation != ir::Activation::relu)
    return view.unsupported("has an activation that its integer form does not know; none or relu is needed.");
  if (view.all_activations(DType::int8) && state == DType::int16)
    return lower_svdf_integer(view, state, TADPOLE_KERNEL("ref/svdf.h", SvdfInt16Params, svdf_int16));
  if (view.all_activations(DType::int8) && state == DType::int8)
    return lower_svdf_integer(view, state, TADPOLE_KERNEL("ref/svdf.h", SvdfInt8Params, svdf_int8));
  return wrong_types(view, "float32 with a state of float32, or int8 with a state of int8 or int16");
}

namespace {

constexpr int kGates = 4;
/// Where TFLite has a gate's weights among its inputs: the kernel's gates are forget, input, cell, output.
constexpr int kGateOffset[kGates] = {1, 0, 2, 3};
constexpr int kInWeights = 1, kHiddenWeights = 5, kPeepholes = 9, kBias = 12, kProjection = 16, kHidden = 18,
              kCell = 19, kLayerNorms = 20;

/// What an LSTM has beyond four gates, named; "" for the plain one.
std::string beyond_plain(const NodeView& view) {
  std::string what;
  const auto add = [&](int input, const char* name) {
    if (ir::Graph::has_input(view.node, input)) what += (what.empty() ? "" : ", ") + std::string(name);
  };
  if (!ir::Graph::has_input(view.node, kInWeights)) what = "a coupled input and forget gate";
  add(kPeepholes + 1, "peepholes");
  add(kProjection, "a projection");
  add(kLayerNorms + 1, "layer normalisation");
  return what;
}

/// The four gates' tensors one after the other.
template <class T>
std::vector<T> gates_of(const NodeView& view, int first, size_t count) {
  std::vector<T> joined;
  for (const int gate : kGateOffset) {
    const std::vector<T> values = values_or_zeros<T>(view, first + gate, count);
    joined.insert(joined.end(), values.begin(), values.end());
  }
  return joined;
}

LoweredNode lowered_lstm(const NodeView& view, std::shared_ptr<const KernelCall> call, int64_t unit_bytes) {
  return {std::move(call),
          {view.node.inputs[0], view.node.inputs[kHidden], view.node.inputs[kCell]},
          int64_t{kGates} * view.out().shape[2] * unit_bytes};
}

Result<LoweredNode> lower_lstm_float(const NodeView& view) {
  for (int gate = 0; gate < kGates; ++gate) {
    for (const int first : {kInWeights, kHiddenWeights, kBias})
      TADPOLE_CHECK(need_constant(view, first + gate, DType::float32));
  }
  const auto& attributes = view.attributes<ir::LstmAttributes>();
  Constants constants;
  const kernels::LstmFloatParams params{sequence_of(view, attributes.time_major), attributes.cell_clip,
                                        constants.keep(gates_of<float>(view, kInWeights, 0)),
                                        constants.keep(gates_of<float>(view, kHiddenWeights, 0)),
                                        constants.keep(gates_of<float>(view, kBias, 0))};
  return lowered_lstm(
      view,
      make_call(TADPOLE_KERNEL("ref/lstm.h", LstmFloatParams, lstm_float), params, std::move(constants)),
      sizeof(float));
}

/// Inputs first + offset of each gate that is there, joined; one 0 when `wanted` is false.
std::vector<float> joined(const NodeView& view, bool wanted, int first, std::initializer_list<int> offsets,
                          bool coupled) {
  if (!wanted) return {0};
  std::vector<float> all;
  for (const int offset : offsets) {
    if (coupled && offset == 0) continue;
    const auto values = view.in(first + offset).values<float>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

/// Peepholes, coupled gates, layer normalisation, projection. The kernel's gates are forget, candidate,
/// output, input; TFLite's are input, forget, candidate, output.
Result<LoweredNode> lower_lstm_full_float(const NodeView& view) {
  const auto& attributes = view.attributes<ir::LstmAttributes>();
  const auto has = [&](int input) { return ir::Graph::has_input(view.node, input); };
  const bool coupled = !has(kInWeights), peepholes = has(kPeepholes + 1), normalised = has(kLayerNorms + 1),
             projected = has(kProjection);
  for (int input = kInWeights; input < kLayerNorms + kGates; ++input) {
    if (input != kHidden && input != kCell) TADPOLE_CHECK(need_constant(view, input, DType::float32));
  }
  const auto need = [&](bool wanted, int first, int count, const char* what) -> Result<void> {
    for (int i = coupled ? 1 : 0; i < count; ++i) {
      if (wanted == has(first + i)) continue;
      return view.unsupported("has " + std::string(what) +
                              " for some of its gates only; all or none are needed.");
    }
    return {};
  };
  TADPOLE_CHECK(need(peepholes, kPeepholes, 3, "peepholes"));
  TADPOLE_CHECK(need(normalised, kLayerNorms, kGates, "layer normalisation"));
  TADPOLE_CHECK(need(true, kBias, kGates, "biases"));
  TADPOLE_CHECK(need(true, kInWeights, kGates, "weights"));
  TADPOLE_CHECK(need(true, kHiddenWeights, kGates, "recurrent weights"));
  const int32_t cells = view.in(kInWeights + 1).shape[0];
  Constants constants;
  const auto keep = [&](bool wanted, int first, std::initializer_list<int> offsets) {
    return constants.keep(joined(view, wanted, first, offsets, coupled));
  };
  kernels::LstmFullFloatParams params{};
  params.sequence = sequence_of(view, attributes.time_major);
  params.cells = cells;
  params.coupled = coupled;
  params.peepholes = peepholes;
  params.normalised = normalised;
  params.projected = projected;
  params.cell_clip = attributes.cell_clip;
  params.projection_clip = attributes.projection_clip;
  params.in_weights = keep(true, kInWeights, {1, 2, 3, 0});
  params.hidden_weights = keep(true, kHiddenWeights, {1, 2, 3, 0});
  params.bias = keep(true, kBias, {1, 2, 3, 0});
  params.peephole_weights = keep(peepholes, kPeepholes, {1, 2, 0});
  params.normalisation = keep(normalised, kLayerNorms, {1, 2, 3, 0});
  params.projection_weights =
      constants.keep(projected ? values_or_zeros<float>(view, kProjection, 0) : std::vector<float>{0});
  params.projection_bias = constants.keep(values_or_zeros<float>(
      view, kProjection + 1, projected ? static_cast<size_t>(params.sequence.units) : 1));
  return LoweredNode{make_call(TADPOLE_KERNEL("ref/lstm_full.h", LstmFullFloatParams, lstm_full_float),
                               params, std::move(constants)),
                     {view.node.inputs[0], view.node.inputs[kHidden], view.node.inputs[kCell]},
                     int64_t{kGates} * cells * static_cast<int64_t>(sizeof(float))};
}

/// bias - zero * (sum of each row): what a layer adds to its plain products.
Result<std::vector<int32_t>> folded(const NodeView& view, const std::vector<int8_t>& weights, size_t row,
                                    const std::vector<int32_t>& bias, int32_t zero) {
  std::vector<int32_t> result;
  for (size_t unit = 0; unit < bias.size(); ++unit) {
    int64_t sum = 0, sizes = 0;
    for (size_t i = 0; i < row; ++i) {
      sum += weights[unit * row + i];
      sizes += std::abs(int{weights[unit * row + i]});
    }
    const int64_t value = bias[unit] - zero * sum;
    if (std::abs(value) + 128 * sizes > INT32_MAX)
      return view.bad_type("a gate's sum can leave 32 bits. Quantise the model again.");
    result.push_back(static_cast<int32_t>(value));
  }
  return result;
}

/// What the states of an int8 LSTM must be; gives log2 of the cell's scale.
Result<int> check_lstm_states(const NodeView& view) {
  const ir::Tensor& hidden = view.in(kHidden);
  const ir::Tensor& cell = view.in(kCell);
  if (hidden.type != DType::int8 || cell.type != DType::int16)
    return view.bad_type("its states are " + std::string(to_string(hidden.type)) + " and " +
                         std::string(to_string(cell.type)) + "; int8 and int16 are needed.");
  TADPOLE_CHECK(need_one_scale(view, hidden));
  TADPOLE_CHECK(need_one_scale(view, cell));
  if (hidden.quantisation != view.out().quantisation)
    return view.bad_type("its output state has another scale or zero point than its output.");
  const float log2 = std::log2(view.scale(cell));
  const int power = static_cast<int>(std::round(log2));
  if (std::abs(log2 - static_cast<float>(power)) > 1e-3f || power < -43 || power > 2) {
    return view.bad_type("its cell state has scale " + std::to_string(view.scale(cell)) +
                         "; a power of two from 2^-43 to 4 is needed.");
  }
  return power;
}

Result<LoweredNode> lower_lstm_int8(const NodeView& view) {
  for (int gate = 0; gate < kGates; ++gate) {
    TADPOLE_CHECK(need_constant(view, kInWeights + gate, DType::int8));
    TADPOLE_CHECK(need_constant(view, kHiddenWeights + gate, DType::int8));
    TADPOLE_CHECK(need_constant(view, kBias + gate, DType::int32));
  }
  TADPOLE_TRY(const int cell_power, check_lstm_states(view));
  const auto& attributes = view.attributes<ir::LstmAttributes>();
  const float hidden_scale = view.scale(view.in(kHidden));
  const double cell_scale = view.scale(view.in(kCell));
  kernels::LstmInt8Params params{};
  params.sequence = sequence_of(view, attributes.time_major);
  // Source of the factors: TFLite Micro lstm_eval_common.cc; gate sums are in steps of 2^-12, gates of 2^-15.
  for (int gate = 0; gate < kGates; ++gate) {
    TADPOLE_TRY(const float in_weight_scale, weight_scale(view, kInWeights + kGateOffset[gate]));
    TADPOLE_TRY(const float hidden_weight_scale, weight_scale(view, kHiddenWeights + kGateOffset[gate]));
    TADPOLE_TRY(const FixedFactor from_in,
                float_factor(view, view.scale(view.in()) * in_weight_scale * 4096));
    TADPOLE_TRY(const FixedFactor from_hidden, float_factor(view, hidden_scale * hidden_weight_scale * 4096));
    params.in_multiplier[gate] = from_in.multiplier;
    params.in_shift[gate] = from_in.shift;
    params.hidden_multiplier[gate] = from_hidden.multiplier;
    params.hidden_shift[gate] = from_hidden.shift;
  }
  const double gate_scale = 1.0 / 32768;
  const FixedFactor forget = fixed_factor(gate_scale * cell_scale / cell_scale);
  const FixedFactor input = fixed_factor(gate_scale * gate_scale / cell_scale);
  const FixedFactor output = fixed_factor(gate_scale * gate_scale / double{hidden_scale});
  params.forget_multiplier = forget.multiplier;
  params.forget_shift = forget.shift;
  params.input_multiplier = input.multiplier;
  params.input_shift = input.shift;
  params.output_multiplier = output.multiplier;
  params.output_shift = output.shift;
  params.hidden_zero = view.zero(view.in(kHidden));
  params.cell_to_table = cell_power >= -12 ? 3 << (12 + cell_power) : 3;
  params.cell_to_table_shift = cell_power >= -12 ? 0 : -12 - cell_power;
  if (attributes.cell_clip > 0)
    params.cell_clip = static_cast<int32_t>(std::min(double{attributes.cell_clip} / cell_scale, 32767.0));

  const auto units = static_cast<size_t>(params.sequence.units);
  const auto features = static_cast<size_t>(params.sequence.features);
  std::vector<int8_t> in_weights = gates_of<int8_t>(view, kInWeights, 0);
  std::vector<int8_t> hidden_weights = gates_of<int8_t>(view, kHiddenWeights, 0);
  TADPOLE_TRY(
      std::vector<int32_t> in_bias,
      folded(view, in_weights, features, gates_of<int32_t>(view, kBias, units), view.zero(view.in())));
  TADPOLE_TRY(
      std::vector<int32_t> hidden_bias,
      folded(view, hidden_weights, units, std::vector<int32_t>(kGates * units, 0), params.hidden_zero));
  Constants constants;
  params.in_weights = constants.keep(std::move(in_weights));
  params.hidden_weights = constants.keep(std::move(hidden_weights));
  params.in_bias = constants.keep(std::move(in_bias));
  params.hidden_bias = constants.keep(std::move(hidden_bias));
  return lowered_lstm(
      view, make_call(TADPOLE_KERNEL("ref/lstm.h", LstmInt8Params, lstm_int8), params, std::move(constants)),
      sizeof(int16_t));
}

}  // namespace

Result<LoweredNode> lower_unidirectional_sequence_lstm(const NodeView& view) {
  const std::string beyond = beyond_plain(view);
  if (view.all_activations(DType::int8)) {
    if (beyond.empty()) return lower_lstm_int8(view);
    return view.unsupported("has " + beyond +
                            "; in int8 only the plain LSTM of four gates is supported, as in TFLite Micro. "
                            "Train it without, or use the float model.");
  }
  const bool states_are_float =
      view.in(kHidden).type == DType::float32 && view.in(kCell).type == DType::float32;
  if (view.all_activations(DType::float32) && states_are_float)
    return beyond.empty() ? lower_lstm_float(view) : lower_lstm_full_float(view);
  return wrong_types(view, "float32 with states of float32, or int8 with states of int8 and int16");
}

Result<LoweredNode> lower_gru(const NodeView& view) {
  const bool has_state = ir::Graph::has_input(view.node, 5);
  if (!view.all_activations(DType::float32) || (has_state && view.in(5).type != DType::float32))
    return wrong_types(view, "float32, with a state of float32");
  for (const int input : {1, 2, 3, 4}) TADPOLE_CHECK(need_constant(view, input, DType::float32));
  const auto& attributes = view.attributes<ir::GruAttributes>();
  const kernels::SequenceParams sequence = sequence_of(view, attributes.time_major);
  const auto biases = static_cast<size_t>(3 * sequence.units);
  Constants constants;
  const kernels::GruFloatParams params{sequence,
                                       attributes.linear_before_reset ? 1 : 0,
                                       constants.keep(values_or_zeros<float>(view, 1, 0)),
                                       constants.keep(values_or_zeros<float>(view, 2, 0)),
                                       constants.keep(values_or_zeros<float>(view, 3, biases)),
                                       constants.keep(values_or_zeros<float>(view, 4, biases))};
  const int64_t row_bytes = int64_t{sequence.units} * 4;
  if (has_state) {
    return LoweredNode{
        make_call(TADPOLE_KERNEL("ref/lstm.h", GruFloatParams, gru_float), params, std::move(constants)),
        {view.node.inputs[0], view.node.inputs[5]},
        4 * row_bytes};
  }
  return LoweredNode{make_call(TADPOLE_KERNEL("ref/lstm.h", GruFloatParams, gru_stateless_float), params,
                               std::move(constants)),
                     {view.node.inputs[0]},
                     (4 + int64_t{sequence.batches}) * row_bytes};
}

}  // namespace tadpole::plan
