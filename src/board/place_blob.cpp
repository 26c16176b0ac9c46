// Finds the blob's object in the file by its address, and overwrites it.
#include "board/place_blob.h"

#include <algorithm>

#include "base/text.h"
#include "board/elf.h"
#include "data/files.h"

namespace tadpole::board {

Result<void> place_blob(const std::string& elf_path, std::span<const uint8_t> blob, const std::string& to) {
  TADPOLE_TRY(std::vector<uint8_t> image, data::read_file(elf_path, size_t{64} << 20));
  TADPOLE_TRY(const Elf elf, read_elf(image));
  const Symbol* place = elf.find("tadpole_blob");
  if (place == nullptr || place->section < 0) {
    return Error{Code::elf_damaged, elf_path +
                                        " takes no blobs; it was built for one network. Build a runner: "
                                        "tadpole run MODEL.blob --board BOARD --firmware NEW.elf."};
  }
  const ElfSection& section = elf.sections[static_cast<size_t>(place->section)];
  const bool inside = section.has_contents() && place->address >= section.address &&
                      place->size <= section.size &&
                      place->address - section.address <= section.size - place->size;
  if (!inside)
    return Error{Code::elf_damaged, elf_path + ": its blob lies outside of its section. Build it again."};
  if (blob.size() > place->size) {
    return Error{Code::does_not_fit, "the blob has " + base::with_commas(std::ssize(blob)) +
                                         " B; the firmware " + elf_path + " has room for " +
                                         base::with_commas(place->size) +
                                         " B. Use a smaller model or another board."};
  }
  const auto at = image.begin() + section.offset + (place->address - section.address);
  std::fill(at, at + place->size, uint8_t{0});
  std::copy(blob.begin(), blob.end(), at);
  return data::write_file(to, image);
}

}  // namespace tadpole::board
