// From the plugin's records (a mark was reached, so many instructions so far) to instructions per layer, per
// inference and per feature frame. Counts are exact.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "board/elf.h"

namespace tadpole::board {

struct LayerInstructions {
  std::string name;          ///< the function's: "tadpole_layer_003"
  int64_t instructions = 0;  ///< from its first instruction to the first of what follows it
};

/// Of the last inference and the last feature frame, with the largest seen since boot beside them:
/// instructions may depend on the data.
struct InstructionCounts {
  std::vector<LayerInstructions> layers;
  int64_t inference = 0;  ///< from tadpole_invoke_begin to tadpole_invoke_end; layers plus what calls them
  int64_t largest_inference = 0;
  int64_t inferences = 0;  ///< how many were counted
  int64_t feature_frame = 0;
  int64_t largest_feature_frame = 0;
  int64_t feature_frames = 0;
};

/// Follows the records of one board.
class InstructionTracker {
 public:
  explicit InstructionTracker(const Elf& elf);

  /// Addresses to give to the plugin.
  std::vector<uint32_t> marks() const;

  /// Takes whole records from the front of `records` and leaves a rest of less than one.
  void follow(std::vector<uint8_t>& records);

  const InstructionCounts& counts() const { return counts_; }

  /// The function of the last mark that was reached; "" before the first.
  const std::string& last_mark() const { return last_mark_; }

 private:
  void reach(uint32_t address, int64_t total);

  std::map<uint32_t, std::string> names_;
  InstructionCounts counts_, current_;
  int64_t invoke_begin_ = -1, feature_begin_ = -1, layer_begin_ = 0;
  std::string open_layer_, last_mark_;
};

}  // namespace tadpole::board
