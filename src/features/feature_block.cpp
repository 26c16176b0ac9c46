// FeatureBlock: picks the extractor by the block's name and hands everything on to it.
#include "features/feature_block.h"

#include <cassert>
#include <cmath>
#include <sstream>

#include "features/extractor.h"
#include "features/speech_block.h"

namespace tadpole::features {
namespace {

std::string number_text(double value) {
  std::ostringstream text;
  text.precision(9);
  text << value;
  return text.str();
}

/// The clip of a block that hears; a block that does not has none, and asking is our own mistake.
const AudioExtractor& audio(const std::shared_ptr<const Extractor>& extractor) {
  assert(dynamic_cast<const AudioExtractor*>(extractor.get()) != nullptr);
  return static_cast<const AudioExtractor&>(*extractor);
}

}  // namespace

Error bad_setting(const std::string& name, const std::string& found, const std::string& needed) {
  return {Code::features_bad_setting, "[features] " + name + " = " + found + ": needs " + needed};
}

Result<void> check_range(const char* name, double found, double low, double high, const char* unit,
                         const std::string& why) {
  if (std::isfinite(found) && found >= low && found <= high) return {};
  return bad_setting(
      name, number_text(found),
      number_text(low) + " to " + number_text(high) + unit + (why.empty() ? "" : " (" + why + ")"));
}

std::string fingerprint_field(const char* name, double value) {
  return " " + std::string(name) + "=" + number_text(value);
}

Result<FeatureBlock> FeatureBlock::create(const FeatureConfig& config) {
  FeatureBlock block;
  TADPOLE_TRY(block.kind_, kind_of_block(config.block));
  block.config_ = config;
  TADPOLE_TRY(block.extractor_, SpeechExtractor::create(config));
  return block;
}

std::array<int, 3> FeatureBlock::shape() const { return extractor_->shape(); }

int FeatureBlock::size() const {
  const auto [height, width, channels] = shape();
  return height * width * channels;
}

float FeatureBlock::scale() const { return extractor_->scale(); }

Result<void> FeatureBlock::accepts(const samples::Signal& signal) const {
  if (kind_of(signal) == kind_) return extractor_->accepts(signal);
  const auto name = [](SignalKind kind) { return std::string(signal_kind_name(kind)); };
  return Error{Code::features_bad_setting,
               "[features] block = \"" + config_.block + "\" is made for " + name(kind_) + "; this is " +
                   name(kind_of(signal)) + ". Choose a block for it: tadpole features --help lists them."};
}

std::vector<int16_t> FeatureBlock::extract(const samples::Signal& signal) const {
  if (!accepts(signal)) return std::vector<int16_t>(static_cast<size_t>(size()), 0);
  return extractor_->extract(signal);
}

std::vector<float> FeatureBlock::extract_reference(const samples::Signal& signal) const {
  if (!accepts(signal)) return std::vector<float>(static_cast<size_t>(size()), 0.0f);
  return extractor_->reference(signal);
}

DeviceConstants FeatureBlock::device_constants() const { return extractor_->device_constants(); }
std::string FeatureBlock::fingerprint() const { return extractor_->fingerprint(); }

int FeatureBlock::clip_samples() const { return static_cast<int>(audio(extractor_).clip_samples()); }

std::vector<int16_t> FeatureBlock::clip_of(std::span<const int16_t> pcm) const {
  return fitted_clip<int16_t>(pcm, audio(extractor_).clip_samples());
}

std::vector<int16_t> FeatureBlock::extract(std::span<const int16_t> pcm) const {
  const AudioExtractor& extractor = audio(extractor_);
  if (pcm.size() == extractor.clip_samples()) return extractor.extract_clip(pcm);
  return extractor.extract_clip(clip_of(pcm));
}

std::vector<float> FeatureBlock::extract_reference(std::span<const int16_t> pcm) const {
  const AudioExtractor& extractor = audio(extractor_);
  return extractor.reference_clip(fitted_clip<double>(pcm, extractor.clip_samples()));
}

const dsp::SpeechFeatures& FeatureBlock::device() const {
  return static_cast<const SpeechExtractor&>(audio(extractor_)).device();
}

}  // namespace tadpole::features
