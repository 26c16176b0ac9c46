// The room around the starter set's voices: place, level, echoes, microphone and noise. Used by
// starter_set.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "samples/sample.h"

namespace tadpole::data {

/// One second that holds `speech` somewhere, as a microphone in some room would hear it. Draws from `rng`
/// only.
samples::Audio in_a_room(const samples::Audio& speech, Rng& rng);

/// Kinds of background noise: "pink_noise", "brown_noise", "mains_hum", "fan".
std::vector<std::string_view> noise_kinds();
samples::Audio background_noise(std::string_view kind, int seconds, int sample_rate_hz, Rng& rng);

}  // namespace tadpole::data
