// metrics.jsonl of a run: one line of JSON for each pass over the data, appended while it trains.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "train/trainer.h"

namespace tadpole::project {

class MetricsLog {
 public:
  explicit MetricsLog(std::string path) : path_(std::move(path)) {}

  /// Makes the file hold these lines and no others. A run that goes on begins with what its checkpoint knows,
  /// which mends whatever a kill left behind: half a line, or passes that were not kept. Fails: disk_full,
  /// file_unwritable.
  Result<void> restart(std::span<const train::EpochMetrics> epochs);
  /// Fails: disk_full, file_unwritable.
  Result<void> append(const train::EpochMetrics& epoch);

 private:
  std::string path_;
};

}  // namespace tadpole::project
