// A dozen synthetic sounds of three classes, and someone who listens to what is said about them.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/progress.h"
#include "features/feature_block.h"
#include "samples/augment.h"
#include "samples/dataset.h"

namespace tadpole::data {

class Listening final : public Progress {
 public:
  void report(std::string_view, long, long, std::string_view) override {}
  void say(std::string_view sentence) override { said.emplace_back(sentence); }
  bool cancelled() const override { return stop; }
  std::vector<std::string> said;
  std::atomic<bool> stop{false};
};

inline samples::Sample sound(const std::string& id, uint64_t seed, float level, int length = 16000) {
  Rng rng(seed);
  samples::Sample sample;
  sample.id = id;
  sample.signal =
      std::make_shared<samples::Signal>(samples::Audio{16000, samples::synthetic_noise(length, level, rng)});
  return sample;
}

inline samples::Dataset dataset() {
  samples::Dataset data;
  data.classes = {"silence", "yes", "no"};
  for (int i = 0; i < 12; ++i) {
    data.samples.push_back(
        sound("s" + std::to_string(i), static_cast<uint64_t>(i), 1000, i == 5 ? 9000 : 16000));
    data.target.push_back(i % 3);
    data.side.push_back(i < 8    ? samples::Side::train
                        : i < 10 ? samples::Side::validation
                                 : samples::Side::test);
  }
  data.noise = {sound("n", 99, 300, 40000)};
  data.noise_side = {samples::Side::train};
  return data;
}

inline features::FeatureBlock block() { return *features::FeatureBlock::create({}); }

inline int files_in(const std::string& folder) {
  return static_cast<int>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

}  // namespace tadpole::data
