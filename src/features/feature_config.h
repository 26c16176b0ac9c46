// [features] of tadpole.toml: which numbers are made of a signal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "samples/sample.h"

namespace tadpole::features {

/// What a block is made for; in the order of samples::Signal's alternatives.
enum class SignalKind : uint8_t { audio, image, series, stroke };

/// "audio", "image", "series", "stroke".
std::string_view signal_kind_name(SignalKind kind);

/// What a signal is.
SignalKind kind_of(const samples::Signal& signal);

/// [features]. Ranges are checked by FeatureBlock::create; a block does not look at the keys of others.
struct FeatureConfig {
  std::string block = "mfcc";  ///< one of block_names()

  // audio
  int sample_rate_hz = 16000;  ///< 8000 to 48000
  int clip_ms = 1000;          ///< length of what the network sees at once
  int window_ms = 30;
  int stride_ms = 20;
  int bands = 40;         ///< mel bands; spectral: frequency bands of an axis
  int coefficients = 10;  ///< kept MFCC coefficients
  int low_hz = 20, high_hz = 4000;
  float noise_floor_db = -52;   ///< mfe: what becomes 0; full scale is 0 dB
  std::string wavelet = "db2";  ///< wavelet: "haar", "db2" or "db4" (Daubechies, 2 to 4 vanishing moments)
  int levels = 7;               ///< wavelet: octaves

  // image; a stroke's picture has the width and height too
  int width = 96, height = 96;  ///< of what the network sees
  std::string colour = "grey";  ///< "grey" or "rgb"
  std::string fit = "crop";     ///< "crop": the largest centred part of that shape; "centre": a part of that
                                ///< size; "stretch": all of it
  std::string resize = "area";  ///< "area" (mean of what a pixel covers) or "bilinear"
  std::string pixels = "centred";  ///< real values: "centred" -1 to 1, "unit" 0 to 1
  /// What the board's camera gives: 0, 0 and "" = pictures of width x height, grey or red, green, blue.
  int sensor_width = 0, sensor_height = 0;
  std::string sensor_format = "";  ///< one of pixel_format_names()
  float stroke_range = 0.6f;  ///< stroke: half the side of the square that is drawn, in the stroke's units

  // series
  std::vector<std::string> axes = {};  ///< names of the columns that are used, in this order; at least one
  float rate_hz = 0;                   ///< steps a second; 0: unknown, or rows of a table
  int steps = 1;                       ///< length of what the network sees at once; a row of a table: 1
  std::string filter = "none";     ///< "none", "gravity" (the window's mean goes), "low_pass", "high_pass"
  float cutoff_hz = 0;             ///< of the filter
  std::string normalise = "data";  ///< "data": by centre and spread; "window": each window by its own; "none"
  /// One number for each column of the features (shape()[1] * shape()[2], see fit_normalisation), or empty:
  /// stored = (value - centre) / spread.
  std::vector<float> centre = {}, spread = {};

  bool operator==(const FeatureConfig&) const = default;
};

/// Names of all blocks, in the order of the documentation.
const std::vector<std::string_view>& block_names();

/// Which signal a block is made for. Fails: features_bad_setting when there is no such block.
Result<SignalKind> kind_of_block(std::string_view block);

/// Settings of a block that suit most uses: what a new project begins with.
FeatureConfig default_config(std::string_view block);

}  // namespace tadpole::features
