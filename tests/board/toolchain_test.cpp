// Building firmware: sizes, limits of the chip, and what is said when something is missing.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "data/files.h"
#include "fixture.h"
#include "tests/board/fake_model/model.h"

namespace tadpole::board {
namespace {

using testing::HasSubstr;

/// Sets PATH for one test.
class Path {
 public:
  explicit Path(const std::string& path) : before_(std::getenv("PATH")) { ::setenv("PATH", path.c_str(), 1); }
  ~Path() { ::setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

TEST(Firmware, knows_where_flash_and_ram_went) {
  const Result<Firmware>& firmware = raw_firmware();
  ASSERT_TRUE(firmware) << firmware.error().message();
  EXPECT_EQ(firmware->flash_weights_bytes, 256);
  EXPECT_GT(firmware->flash_code_bytes, 1500);
  EXPECT_LT(firmware->flash_code_bytes, 8000);  // no C++ library, no standard I/O crept in
  EXPECT_EQ(firmware->stack_bytes, 8192 + 1024);
  EXPECT_GT(firmware->ram_bytes, 2500 + 1200);
  EXPECT_LT(firmware->ram_bytes, 12000);
}

TEST(Firmware, is_built_the_same_twice) {
  const Scratch scratch;
  copy_fake_model(scratch / "library");
  const Result<Firmware>& first = raw_firmware();
  auto second = build_firmware(*find_board("virtual-nano33ble"), scratch / "library", scratch / "work");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*data::read_file(first->elf_path), *data::read_file(second->elf_path));
}

TEST(Firmware, that_needs_too_much_ram_is_refused_with_need_and_limit) {
  const Scratch scratch;
  copy_fake_model(scratch / "library");
  std::ofstream(scratch / "library/big.cc")
      << "#include <stdint.h>\nuint8_t big[300000];\n"
         "extern \"C\" __attribute__((constructor)) void touch() { big[1] = 1; }\n";
  auto firmware = build_firmware(*find_board("virtual-nano33ble"), scratch / "library", scratch / "work",
                                 {.flags = {"-Wno-error"}});
  ASSERT_FALSE(firmware);
  EXPECT_EQ(firmware.error().code, Code::does_not_fit);
  EXPECT_THAT(firmware.error().detail, HasSubstr("262,144 B"));
  EXPECT_THAT(firmware.error().detail, testing::ContainsRegex("needs 31[0-9],[0-9]+ B of RAM"));
}

TEST(Firmware, that_needs_too_much_flash_is_refused_with_need_and_limit) {
  const Scratch scratch;
  copy_fake_model(scratch / "library");
  std::ofstream(scratch / "library/big.cc")
      << "extern const unsigned char big[1000000];\nconst unsigned char big[1000000] = {1};\n"
         "extern \"C\" __attribute__((constructor)) void touch() { static volatile int i; i = big[i]; }\n";
  auto firmware = build_firmware(*find_board("virtual-nano33ble"), scratch / "library", scratch / "work");
  ASSERT_FALSE(firmware);
  EXPECT_EQ(firmware.error().code, Code::does_not_fit);
  EXPECT_THAT(firmware.error().detail, HasSubstr("983,040 B"));
}

TEST(Firmware, that_does_not_compile_shows_the_compilers_words) {
  const Scratch scratch;
  copy_fake_model(scratch / "library");
  std::ofstream(scratch / "library/bad.cc") << "int f() { return undeclared_name; }\n";
  auto firmware = build_firmware(*find_board("virtual-nano33ble"), scratch / "library", scratch / "work");
  ASSERT_FALSE(firmware);
  EXPECT_EQ(firmware.error().code, Code::compile_failed);
  EXPECT_THAT(firmware.error().detail, HasSubstr("undeclared_name"));
}

TEST(Firmware, leaves_examples_out) {
  const Scratch scratch;
  copy_fake_model(scratch / "library");
  std::filesystem::create_directories(scratch / "library/examples");
  std::ofstream(scratch / "library/examples/main.cc") << "#error not for the firmware\n";
  std::ofstream(scratch / "library/main.cc") << "#error not for the firmware\n";
  auto firmware = build_firmware(*find_board("virtual-nano33ble"), scratch / "library", scratch / "work");
  EXPECT_TRUE(firmware) << firmware.error().message();
}

TEST(Firmware, needs_no_more_beside_the_model_than_inspect_says) {
  const Result<Firmware>& firmware = raw_firmware();
  ASSERT_TRUE(firmware) << firmware.error().message();
  EXPECT_LE(firmware->total_ram_bytes() - model::kArenaBytes, kFirmwareRamBytes);
  EXPECT_GE(firmware->total_ram_bytes() - model::kArenaBytes, kFirmwareRamBytes - 1000);  // and not much less
  EXPECT_LE(firmware->flash_code_bytes, kFirmwareCodeBytes);
}

TEST(CodeMap, a_function_reaches_what_it_calls_directly_or_not) {
  const Result<Firmware>& firmware = raw_firmware();
  ASSERT_TRUE(firmware) << firmware.error().message();
  const CodeMap& code = firmware->code;
  const auto reaches = [&](std::string_view from, std::string_view part) {
    for (const uint32_t address : code.reached_from(std::span(&from, 1))) {
      for (const Symbol& symbol : firmware->symbols) {
        if (symbol.kind == SymbolKind::function && symbol.address == address &&
            symbol.name.find(part) != std::string::npos)
          return true;
      }
    }
    return false;
  };
  EXPECT_TRUE(reaches("tadpole_layer_000", "memcpy"));
  EXPECT_TRUE(reaches("tadpole_layer_002", "recurse"));
  EXPECT_TRUE(reaches("_ZN5model6invokeEv", "recurse"));  // through the layers
  EXPECT_FALSE(reaches("tadpole_layer_000", "recurse"));
  // MOVW, SUBS, NOP, BNE, BX LR: 4 + 2 + 2 + 2 + 2 bytes, and it calls nothing.
  EXPECT_EQ(code.bytes_reached_from("tadpole_layer_001"), 12);
  EXPECT_GT(code.bytes_reached_from("_ZN5model6invokeEv"),
            code.bytes_reached_from("tadpole_layer_002") + code.bytes_reached_from("tadpole_layer_001"));
  EXPECT_LT(code.bytes_reached_from("_ZN5model6invokeEv"), firmware->flash_code_bytes);
  EXPECT_EQ(code.bytes_reached_from("no such function"), 0);
}

TEST(Firmware, needs_a_library_and_a_port) {
  const Scratch scratch;
  EXPECT_EQ(build_firmware(*find_board("virtual-nano33ble"), scratch / "none", scratch / "work").error().code,
            Code::file_not_found);
  copy_fake_model(scratch / "library");
  EXPECT_EQ(build_firmware(*find_board("nano33ble"), scratch / "library", scratch / "work").error().code,
            Code::unknown_board);
}

TEST(MissingPrograms, a_missing_compiler_is_named_with_the_command_that_installs_it) {
  const Scratch scratch;
  copy_fake_model(scratch / "library");
  const Path path("/nonexistent");
  auto firmware = build_firmware(*find_board("virtual-nano33ble"), scratch / "library", scratch / "work");
  ASSERT_FALSE(firmware);
  EXPECT_EQ(firmware.error().code, Code::program_missing);
  EXPECT_THAT(firmware.error().detail, HasSubstr("arm-none-eabi-g++"));
  EXPECT_THAT(firmware.error().detail, HasSubstr("apt-get install"));
}

TEST(MissingPrograms, a_missing_emulator_is_named_with_the_command_that_installs_it) {
  ASSERT_TRUE(raw_firmware());
  const Path path("/nonexistent");
  auto board = boot_raw();
  ASSERT_FALSE(board);
  EXPECT_EQ(board.error().code, Code::program_missing);
  EXPECT_THAT(board.error().detail, HasSubstr("qemu-system-arm"));
  EXPECT_THAT(board.error().detail, HasSubstr("apt-get install"));
}

TEST(MissingPrograms, a_missing_instruction_counter_is_named) {
  auto board = boot_raw({.plugin = "/nonexistent/counter.so"});
  ASSERT_FALSE(board);
  EXPECT_EQ(board.error().code, Code::program_missing);
  EXPECT_THAT(board.error().detail, HasSubstr("/nonexistent/counter.so"));
}

TEST(VirtualBoard, does_not_boot_what_is_no_firmware) {
  const Scratch scratch;
  std::ofstream(scratch / "x.elf") << "not an ELF file at all, but long enough to hold a header of 52 bytes";
  const Board board = *find_board("virtual-nano33ble");
  EXPECT_EQ(VirtualBoard::boot(board, scratch / "x.elf").error().code, Code::elf_damaged);
  EXPECT_EQ(VirtualBoard::boot(board, scratch / "none.elf").error().code, Code::file_not_found);
  EXPECT_EQ(VirtualBoard::boot(*find_board("nano33ble"), scratch / "x.elf").error().code,
            Code::unknown_board);
}

}  // namespace
}  // namespace tadpole::board
