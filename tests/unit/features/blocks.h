// What the tests of the blocks share.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "features/feature_block.h"

namespace tadpole::features {

inline FeatureBlock made(const FeatureConfig& config) {
  auto block = FeatureBlock::create(config);
  EXPECT_TRUE(block.ok()) << block.error().message();
  return std::move(block).value();
}

inline std::string refused(const FeatureConfig& config) {
  const auto block = FeatureBlock::create(config);
  return block.ok() ? "was accepted" : block.error().detail;
}

/// Difference between a block and its judge over signals, in real values.
struct JudgedError {
  double max = 0, squares = 0;
  size_t count = 0;
  double rms() const { return count == 0 ? 0 : std::sqrt(squares / static_cast<double>(count)); }

  void add(const FeatureBlock& block, const samples::Signal& signal) {
    const std::vector<int16_t> found = block.extract(signal);
    const std::vector<float> expected = block.extract_reference(signal);
    ASSERT_EQ(found.size(), expected.size());
    ASSERT_EQ(found.size(), static_cast<size_t>(block.size()));
    for (size_t i = 0; i < found.size(); ++i) {
      const double difference = static_cast<double>(found[i]) * static_cast<double>(block.scale()) -
                                static_cast<double>(expected[i]);
      max = std::max(max, std::fabs(difference));
      squares += difference * difference;
    }
    count += found.size();
  }
};

}  // namespace tadpole::features
