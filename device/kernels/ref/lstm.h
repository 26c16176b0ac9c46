// Recurrent layers: LSTM in int8 with a 16-bit cell state and in float, GRU in float. Their states are
// variables, read and written in place.
#ifndef TADPOLE_DEVICE_KERNELS_REF_LSTM_H_
#define TADPOLE_DEVICE_KERNELS_REF_LSTM_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// What all recurrent layers share. Element (batch, time) of in starts at batch * batch_stride + time *
/// time_stride, both in steps: rows of `features` (in) or `units` (out) values.
struct SequenceParams {
  int32_t batches, steps, features, units;
  int32_t batch_stride, time_stride;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("batches", self.batches);
    visitor.number("steps", self.steps);
    visitor.number("features", self.features);
    visitor.number("units", self.units);
    visitor.number("batch_stride", self.batch_stride);
    visitor.number("time_stride", self.time_stride);
  }
};

/// Gates in the order forget, input, cell, output. The zero points of in and hidden are folded into the
/// biases. Gate sums are in steps of 2^-12, gates of 2^-15. cell = cell * forget + input * candidate, hidden
/// = tanh(cell) * output. Source: TFLite Micro lstm_eval.h (8x8_16), lstm_eval_common.cc.
struct LstmInt8Params {
  SequenceParams sequence;
  int32_t in_multiplier[4], in_shift[4];
  int32_t hidden_multiplier[4], hidden_shift[4];
  int32_t forget_multiplier, forget_shift;  // forget * cell to the cell's scale
  int32_t input_multiplier, input_shift;    // input * candidate to the cell's scale
  int32_t output_multiplier, output_shift;  // tanh(cell) * output to the hidden state's scale
  int32_t hidden_zero;
  int32_t cell_to_table;         // factor of a cell to steps of 1 / (3 * 4096) ...
  int32_t cell_to_table_shift;   // ... and the rounding shift after it
  int32_t cell_clip;             // 0: none
  const int8_t* in_weights;      // [4, units, features]
  const int8_t* hidden_weights;  // [4, units, units]
  const int32_t* in_bias;        // [4, units]
  const int32_t* hidden_bias;    // [4, units]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const size_t units = static_cast<size_t>(self.sequence.units);
    const size_t features = static_cast<size_t>(self.sequence.features);
    visitor.group("sequence", self.sequence);
    visitor.numbers("in_multiplier", self.in_multiplier);
    visitor.numbers("in_shift", self.in_shift);
    visitor.numbers("hidden_multiplier", self.hidden_multiplier);
    visitor.numbers("hidden_shift", self.hidden_shift);
    visitor.number("forget_multiplier", self.forget_multiplier);
    visitor.number("forget_shift", self.forget_shift);
    visitor.number("input_multiplier", self.input_multiplier);
    visitor.number("input_shift", self.input_shift);
    visitor.number("output_multiplier", self.output_multiplier);
    visitor.number("output_shift", self.output_shift);
    visitor.number("hidden_zero", self.hidden_zero);
    visitor.number("cell_to_table", self.cell_to_table);
    visitor.number("cell_to_table_shift", self.cell_to_table_shift);
    visitor.number("cell_clip", self.cell_clip);
    visitor.array("in_weights", self.in_weights, 4 * units * features);
    visitor.array("hidden_weights", self.hidden_weights, 4 * units * units);
    visitor.array("in_bias", self.in_bias, 4 * units);
    visitor.array("hidden_bias", self.hidden_bias, 4 * units);
  }
};

/// The same in float; gates in the same order.
struct LstmFloatParams {
  SequenceParams sequence;
  float cell_clip;              // 0: none
  const float* in_weights;      // [4, units, features]
  const float* hidden_weights;  // [4, units, units]
  const float* bias;            // [4, units]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const size_t units = static_cast<size_t>(self.sequence.units);
    const size_t features = static_cast<size_t>(self.sequence.features);
    visitor.group("sequence", self.sequence);
    visitor.number("cell_clip", self.cell_clip);
    visitor.array("in_weights", self.in_weights, 4 * units * features);
    visitor.array("hidden_weights", self.hidden_weights, 4 * units * units);
    visitor.array("bias", self.bias, 4 * units);
  }
};

/// Gates in the order update z, reset r, new n. h = (1 - z) * n + z * h, where n = tanh(W x + b + r * (R h +
/// c)) when linear_before_reset is 1, and tanh(W x + b + R (r * h) + c) when it is 0. Source: ONNX operator
/// GRU.
struct GruFloatParams {
  SequenceParams sequence;
  int32_t linear_before_reset;
  const float* in_weights;      // [3, units, features]
  const float* hidden_weights;  // [3, units, units]
  const float* in_bias;         // [3, units]
  const float* hidden_bias;     // [3, units]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const size_t units = static_cast<size_t>(self.sequence.units);
    const size_t features = static_cast<size_t>(self.sequence.features);
    visitor.group("sequence", self.sequence);
    visitor.number("linear_before_reset", self.linear_before_reset);
    visitor.array("in_weights", self.in_weights, 3 * units * features);
    visitor.array("hidden_weights", self.hidden_weights, 3 * units * units);
    visitor.array("in_bias", self.in_bias, 3 * units);
    visitor.array("hidden_bias", self.hidden_bias, 3 * units);
  }
};

/// in [batches, steps, features] or [steps, batches, features]; hidden, cell [batches, units]; out as in with
/// `units` values; scratch [4, units].
void lstm_int8(const LstmInt8Params& params, const int8_t* in, int8_t* hidden, int16_t* cell, int8_t* out,
               int16_t* scratch);
void lstm_float(const LstmFloatParams& params, const float* in, float* hidden, float* cell, float* out,
                float* scratch);
/// scratch [4, units].
void gru_float(const GruFloatParams& params, const float* in, float* hidden, float* out, float* scratch);
/// Every call starts from 0. scratch [4 + batches, units].
void gru_stateless_float(const GruFloatParams& params, const float* in, float* out, float* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_LSTM_H_
