// Any bytes as a sound file: an error or finite sound at the wanted rate, never a crash, never more memory
// than sound.
#include <cstdlib>

#include "data/audio_file.h"

// libsndfile 1.2.0 forgets its Vorbis state when a stream's headers are damaged: 6 KB for each such file, not
// ours to free.
extern "C" const char* __lsan_default_suppressions() { return "leak:libvorbis\nleak:libsndfile\n"; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = tadpole::data::decode_audio({data, size}, 16000, "fuzz.wav");
  if (read.ok() && (read->audio.sample_rate_hz != 16000 || read->audio.pcm.empty())) abort();
  return 0;
}
