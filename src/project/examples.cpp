#include "project/examples.h"

namespace tadpole::project {

SideExamples::SideExamples(const Prepared& prepared, samples::Side side, const samples::MaskOptions* masks)
    : prepared_(prepared), masks_(masks) {
  const std::vector<int> indices = prepared.data().indices(side);
  for (size_t i = 0; i < indices.size(); ++i) {
    if (!prepared.goal->learns_from(indices[i])) continue;
    samples_.push_back(indices[i]);
    places_.push_back(static_cast<int>(i));
  }
  if (masks == nullptr || prepared.variants == nullptr || prepared.variants->count() == 0) return;
  lookahead_ = std::make_unique<Lookahead>([this](int index, int, Rng& rng) -> Result<void> {
    variant(index, rng);
    return {};
  });
}

Result<void> SideExamples::announce(int epoch, std::span<const int> indices, uint64_t seed) const {
  if (!lookahead_) return {};
  return lookahead_->announce(epoch, indices, seed);
}

int SideExamples::get(int index, int epoch, Rng& rng, std::span<float> out) const {
  const int sample = samples_[static_cast<size_t>(index)];
  const bool varied = masks_ != nullptr && epoch != kLook;
  to_floats(varied ? variant(index, rng) : prepared_.features.plain_row(sample), prepared_.block.scale(),
            out);
  if (varied && prepared_.block.kind() == features::SignalKind::audio)
    samples::mask_features(out, prepared_.block.frames(), prepared_.block.values_per_frame(), rng, *masks_);
  return prepared_.goal->label(sample);
}

void SideExamples::get_target(int index, int, std::span<const float>, std::span<float> target) const {
  prepared_.goal->target(samples_[static_cast<size_t>(index)], target);
}

std::string SideExamples::class_name(int index) const {
  const auto& classes = prepared_.data().classes;
  return static_cast<size_t>(index) < classes.size() ? classes[static_cast<size_t>(index)]
                                                     : std::to_string(index);
}

/// The sample itself or one of its variants, all equally likely; the first that is drawn from `rng`.
std::span<const int16_t> SideExamples::variant(int index, Rng& rng) const {
  const int count = prepared_.variants == nullptr ? 0 : prepared_.variants->count();
  const int choice = static_cast<int>(rng.below(static_cast<uint32_t>(count) + 1));
  const auto at = static_cast<size_t>(index);
  if (choice == 0) return prepared_.features.plain_row(samples_[at]);
  return prepared_.variants->row(places_[at], choice - 1);
}

}  // namespace tadpole::project
