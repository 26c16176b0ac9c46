// From how unusual points are to a border between usual and unusual, with or without labelled anomalies.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"

namespace tadpole::unsupervised {

/// The value below which `percent` of the distances lie, between neighbours in proportion (type 7 of Hyndman
/// and Fan 1996, NumPy's default). Fails: points_unusable (none, or not finite), unsupervised_bad_setting
/// (percent outside [0, 100]).
Result<double> percentile_threshold(std::span<const double> usual, double percent);

/// Mean + deviations * standard deviation (divided by the count). Fails: points_unusable.
Result<double> deviation_threshold(std::span<const double> usual, double deviations);

/// A border that was chosen with labelled examples, and what it does with them.
struct LabelledThreshold {
  double threshold = 0;            ///< a score above it is an anomaly
  double false_positive_rate = 0;  ///< of the usual ones
  double true_positive_rate = 0;   ///< of the anomalies
};

/// The border at which true_positive_rate - false_positive_rate is largest (Youden 1950), among those with at
/// most `most_false_positives` of the usual ones above; of equals the one with the fewest false positives. It
/// lies half-way between the scores on its two sides. Fails: points_unusable.
Result<LabelledThreshold> labelled_threshold(std::span<const double> usual, std::span<const double> anomalies,
                                             double most_false_positives = 1.0);

/// Mean squared difference of each row of `reconstructed` and `original`, both [count, width]: how badly an
/// autoencoder knows it. Fails: points_unusable (sizes differ, width < 1).
Result<std::vector<double>> reconstruction_errors(std::span<const float> original,
                                                  std::span<const float> reconstructed, int width);

}  // namespace tadpole::unsupervised
