// A recording as it would sound in a room, or from a higher or lower voice at the same speed. In memory,
// portable: the same seed gives the same bits on every machine.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/rng.h"

namespace tadpole::samples {

/// What a synthetic room does to a sound.
struct Room {
  float decay_ms = 200;  ///< until reflections have fallen by 60 dB
  float level = 0.5f;    ///< energy of all reflections, of the direct sound's
};

/// `sound` with random reflections that grow denser and fall exponentially, from 2 ms after the direct sound
/// on. Same length: what rings on behind the end is lost. 48 reflections: O(48 n). Source of the model:
/// statistical room acoustics (Schroeder 1965); real early reflections are fewer and stronger.
std::vector<float> reverberate(std::span<const float> sound, int sample_rate_hz, const Room& room, Rng& rng);

/// `sound` with all frequencies times `factor` (0.5 to 2) at the same speed and length: pieces of 20 ms,
/// each moved by up to 5 ms to where it fits the one before best, are added up and the result is resampled
/// (WSOLA: Verhelst and Roelands 1993). O(n * 160) at 16 kHz.
std::vector<float> change_pitch(std::span<const float> sound, int sample_rate_hz, float factor);

}  // namespace tadpole::samples
