// The firmware on an emulated RV32IMC: it boots, answers, counts, and keeps to the chip's memory as on
// Cortex-M.
#include <gmock/gmock.h>

#include "fixture.h"
#include "tests/board/fake_model/model.h"

namespace tadpole::board {
namespace {

using testing::HasSubstr;

TEST(RiscvBoard, says_who_it_is_answers_and_measures_itself) {
  auto board = boot_riscv();
  ASSERT_TRUE(board) << board.error().message();
  EXPECT_EQ((*board)->hello().board, "virtual-rv32");
  EXPECT_EQ((*board)->hello().model, "fake");
  for (int i = 0; i < 3; ++i) {
    std::vector<uint8_t> input = raw_input(model::kBehave);
    input[1] = static_cast<uint8_t>(i);
    auto output = (*board)->infer(input);
    ASSERT_TRUE(output) << output.error().message();
    EXPECT_EQ(*output, expected_output(input));
  }
  const auto stats = (*board)->stats();
  ASSERT_TRUE(stats) << stats.error().message();
  EXPECT_EQ(stats->arena_high_water, model::kInputBytes + model::kOutputBytes);
  EXPECT_EQ(stats->stack_bytes, 8192);
  EXPECT_GE(stats->stack_high_water, model::kOutputBytes);
  EXPECT_LT(stats->stack_high_water, 8192);
  EXPECT_EQ(stats->inferences, 3);
}

TEST(RiscvBoard, firmware_knows_where_flash_and_ram_went) {
  const Result<Firmware>& firmware = riscv_firmware();
  ASSERT_TRUE(firmware) << firmware.error().message();
  EXPECT_EQ(firmware->flash_weights_bytes, 256);
  EXPECT_GT(firmware->flash_code_bytes, 1500);
  EXPECT_LT(firmware->flash_code_bytes, 8000);
  EXPECT_EQ(firmware->stack_bytes, 8192 + 1024);
  EXPECT_LE(firmware->total_ram_bytes() - model::kArenaBytes, kFirmwareRamBytes);
  // LI, ADDI, NOP, BNEZ, RET: 4 + 2 + 2 + 2 + 2 bytes, and it calls nothing.
  EXPECT_EQ(firmware->code.bytes_reached_from("tadpole_layer_001"), 12);
  EXPECT_GT(firmware->code.bytes_reached_from("_ZN5model6invokeEv"),
            firmware->code.bytes_reached_from("tadpole_layer_002") +
                firmware->code.bytes_reached_from("tadpole_layer_001"));
}

struct Wrong {
  model::Deed deed;
  const char* words;
};

TEST(RiscvBoard, faults_are_reported_by_name) {
  for (const Wrong& wrong : {
           Wrong{model::kWriteBehindRam, "wrote outside memory at 0x84050000"},
           Wrong{model::kWriteBelowRam, "wrote outside memory at 0x83FF0000"},
           Wrong{model::kWriteFlash, "wrote to flash at 0x80001234"},
           Wrong{model::kJumpToRam, "jumped into RAM at 0x84000100"},
           Wrong{model::kOverflowStack, "stack overflow: the program needs more than the 8,192 B"},
           Wrong{model::kBigFrame, "stack overflow"},
           Wrong{model::kReadNull, "read through a null pointer at 0x00000008"},
           Wrong{model::kWriteNull, "wrote through a null pointer at 0x00000000"},
           Wrong{model::kReadBehindFlash, "read outside memory at 0x80140000"},
           Wrong{model::kReadDevice, "read outside memory at 0x10000000"},
           Wrong{model::kJumpToNull, "jumped through a null pointer"},
           Wrong{model::kUndefinedInstruction, "ran an instruction that the processor does not have"},
       }) {
    auto board = boot_riscv();
    ASSERT_TRUE(board) << board.error().message();
    auto output = (*board)->infer(raw_input(wrong.deed));
    ASSERT_FALSE(output) << wrong.words;
    EXPECT_EQ(output.error().code, Code::board_fault) << output.error().message();
    EXPECT_THAT(output.error().detail, HasSubstr(wrong.words));
    if (wrong.deed == model::kWriteFlash) {
      EXPECT_THAT(output.error().detail, HasSubstr("in tadpole_layer_002"));
    }
  }
}

TEST(RiscvBoard, lets_the_program_use_the_last_bytes_of_ram_and_flash) {
  auto board = boot_riscv();
  ASSERT_TRUE(board) << board.error().message();
  auto output = (*board)->infer(raw_input(model::kTouchLastBytes));
  EXPECT_TRUE(output) << output.error().message();
}

TEST(RiscvBoard, that_stops_repeats_its_last_words) {
  auto board = boot_riscv({.answer_timeout = std::chrono::milliseconds(1500)});
  ASSERT_TRUE(board) << board.error().message();
  auto output = (*board)->infer(raw_input(model::kStop));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, Code::board_silent);
  EXPECT_THAT(output.error().detail, HasSubstr("the fake model gave up"));
}

TEST(RiscvInstructions, by_class_are_those_of_a_loop_counted_by_hand) {
  auto board = boot_riscv();
  ASSERT_TRUE(board) << board.error().message();
  ASSERT_TRUE((*board)->infer(raw_input(model::kBehave)));
  Counts expected;
  expected[Count::alu] = 1 + 2 * 1000;          // LI; ADDI and NOP in each turn
  expected[Count::branch_taken] = 999 + 1 + 1;  // BNEZ but for the last turn, RET, JAL to the next layer
  expected[Count::branch_not_taken] = 1;        // BNEZ in the last turn
  EXPECT_EQ((*board)->instructions().layers.at(1).counts, expected);
}

TEST(RiscvInstructions, counted_by_block_equal_those_counted_one_by_one) {
  auto by_block = boot_riscv({.watch_memory = true});
  auto one_by_one = boot_riscv({.count_each = true, .watch_memory = true});
  ASSERT_TRUE(by_block && one_by_one);
  ASSERT_TRUE((*by_block)->infer(raw_input(model::kReadUnaligned)));
  ASSERT_TRUE((*one_by_one)->infer(raw_input(model::kReadUnaligned)));
  const InstructionCounts &a = (*by_block)->instructions(), &b = (*one_by_one)->instructions();
  EXPECT_EQ(a.inference_counts, b.inference_counts);
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (size_t i = 0; i < a.layers.size(); ++i) EXPECT_EQ(a.layers[i].counts, b.layers[i].counts) << i;
  EXPECT_GE(a.inference_counts[Count::flash_reads], model::kOutputBytes);  // a weight for each output
  EXPECT_EQ(a.layers.at(2).counts[Count::unaligned_accesses], 3);
}

}  // namespace
}  // namespace tadpole::board
