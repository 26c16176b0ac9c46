// One step of a recurrent layer after the other.
#include "device/kernels/ref/lstm.h"

#include <string.h>

#include "device/kernels/fixed_point.h"
#include "device/kernels/float_functions.h"
#include "device/kernels/ref/recurrent.h"
#include "device/kernels/sigmoid_table.h"

namespace tadpole {
namespace kernels {

namespace {

enum Gate : int32_t { kForget, kInput, kCandidate, kOutput };

int32_t saturated(int32_t value) {
  return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
}

/// Both dense layers are held to 16 bits before they are added, as in TFLite Micro.
int32_t gate_sum(const LstmInt8Params& params, int32_t gate, int32_t unit, const int8_t* in,
                 const int8_t* hidden) {
  const int32_t features = params.sequence.features, units = params.sequence.units;
  const ptrdiff_t row = ptrdiff_t(gate) * units + unit;
  const int32_t from_in =
      params.in_bias[row] + dot<int32_t>(params.in_weights + row * features, in, features);
  const int32_t from_hidden =
      params.hidden_bias[row] + dot<int32_t>(params.hidden_weights + row * units, hidden, units);
  const int32_t scaled_in =
      multiply_by_quantized_multiplier(from_in, params.in_multiplier[gate], params.in_shift[gate]);
  const int32_t scaled_hidden = multiply_by_quantized_multiplier(from_hidden, params.hidden_multiplier[gate],
                                                                 params.hidden_shift[gate]);
  return saturated(saturated(scaled_in) + saturated(scaled_hidden));
}

int32_t product(int32_t a, int32_t b, int32_t multiplier, int32_t shift) {
  return multiply_by_quantized_multiplier(a * b, multiplier, shift);
}

int16_t updated_cell(const LstmInt8Params& params, int16_t cell, const int16_t* gates, int32_t units) {
  const int32_t kept =
      saturated(product(gates[kForget * units], cell, params.forget_multiplier, params.forget_shift));
  const int32_t added = saturated(
      product(gates[kInput * units], gates[kCandidate * units], params.input_multiplier, params.input_shift));
  const int32_t sum = saturated(kept + added);
  if (params.cell_clip == 0) return static_cast<int16_t>(sum);
  return static_cast<int16_t>(sum > params.cell_clip    ? params.cell_clip
                              : sum < -params.cell_clip ? -params.cell_clip
                                                        : sum);
}

/// W x + b of one gate.
float from_in(const GruFloatParams& params, int32_t gate, int32_t unit, const float* in) {
  const ptrdiff_t row = ptrdiff_t(gate) * params.sequence.units + unit;
  const int32_t features = params.sequence.features;
  return params.in_bias[row] + dot<float>(params.in_weights + row * features, in, features);
}

float from_hidden(const GruFloatParams& params, int32_t gate, int32_t unit, const float* hidden) {
  const int32_t units = params.sequence.units;
  const ptrdiff_t row = ptrdiff_t(gate) * units + unit;
  return params.hidden_bias[row] + dot<float>(params.hidden_weights + row * units, hidden, units);
}

}  // namespace

void lstm_int8(const LstmInt8Params& params, const int8_t* in, int8_t* hidden, int16_t* cell, int8_t* out,
               int16_t* gates) {
  const int32_t units = params.sequence.units;
  const int32_t half = params.cell_to_table_shift > 0 ? 1 << (params.cell_to_table_shift - 1) : 0;
  for_each_step(params.sequence, [&](int32_t batch, ptrdiff_t row) {
    int8_t* h = hidden + ptrdiff_t(batch) * units;
    int16_t* c = cell + ptrdiff_t(batch) * units;
    for (int32_t gate = 0; gate < 4; ++gate) {
      for (int32_t unit = 0; unit < units; ++unit) {
        // 2^-12 is three steps of the table.
        const int32_t steps = 3 * gate_sum(params, gate, unit, in + row * params.sequence.features, h);
        gates[gate * units + unit] = gate == kCandidate ? tanh_of_table(steps) : logistic_of_table(steps);
      }
    }
    for (int32_t unit = 0; unit < units; ++unit) {
      c[unit] = updated_cell(params, c[unit], gates + unit, units);
      const int32_t steps = (c[unit] * params.cell_to_table + half) >> params.cell_to_table_shift;
      const int32_t scaled = product(tanh_of_table(steps), gates[kOutput * units + unit],
                                     params.output_multiplier, params.output_shift);
      h[unit] = add_zero_and_clamp(scaled, params.hidden_zero, INT8_MIN, INT8_MAX);
    }
    memcpy(out + row * units, h, static_cast<size_t>(units));
  });
}

void lstm_float(const LstmFloatParams& params, const float* in, float* hidden, float* cell, float* out,
                float* gates) {
  const int32_t units = params.sequence.units, features = params.sequence.features;
  for_each_step(params.sequence, [&](int32_t batch, ptrdiff_t row) {
    float* h = hidden + ptrdiff_t(batch) * units;
    float* c = cell + ptrdiff_t(batch) * units;
    for (int32_t gate = 0; gate < 4; ++gate) {
      for (int32_t unit = 0; unit < units; ++unit) {
        const ptrdiff_t at = ptrdiff_t(gate) * units + unit;
        const float sum = params.bias[at] +
                          dot<float>(params.in_weights + at * features, in + row * features, features) +
                          dot<float>(params.hidden_weights + at * units, h, units);
        gates[at] = gate == kCandidate ? hyperbolic_tangent(sum) : logistic(sum);
      }
    }
    for (int32_t unit = 0; unit < units; ++unit) {
      const float* gate = gates + unit;
      c[unit] = clipped(gate[kForget * units] * c[unit] + gate[kInput * units] * gate[kCandidate * units],
                        params.cell_clip);
      h[unit] = gate[kOutput * units] * hyperbolic_tangent(c[unit]);
    }
    memcpy(out + row * units, h, static_cast<size_t>(units) * sizeof(float));
  });
}

void gru_float(const GruFloatParams& params, const float* in, float* hidden, float* out, float* scratch) {
  const int32_t units = params.sequence.units;
  float* update = scratch;
  float* reset = scratch + units;
  float* fresh = scratch + 2 * units;
  float* state = scratch + 3 * units;  // what R is multiplied with for n
  for_each_step(params.sequence, [&](int32_t batch, ptrdiff_t row) {
    float* h = hidden + ptrdiff_t(batch) * units;
    const float* x = in + row * params.sequence.features;
    for (int32_t unit = 0; unit < units; ++unit) {
      update[unit] = logistic(from_in(params, 0, unit, x) + from_hidden(params, 0, unit, h));
      reset[unit] = logistic(from_in(params, 1, unit, x) + from_hidden(params, 1, unit, h));
    }
    for (int32_t unit = 0; unit < units; ++unit)
      state[unit] = params.linear_before_reset ? h[unit] : reset[unit] * h[unit];
    for (int32_t unit = 0; unit < units; ++unit) {
      const float recurrent = from_hidden(params, 2, unit, state);
      const float gated = params.linear_before_reset ? reset[unit] * recurrent : recurrent;
      fresh[unit] = hyperbolic_tangent(from_in(params, 2, unit, x) + gated);
    }
    for (int32_t unit = 0; unit < units; ++unit)
      h[unit] = (1.0f - update[unit]) * fresh[unit] + update[unit] * h[unit];
    memcpy(out + row * units, h, static_cast<size_t>(units) * sizeof(float));
  });
}

void gru_stateless_float(const GruFloatParams& params, const float* in, float* out, float* scratch) {
  float* hidden = scratch + ptrdiff_t(4) * params.sequence.units;
  const int32_t count = params.sequence.batches * params.sequence.units;
  for (int32_t i = 0; i < count; ++i) hidden[i] = 0;
  gru_float(params, in, hidden, out, scratch);
}

}  // namespace kernels
}  // namespace tadpole
