// The picture is made by the device's own code, so that it shows what the network is given.
#include "features/spectrogram.h"

namespace tadpole::features {

Spectrogram log_mel_picture(const FeatureBlock& block, std::span<const int16_t> pcm) {
  FeatureConfig config = block.config();
  config.block = "log_mel";
  const Result<FeatureBlock> log_mel = FeatureBlock::create(config);
  // Every setting of a log-mel block was checked when `block` was made.
  if (!log_mel.ok()) return {};
  Spectrogram picture{log_mel->frames(), log_mel->values_per_frame(), {}};
  const float scale = log_mel->scale();
  for (const int16_t value : log_mel->extract(pcm))
    picture.values.push_back(scale * static_cast<float>(value));
  return picture;
}

}  // namespace tadpole::features
