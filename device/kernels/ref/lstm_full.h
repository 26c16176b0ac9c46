// The LSTM in float with everything that TFLite knows: peepholes, a coupled input gate, layer normalisation,
// a projection. lstm.h has the plain one.
#ifndef TADPOLE_DEVICE_KERNELS_REF_LSTM_FULL_H_
#define TADPOLE_DEVICE_KERNELS_REF_LSTM_FULL_H_

#include "device/kernels/ref/lstm.h"

namespace tadpole {
namespace kernels {

/// sequence.units are those of the output and the hidden state: `cells`, unless there is a projection. Gates
/// in the order forget, candidate, output, input; a coupled input gate, 1 - forget, has no weights. Arrays
/// that a flag leaves out hold one number. Peepholes see the cell state before it changes, that of the output
/// gate after. Source: TFLite reference lstm_eval.cc, LstmStepFloat.
struct LstmFullFloatParams {
  SequenceParams sequence;
  int32_t cells;
  int32_t coupled, peepholes, normalised, projected;  // flags
  float cell_clip, projection_clip;                   // 0: none
  const float* in_weights;                            // [gates, cells, features]
  const float* hidden_weights;                        // [gates, cells, units]
  const float* bias;                                  // [gates, cells]
  const float* peephole_weights;                      // [forget, output, input; cells]
  const float* normalisation;                         // [gates, cells]
  const float* projection_weights;                    // [units, cells]
  const float* projection_bias;                       // [units]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const size_t units = static_cast<size_t>(self.sequence.units);
    const size_t features = static_cast<size_t>(self.sequence.features);
    const size_t cells = static_cast<size_t>(self.cells);
    const size_t gates = self.coupled ? 3 : 4;
    visitor.group("sequence", self.sequence);
    visitor.number("cells", self.cells);
    visitor.number("coupled", self.coupled);
    visitor.number("peepholes", self.peepholes);
    visitor.number("normalised", self.normalised);
    visitor.number("projected", self.projected);
    visitor.number("cell_clip", self.cell_clip);
    visitor.number("projection_clip", self.projection_clip);
    visitor.array("in_weights", self.in_weights, gates * cells * features);
    visitor.array("hidden_weights", self.hidden_weights, gates * cells * units);
    visitor.array("bias", self.bias, gates * cells);
    visitor.array("peephole_weights", self.peephole_weights, self.peepholes ? (gates - 1) * cells : 1);
    visitor.array("normalisation", self.normalisation, self.normalised ? gates * cells : 1);
    visitor.array("projection_weights", self.projection_weights, self.projected ? units * cells : 1);
    visitor.array("projection_bias", self.projection_bias, self.projected ? units : 1);
  }
};

/// in, hidden, out as in lstm.h; cell [batches, cells]; scratch [4, cells].
void lstm_full_float(const LstmFullFloatParams& params, const float* in, float* hidden, float* cell,
                     float* out, float* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_LSTM_FULL_H_
