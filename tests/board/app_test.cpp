// Cascade, gate, hysteresis and scheduler decide on the board as they do here, bit for bit.
#include <fstream>
#include <set>

#include "app_steps.h"
#include "base/rng.h"
#include "codegen/device_sources.h"
#include "fixture.h"

namespace tadpole::board {
namespace {

/// A library whose only layer is app_steps::run.
void write_library(const std::string& folder) {
  copy_fake_model(folder);
  std::filesystem::copy_file(TADPOLE_SOURCE_DIR "/tests/board/app_steps.h", folder + "/app_steps.h");
  const std::vector<std::string> roots = {"device/app/cascade.h", "device/app/gated_model.h",
                                          "device/app/scheduler.h"};
  for (const codegen::DeviceSource& file : codegen::device_source_closure(roots)) {
    std::filesystem::create_directories((std::filesystem::path(folder) / file.path).parent_path());
    std::ofstream(folder + "/" + std::string(file.path)) << file.text;
  }
  std::ofstream(folder + "/model.h")
      << "#pragma once\n#include \"app_steps.h\"\nnamespace model {\nenum { kInputBytes = "
         "app_steps::kInputBytes, kOutputBytes = app_steps::kOutputBytes, kArenaBytes = kInputBytes + "
         "kOutputBytes, kLayerCount = 1 };\nuint8_t* input();\nconst uint8_t* output();\nvoid invoke();\n"
         "void write_input(uint32_t offset, const uint8_t* bytes, uint32_t count);\n"
         "void read_output(uint32_t offset, uint8_t* bytes, uint32_t count);\nvoid reset();\n"
         "const uint8_t* arena();\nextern const char kName[];\nextern const char kHash[];\n}\n";
  std::ofstream(folder + "/model.cc")
      << "#include \"model.h\"\nnamespace model {\nalignas(4) static uint8_t memory[kArenaBytes];\n"
         "const char kName[] = \"app\";\nconst char kHash[] = \"0123456789abcdef\";\n"
         "uint8_t* input() { return memory; }\nconst uint8_t* output() { return memory + kInputBytes; }\n"
         "const uint8_t* arena() { return memory; }\nvoid reset() {}\n"
         "void write_input(uint32_t offset, const uint8_t* bytes, uint32_t count) { memcpy(memory + offset, "
         "bytes, count); }\n"
         "void read_output(uint32_t offset, uint8_t* bytes, uint32_t count) { memcpy(bytes, memory + "
         "kInputBytes + offset, count); }\n}\n"
         "extern \"C\" void tadpole_layer_000();\n"
         "extern \"C\" __attribute__((noinline)) void tadpole_layer_000() {\n"
         "  app_steps::run(model::memory, model::memory + model::kInputBytes);\n}\n"
         "void model::invoke() {\n  tadpole_layer_000();\n  __asm__ volatile(\"\" ::: \"memory\");\n}\n";
}

TEST(AppOnBoard, decides_as_this_computer_does) {
  const Scratch scratch;
  write_library(scratch / "library");
  const Board nano = *find_board("virtual-nano33ble");
  const auto firmware = build_firmware(nano, scratch / "library", scratch / "work");
  ASSERT_TRUE(firmware) << firmware.error().message();
  auto board = VirtualBoard::boot(nano, firmware->elf_path);
  ASSERT_TRUE(board) << board.error().message();
  std::set<uint32_t> states, labels;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Rng rng(seed);
    std::vector<uint8_t> input(app_steps::kInputBytes), expected(app_steps::kOutputBytes);
    for (uint8_t& byte : input) byte = static_cast<uint8_t>(rng.below(256));
    app_steps::run(input.data(), expected.data());
    const auto found = (*board)->infer(input);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(*found, expected) << "seed " << seed;
    for (size_t at = 0; at < expected.size(); at += app_steps::kAnswerBytes) {
      labels.insert(expected[at + 6]);
      states.insert(expected[at + 12] & 3u);
    }
  }
  EXPECT_EQ(labels, (std::set<uint32_t>{0, 1, 255})) << "strange inputs, and both classes";
  EXPECT_EQ(states, (std::set<uint32_t>{0, 2, 3})) << "asleep, awake, and something found";
}

}  // namespace
}  // namespace tadpole::board
