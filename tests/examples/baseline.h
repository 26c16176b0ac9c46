// The RAM and flash of each example's firmware, as recorded in baseline.json: exact, like those of the
// reference models (tests/e2e/baseline_test.cpp).
#pragma once

#include <cstdlib>

#include "tests/examples/example.h"

namespace tadpole {

inline const std::string kExampleBaseline = std::string(TADPOLE_SOURCE_DIR) + "/tests/examples/baseline.json";

/// Compares ram_bytes and flash_bytes of what deploy or export printed with the record.
/// TADPOLE_UPDATE_GOLDEN=1 records them.
inline void expect_recorded_memory(const std::string& example, const nlohmann::json& built) {
  const auto text = data::read_text(kExampleBaseline);
  nlohmann::json record = text.ok() ? nlohmann::json::parse(*text) : nlohmann::json::object();
  const nlohmann::json found = {{"ram_bytes", built.value("ram_bytes", 0)},
                                {"flash_bytes", built.value("flash_bytes", 0)}};
  if (std::getenv("TADPOLE_UPDATE_GOLDEN") != nullptr) {
    record[example] = found;
    std::string lines;
    for (const auto& [name, figures] : record.items())
      lines += (lines.empty() ? " \"" : ",\n \"") + name + "\": " + figures.dump();
    EXPECT_TRUE(data::write_text(kExampleBaseline, "{\n" + lines + "\n}\n").ok());
    return;
  }
  EXPECT_EQ(record.value(example, nlohmann::json()), found)
      << example << ": RAM or flash of its firmware has moved. If that is meant, run TADPOLE_UPDATE_GOLDEN=1 "
      << "build/dev/test_programs/examples and commit tests/examples/baseline.json with the change.";
}

}  // namespace tadpole
