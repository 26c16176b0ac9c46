#include "device/app/gated_model.h"

namespace tadpole {
namespace app {

GatedAnswer classify(const GatedModel& model) {
  const int8_t* const features = reinterpret_cast<const int8_t*>(model.input());
  GatedAnswer answer = {judge(*model.gate, features), kUnknownLabel, -128};
  if (answer.gate.anomaly) return answer;
  model.invoke();
  const int8_t* const scores = reinterpret_cast<const int8_t*>(model.output());
  answer.label = 0;
  for (int32_t i = 1; i < model.labels; ++i)
    if (scores[i] > scores[answer.label]) answer.label = i;
  answer.score = scores[answer.label];
  return answer;
}

}  // namespace app
}  // namespace tadpole
