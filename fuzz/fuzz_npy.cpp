// Any bytes as a NumPy array, a zip archive and gzip data: an error or finite numbers.
#include <cmath>
#include <cstdlib>

#include "data/npy_file.h"

namespace {

void read_some(std::unique_ptr<tadpole::data::ByteStream> stream) {
  auto reader = tadpole::data::NpyReader::open(std::move(stream), "fuzz.npy");
  if (!reader.ok()) return;
  for (int row = 0; row < 10; ++row) {
    const auto numbers = reader->next_numbers();
    if (!numbers.ok()) break;
    for (const float value : *numbers) {
      if (!std::isfinite(value)) abort();
    }
  }
  static_cast<void>(reader->next_label());
  static_cast<void>(reader->next_bytes());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tadpole::data;
  const std::span<const uint8_t> bytes(data, size);
  read_some(memory_stream(bytes, "fuzz.npy.gz"));
  const auto entries = list_zip(bytes, "fuzz.npz");
  if (!entries.ok()) return 0;
  for (size_t i = 0; i < std::min<size_t>(entries->size(), 4); ++i)
    read_some(zip_stream((*entries)[i], "fuzz.npz"));
  return 0;
}
