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

/// Sum of the bytes of ram.parts or flash.parts.
std::optional<double> sum_of_parts(View memory);

// report_results.cpp
std::string headline(View report);
std::string answers_section(View report);
std::string stream_section(View report);
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

}  // namespace tadpole::evaluate
