// One step after the other; the output gate comes when the cell state is new.
#include "device/kernels/ref/lstm_full.h"

#include <string.h>

#include "device/kernels/float_functions.h"
#include "device/kernels/ref/recurrent.h"

namespace tadpole {
namespace kernels {

namespace {

enum Gate : int32_t { kForget, kCandidate, kOutput, kInput };

/// Mean 0, variance 1. Source: TFLite reference portable_tensor_utils.cc, MeanStddevNormalization.
void normalise(float* values, int32_t count) {
  float sum = 0, squares = 0;
  for (int32_t i = 0; i < count; ++i) sum += values[i];
  const float mean = sum / static_cast<float>(count);
  for (int32_t i = 0; i < count; ++i) squares += (values[i] - mean) * (values[i] - mean);
  const float scale = inverse_square_root(squares / static_cast<float>(count) + 1e-8f);
  for (int32_t i = 0; i < count; ++i) values[i] = (values[i] - mean) * scale;
}

/// The gate's values of all cells.
void open_gate(const LstmFullFloatParams& params, Gate gate, const float* in, const float* hidden,
               const float* cell, float* values) {
  const int32_t cells = params.cells, features = params.sequence.features, units = params.sequence.units;
  const float* peephole = nullptr;
  if (params.peepholes && gate != kCandidate)
    peephole = params.peephole_weights + ptrdiff_t(gate == kForget ? 0 : gate - 1) * cells;
  const ptrdiff_t first = ptrdiff_t(gate) * cells;
  for (int32_t unit = 0; unit < cells; ++unit) {
    const ptrdiff_t row = first + unit;
    values[unit] = params.normalised ? 0 : params.bias[row];
    values[unit] += dot<float>(params.in_weights + row * features, in, features) +
                    dot<float>(params.hidden_weights + row * units, hidden, units);
    if (peephole) values[unit] += peephole[unit] * cell[unit];
  }
  if (params.normalised) {
    normalise(values, cells);
    for (int32_t unit = 0; unit < cells; ++unit)
      values[unit] = values[unit] * params.normalisation[first + unit] + params.bias[first + unit];
  }
  for (int32_t unit = 0; unit < cells; ++unit)
    values[unit] = gate == kCandidate ? hyperbolic_tangent(values[unit]) : logistic(values[unit]);
}

}  // namespace

void lstm_full_float(const LstmFullFloatParams& params, const float* in, float* hidden, float* cell,
                     float* out, float* scratch) {
  const int32_t cells = params.cells, units = params.sequence.units;
  float* gates[4];
  for (int32_t gate = 0; gate < 4; ++gate) gates[gate] = scratch + ptrdiff_t(gate) * cells;
  for_each_step(params.sequence, [&](int32_t batch, ptrdiff_t row) {
    const float* x = in + row * params.sequence.features;
    float* h = hidden + ptrdiff_t(batch) * units;
    float* c = cell + ptrdiff_t(batch) * cells;
    open_gate(params, kForget, x, h, c, gates[kForget]);
    open_gate(params, kCandidate, x, h, c, gates[kCandidate]);
    if (!params.coupled) open_gate(params, kInput, x, h, c, gates[kInput]);
    for (int32_t unit = 0; unit < cells; ++unit) {
      const float forget = gates[kForget][unit];
      const float input = params.coupled ? 1.0f - forget : gates[kInput][unit];
      c[unit] = clipped(forget * c[unit] + input * gates[kCandidate][unit], params.cell_clip);
    }
    open_gate(params, kOutput, x, h, c, gates[kOutput]);
    float* answer = gates[kOutput];
    for (int32_t unit = 0; unit < cells; ++unit) answer[unit] *= hyperbolic_tangent(c[unit]);
    for (int32_t unit = 0; params.projected && unit < units; ++unit) {
      const float sum = params.projection_bias[unit] +
                        dot<float>(params.projection_weights + ptrdiff_t(unit) * cells, answer, cells);
      h[unit] = clipped(sum, params.projection_clip);
    }
    if (!params.projected) memcpy(h, answer, static_cast<size_t>(units) * sizeof(float));
    memcpy(out + row * units, h, static_cast<size_t>(units) * sizeof(float));
  });
}

}  // namespace kernels
}  // namespace tadpole
