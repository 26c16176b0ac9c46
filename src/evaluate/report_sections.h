// The parts of the report, one function each; every one takes the whole report and returns "" when its data
// are missing.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "evaluate/json_view.h"

namespace tadpole::evaluate {

/// Where a model answered: on the computer with full numbers, with bytes, or on the board.
struct Place {
  const char* key;         ///< in evaluation and stream
  const char* name;        ///< "Float model"
  const char* short_name;  ///< "float", for narrow columns
  const char* where;       ///< "full numbers, on the computer"
  int colour;              ///< the same in every picture
};
inline constexpr std::array<Place, 3> kPlaces = {{
    {"float", "Float model", "float", "full-size numbers, on this computer", 1},
    {"int8", "Int8 model", "int8", "small numbers, on this computer", 2},
    {"board", "On the board", "board", "small numbers, on the board itself", 3},
}};

/// accuracy_without_silence, or accuracy where that is missing; in [0, 1].
std::optional<double> headline_accuracy(View result);

/// The tables of groups (speakers, languages, devices) of the last place that has any; "" without.
std::string group_figures(View evaluation);

/// ROC and precision-recall of each class of the last place that has them; "" without.
std::string ranking_figures(View evaluation);

/// "The int8 model and the float model gave the same answer for ...", of agreement.`key`; "" when unknown.
std::string agreement_sentence(View agreement, const char* key, const std::string& who);

/// Sum of the bytes of ram.parts or flash.parts.
std::optional<double> sum_of_parts(View memory);

/// What a result is judged by: right answers, R2 of a regression, area under the ROC curve of anomalies.
struct Headline {
  double value = 0;  ///< in [0, 1], but an R2 may be below 0
  const char* name;  ///< "Right answers"
  const char* key;   ///< "accuracy", "r_squared" or "auc"
};
std::optional<Headline> headline_of(View result);

// report_results.cpp
std::string headline(View report);
std::string answers_section(View report);
std::string stream_section(View report);
// report_numbers.cpp
std::string numbers_section(View report);
// report_anomalies.cpp
std::string anomalies_section(View report);
// report_threshold.cpp
std::string threshold_section(View report);
// report_making.cpp
std::string data_section(View report);
std::string features_section(View report);
std::string model_section(View report);
std::string training_section(View report);
std::string commands_section(View report);
// report_board.cpp
std::string quantisation_section(View report);
std::string memory_section(View report);
std::string work_section(View report);
// report_optimise.cpp
std::string optimise_section(View report);

}  // namespace tadpole::evaluate
