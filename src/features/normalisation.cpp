#include "features/normalisation.h"

#include <cmath>

#include "features/feature_block.h"

namespace tadpole::features {

Result<void> fit_normalisation(FeatureConfig& config, std::span<const samples::Signal* const> signals) {
  TADPOLE_TRY(const SignalKind kind, kind_of_block(config.block));
  const bool open = config.normalise == "data" && config.centre.empty() && config.spread.empty();
  if (kind != SignalKind::series || !open || signals.empty()) return {};
  TADPOLE_TRY(const FeatureBlock block, FeatureBlock::create(config));
  const auto [height, width, channels] = block.shape();
  const size_t columns = static_cast<size_t>(width) * static_cast<size_t>(channels);
  std::vector<double> sum(columns), squares(columns);
  for (int pass = 0; pass < 2; ++pass) {  // the mean first: squares of large numbers lose digits
    double rows = 0;
    for (const samples::Signal* signal : signals) {
      TADPOLE_CHECK(block.accepts(*signal));
      const std::vector<float> values = block.extract_reference(*signal);
      for (size_t i = 0; i < values.size(); ++i) {
        const double value = static_cast<double>(values[i]);
        if (pass == 0)
          sum[i % columns] += value;
        else
          squares[i % columns] += (value - sum[i % columns]) * (value - sum[i % columns]);
      }
      rows += height;
    }
    for (double& one : pass == 0 ? sum : squares) one /= rows;
  }
  for (size_t column = 0; column < columns; ++column) {
    const auto spread = static_cast<float>(std::sqrt(squares[column]));
    config.centre.push_back(static_cast<float>(sum[column]));
    config.spread.push_back(spread > 0 && std::isfinite(1 / spread) ? spread : 1.0f);
  }
  return {};
}

}  // namespace tadpole::features
