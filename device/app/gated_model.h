// A classifier behind an anomaly gate: what resembles nothing that was learnt gets no label, and costs no
// inference. anomaly_gate.h judges the features themselves; anomaly.h judges how an autoencoder repeats them.
#ifndef TADPOLE_DEVICE_APP_GATED_MODEL_H_
#define TADPOLE_DEVICE_APP_GATED_MODEL_H_

#include <stdint.h>

#include "device/app/anomaly_gate.h"

namespace tadpole {
namespace app {

/// The gate must be valid; its width is at most the model's input. The functions are a model.h's.
struct GatedModel {
  const AnomalyGate* gate;
  uint8_t* (*input)();         // int8 features, of which the gate sees the first ones
  const uint8_t* (*output)();  // int8 scores
  int32_t labels;              // scores in the output, at least 1
  void (*invoke)();
};

struct GatedAnswer {
  GateAnswer gate;
  int32_t label;  // the best, the first of equals; kUnknownLabel when the gate did not let the input in
  int8_t score;   // of the label; -128 without
};
constexpr int32_t kUnknownLabel = -1;

/// Judges what stands in the model's input and runs the model only when it is nothing strange.
GatedAnswer classify(const GatedModel& model);

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_GATED_MODEL_H_
