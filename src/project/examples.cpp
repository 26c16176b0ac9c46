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
}

int SideExamples::get(int index, int, Rng& rng, std::span<float> out) const {
  const int sample = samples_[static_cast<size_t>(index)];
  to_floats(masks_ == nullptr ? prepared_.features.plain_row(sample) : variant(index, sample, rng),
            prepared_.block.scale(), out);
  if (masks_ != nullptr && prepared_.block.kind() == features::SignalKind::audio)
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

/// The sample itself or one of its variants, all equally likely. Variants are stored in the order of the
/// training side.
std::span<const int16_t> SideExamples::variant(int index, int sample, Rng& rng) const {
  const int choice = static_cast<int>(rng.below(static_cast<uint32_t>(prepared_.features.variants) + 1));
  if (choice == 0) return prepared_.features.plain_row(sample);
  return prepared_.features.augmented_row(places_[static_cast<size_t>(index)], choice - 1);
}

}  // namespace tadpole::project
