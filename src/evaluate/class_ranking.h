// How well the score of each class tells its samples from all others, whatever the threshold: ROC and
// precision-recall, one class against the rest. In: scores and targets. Out: JSON (docs/formats/report.md).
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace tadpole::evaluate {

/// {"classes": [{"class", "count", "auc", "average_precision", "roc", "precision_recall"}], "macro_auc",
/// "macro_average_precision", "words"}. A class without samples, or without others, has null figures and no
/// curves, and does not count in the means. `words`: which classes are words to listen for; where some are
/// and some are not, "words" has the same figures for any word against everything else, scored by the highest
/// of the words' scores; else it is null. Curves have at most about 100 points, rounded to 4 decimals; of a
/// ROC those between the ends of a straight stretch are left out.
/// scores: row-major [targets.size(), classes.size()]; words: one a class, or none. Fails:
/// evaluate_bad_scores when the sizes differ or a score is not finite. O(classes * n log n).
Result<nlohmann::json> rank_classes(std::span<const float> scores, std::span<const int> targets,
                                    std::span<const std::string> classes, std::span<const uint8_t> words);

}  // namespace tadpole::evaluate
