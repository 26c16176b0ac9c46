#include "project/learning_data.h"

#include <algorithm>

namespace tadpole::project {

quantise::CalibrationSet calibration_of(const Prepared& prepared, int wanted) {
  std::vector<int> side = prepared.data().indices(samples::Side::train);
  std::erase_if(side, [&](int sample) { return !prepared.goal->learns_from(sample); });
  const int count = std::min(wanted, static_cast<int>(side.size()));
  return {count, [&prepared, side, count](int index) {
            const size_t at = static_cast<size_t>(index) * side.size() / static_cast<size_t>(count);
            const std::span<const int16_t> features = prepared.features.plain_row(side[at]);
            std::vector<float> values(features.size());
            to_floats(features, prepared.block.scale(), values);
            return values;
          }};
}

}  // namespace tadpole::project
