// Prepared samples as the examples that a network learns from. Private to this room.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "project/lookahead.h"
#include "project/prepare.h"
#include "train/trainer.h"

namespace tadpole::project {

/// The samples of one side that are learnt from. Training: a random variant of each at each visit, with
/// masks; otherwise (no masks) as they are. `prepared` and `masks` must outlive it.
class SideExamples final : public train::Examples {
 public:
  SideExamples(const Prepared& prepared, samples::Side side, const samples::MaskOptions* masks);
  SideExamples(const SideExamples&) = delete;
  SideExamples& operator=(const SideExamples&) = delete;

  int size() const override { return static_cast<int>(samples_.size()); }
  int get(int index, int epoch, Rng& rng, std::span<float> out) const override;
  /// Variants of announced epochs are made in a thread of their own; get() makes those that are not there
  /// yet.
  Result<void> announce(int epoch, std::span<const int> indices, uint64_t seed) const override;
  int target_size() const override { return prepared_.goal->target_size(); }
  void get_target(int index, int epoch, std::span<const float> features,
                  std::span<float> target) const override;
  std::string class_name(int index) const override;

 private:
  std::span<const int16_t> variant(int index, Rng& rng) const;

  const Prepared& prepared_;
  std::vector<int> samples_, places_;  ///< of each example: its sample, its place on its side
  const samples::MaskOptions* masks_;
  std::unique_ptr<Lookahead> lookahead_;  ///< null where there are no variants
};

}  // namespace tadpole::project
