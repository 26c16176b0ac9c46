// Variants of pictures for training: moved, turned, zoomed, sheared, flipped; other light, colour and focus;
// noise and holes. In memory, portable: additions, multiplications and divisions in a fixed order only, so
// that the same seed gives the same bits on every machine.
#pragma once

#include <string>

#include "base/rng.h"
#include "samples/sample.h"

namespace tadpole::samples {

/// How far variants may stray. Shares are probabilities; everything else is an extreme, drawn uniformly from
/// none to that, either way.
struct ImageAugment {
  float flip_share = 0.5f;        ///< mirrored, left for right; 0 where sides have a meaning (digits)
  float rotate_degrees = 10;      ///< at most 180
  float shift_percent = 10;       ///< of width and height, each
  float zoom_percent = 10;        ///< larger means that the edges are cropped
  float shear_percent = 0;        ///< columns lean by this share of the height
  float brightness_percent = 20;  ///< of full scale, added
  float contrast_percent = 20;    ///< about the picture's mean
  float colour_percent = 20;      ///< saturation, and the weight of each channel; colour pictures only
  float blur_share = 0.1f;        ///< out of focus: a 3 x 3 binomial filter
  float noise_percent = 2;        ///< standard deviation of added noise, of full scale
  float cut_out_share = 0;        ///< a rectangle of the mean colour hides a part
  float cut_out_percent = 30;     ///< its sides, of width and height

  bool operator==(const ImageAugment&) const = default;
  /// A text that changes whenever the variants would: settings and the version of the algorithm.
  std::string fingerprint() const;
};

/// One variant of the same size. Where nothing was, the nearest pixel of the edge is repeated. Draws the same
/// numbers whatever the options are, so that switching one change off leaves the others as they were. O(n).
Image augment(const Image& image, const ImageAugment& options, Rng& rng);

}  // namespace tadpole::samples
