// FeatureBlock: picks the extractor by the block's name and hands everything on to it.
#include "features/feature_block.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <sstream>

#include "base/text.h"
#include "features/extractor.h"
#include "features/image_block.h"
#include "features/micro_block.h"
#include "features/series_block.h"
#include "features/speech_block.h"
#include "features/stroke_block.h"
#include "features/wavelet_block.h"

namespace tadpole::features {
namespace {

/// The clip of a block that hears; a block that does not has none, and asking is our own mistake.
const AudioExtractor& audio(const std::shared_ptr<const Extractor>& extractor) {
  assert(dynamic_cast<const AudioExtractor*>(extractor.get()) != nullptr);
  return static_cast<const AudioExtractor&>(*extractor);
}

Result<std::shared_ptr<const Extractor>> make_extractor(const FeatureConfig& config) {
  if (config.block == "micro_frontend") return MicroExtractor::create(config);
  if (config.block == "image") return ImageExtractor::create(config);
  if (config.block == "stroke") return StrokeExtractor::create(config);
  if (config.block == "raw" || config.block == "statistics" || config.block == "spectral")
    return SeriesExtractor::create(config);
  if (config.block == "wavelet") return WaveletExtractor::create(config);
  return SpeechExtractor::create(config);
}

}  // namespace

Error bad_setting(const std::string& name, const std::string& found, const std::string& needed) {
  return {Code::features_bad_setting, "[features] " + name + " = " + found + ": needs " + needed};
}

std::string number_text(double value) {
  std::ostringstream text;
  text.precision(9);
  text << value;
  return text.str();
}

Result<void> check_choice(const char* name, const std::string& found,
                          const std::vector<std::string_view>& choices) {
  if (std::find(choices.begin(), choices.end(), found) != choices.end()) return {};
  return bad_setting(name, "\"" + found + "\"", "one of " + base::join_words(choices));
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
  TADPOLE_TRY(block.extractor_, make_extractor(config));
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
  const SignalKind found = kind_of(signal);
  std::vector<std::string_view> fitting;
  for (const std::string_view name : block_names()) {
    if (*kind_of_block(name) == found) fitting.push_back(name);
  }
  return Error{Code::features_bad_setting, "[features] block = \"" + config_.block + "\" is made for " +
                                               std::string(signal_kind_name(kind_)) + "; this is " +
                                               std::string(signal_kind_name(found)) +
                                               ". Choose a block for it: " + base::join_words(fitting) + "."};
}

std::vector<uint8_t> FeatureBlock::sensor_bytes(const samples::Signal& signal) const {
  return extractor_->sensor_bytes(signal);
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

std::vector<int16_t> FeatureBlock::extract_stream(std::span<const int16_t> pcm) const {
  const dsp::SpeechFeatures& f = device();
  const size_t window = static_cast<size_t>(f.window_samples), stride = static_cast<size_t>(f.stride_samples);
  const size_t rows = pcm.size() < window ? 0 : 1 + (pcm.size() - window) / stride;
  const size_t columns = static_cast<size_t>(f.values_per_frame);
  std::vector<uint32_t> scratch(f.row_scratch_bytes / 4 + 1), state(f.state_bytes / 4 + 1, 0);
  std::vector<int16_t> out(rows * columns);
  for (size_t row = 0; row < rows; ++row) {
    f.extract_row(f.tables, pcm.data() + row * stride, state.data(), scratch.data(),
                  out.data() + row * columns);
  }
  return out;
}

const dsp::SpeechFeatures& FeatureBlock::device() const { return audio(extractor_).device(); }

}  // namespace tadpole::features
