// Variants of motion and of strokes for training: a sensor worn another way, a larger or quicker movement, a
// line drawn elsewhere. In memory, portable: the same seed gives the same bits on every machine.
#pragma once

#include <string>

#include "base/rng.h"
#include "samples/sample.h"

namespace tadpole::samples {

/// Extremes of a variant of a series; each is drawn uniformly from none to that, either way.
struct SeriesAugment {
  float rotate_degrees = 15;  ///< the sensor, about each of its axes; axes in threes (x, y, z) turn together
  float scale_percent = 10;   ///< of all axes
  float jitter_percent = 3;   ///< standard deviation of added noise, of each axis's own deviation
  float warp_percent = 15;    ///< time runs slower and faster by this, smoothly
  float shift_percent = 5;    ///< of the length; the first or last step is repeated

  bool operator==(const SeriesAugment&) const = default;
  std::string fingerprint() const;
};

/// One variant of the same length. A row of a table (one step) comes back as it is. O(n).
Series augment(const Series& series, const SeriesAugment& options, Rng& rng);

/// Extremes of a variant of a stroke, as in the magic wand's training (facts of the classic applications).
struct StrokeAugment {
  float move_percent = 10;    ///< of the stroke's larger side
  float scale_percent = 10;   ///< width and height, each
  float rotate_degrees = 17;  ///< about its middle; 0.3 rad

  bool operator==(const StrokeAugment&) const = default;
  std::string fingerprint() const;
};

/// One variant with as many points. O(n).
Stroke augment(const Stroke& stroke, const StrokeAugment& options, Rng& rng);

}  // namespace tadpole::samples
