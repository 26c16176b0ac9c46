// Lines are whole or at the very end.
#include "project/metrics_log.h"

#include "data/files.h"
#include "project/sections.h"

namespace tadpole::project {

namespace {
std::string line_of(const train::EpochMetrics& epoch) { return epoch_json(epoch).dump() + "\n"; }
}  // namespace

Result<void> MetricsLog::restart(std::span<const train::EpochMetrics> epochs) {
  std::string text;
  for (const train::EpochMetrics& epoch : epochs) text += line_of(epoch);
  return data::write_text(path_, text);
}

Result<void> MetricsLog::append(const train::EpochMetrics& epoch) {
  return data::append_text(path_, line_of(epoch));
}

}  // namespace tadpole::project
