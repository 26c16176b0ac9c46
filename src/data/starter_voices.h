// The voices of the starter set, and how each is asked to say a word. Used by starter_set.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "base/result.h"

namespace tadpole::data {

/// One synthetic speaker.
struct Voice {
  std::string_view engine;    ///< "espeak-ng" or "flite"
  std::string_view name;      ///< of the engine: "en-us+f2", "slt"
  std::string_view language;  ///< "" for English; else the respelling to use
  int words_per_minute;       ///< centre of its speed
  int pitch;                  ///< espeak-ng: 0 to 99; flite: mean pitch in Hz, 0 = its own
};

std::span<const Voice> starter_voices();

/// A word as the voice's language would spell its English sound, or the word itself.
std::string spelled_for(const Voice& voice, std::string_view word);

/// Whether the voice can be expected to say a word as English speakers do: it is English, or the word is
/// one whose spelling in other languages is known.
bool can_say(const Voice& voice, std::string_view word);

/// The WAV bytes of a voice that says a word. `speed` and `pitch` stray from its own: words a minute, and
/// espeak-ng steps or Hz. `scratch` is a file that may be written and is removed. Fails as run_checked does.
Result<std::vector<uint8_t>> speak(const Voice& voice, std::string_view word, int speed, int pitch,
                                   const std::string& scratch, const Progress& progress);

}  // namespace tadpole::data
