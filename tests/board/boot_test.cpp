// The firmware on QEMU: it boots, answers, counts, and keeps to the chip's memory.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "fixture.h"
#include "tests/board/fake_model/model.h"

namespace tadpole::board {
namespace {

using testing::HasSubstr;

TEST(VirtualBoard, says_who_it_is_and_answers_raw_inputs) {
  auto board = boot_raw();
  ASSERT_TRUE(board) << board.error().message();
  const BoardHello& hello = (*board)->hello();
  EXPECT_EQ(hello.board, "virtual-nano33ble");
  EXPECT_EQ(hello.model, "fake");
  EXPECT_EQ(hello.model_hash, "0123456789abcdef");
  EXPECT_EQ(hello.input_bytes, model::kInputBytes);
  EXPECT_EQ(hello.output_bytes, model::kOutputBytes);
  EXPECT_EQ(hello.arena_bytes, model::kArenaBytes);
  EXPECT_EQ(hello.sense, app::kNoSense);
  for (int i = 0; i < 3; ++i) {
    std::vector<uint8_t> input = raw_input(model::kBehave);
    input[1] = static_cast<uint8_t>(i);
    auto output = (*board)->infer(input);
    ASSERT_TRUE(output) << output.error().message();
    EXPECT_EQ(*output, expected_output(input));
  }
}

TEST(VirtualBoard, answers_the_same_over_the_emulated_uart) {
  auto board = boot_raw({.serial_uart = true});
  ASSERT_TRUE(board) << board.error().message();
  const std::vector<uint8_t> input = raw_input(model::kBehave);
  auto output = (*board)->infer(input);
  ASSERT_TRUE(output) << output.error().message();
  EXPECT_EQ(*output, expected_output(input));
}

TEST(VirtualBoard, refuses_inputs_of_the_wrong_size_and_goes_on) {
  auto board = boot_raw();
  ASSERT_TRUE(board) << board.error().message();
  auto refused = (*board)->infer(std::vector<uint8_t>(7));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::input_size);
  EXPECT_THAT(refused.error().detail, HasSubstr("2,500"));
  EXPECT_EQ((*board)->classify(std::vector<int16_t>(16000)).error().code, Code::input_size);
  EXPECT_TRUE((*board)->infer(raw_input(model::kBehave)));
}

TEST(VirtualBoard, measures_stack_and_arena) {
  auto board = boot_raw();
  ASSERT_TRUE(board) << board.error().message();
  auto before = (*board)->stats();
  ASSERT_TRUE(before) << before.error().message();
  EXPECT_EQ(before->arena_high_water, 0);
  ASSERT_TRUE((*board)->infer(raw_input(model::kBehave)));
  auto after = (*board)->stats();
  ASSERT_TRUE(after);
  EXPECT_EQ(after->arena_bytes, model::kArenaBytes);
  EXPECT_EQ(after->arena_high_water,
            model::kInputBytes + model::kOutputBytes);  // the fake leaves 64 B unused
  EXPECT_EQ(after->stack_bytes, 8192);
  EXPECT_GE(after->stack_high_water, model::kOutputBytes);  // layer 0 keeps the mixed output on the stack
  EXPECT_LT(after->stack_high_water, 8192);
  EXPECT_EQ(after->inferences, 1);
  EXPECT_EQ(after->frame_errors, 0);
  EXPECT_GT(after->bytes_received, 2500);
}

struct Wrong {
  model::Deed deed;
  const char* words;
};
class Fault : public testing::TestWithParam<Wrong> {};

TEST_P(Fault, is_reported_by_name) {
  auto board = boot_raw();
  ASSERT_TRUE(board) << board.error().message();
  const auto begin = std::chrono::steady_clock::now();
  auto output = (*board)->infer(raw_input(GetParam().deed));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, Code::board_fault) << output.error().message();
  EXPECT_THAT(output.error().detail, HasSubstr(GetParam().words));
  // Reported at once, not by running into the time-out of 60 s.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  // The board is gone; later calls say the same.
  EXPECT_EQ((*board)->infer(raw_input(model::kBehave)).error().detail, output.error().detail);
}

INSTANTIATE_TEST_SUITE_P(
    OnBoard, Fault,
    testing::Values(Wrong{model::kWriteBehindRam, "wrote outside memory at 0x20040000"},
                    Wrong{model::kWriteBelowRam, "wrote outside memory at 0x1FFF0000"},
                    Wrong{model::kWriteFlash, "wrote to flash at 0x00001234"},
                    Wrong{model::kJumpToRam, "jumped into RAM at 0x20000100"},
                    Wrong{model::kOverflowStack, "stack overflow: the program needs more than the 8,192 B"},
                    Wrong{model::kBigFrame, "stack overflow"},
                    Wrong{model::kReadNull, "read through a null pointer at 0x00000008"},
                    Wrong{model::kWriteNull, "wrote through a null pointer at 0x00000000"},
                    Wrong{model::kDivideByZero, "divided by zero"},
                    Wrong{model::kReadBehindFlash, "read outside memory at 0x000F0000"},
                    Wrong{model::kReadDevice, "read outside memory at 0x40000000"},
                    Wrong{model::kJumpToNull, "jumped through a null pointer"},
                    Wrong{model::kUndefinedInstruction,
                          "ran an instruction that the processor does not have"}));

TEST(VirtualBoard, names_the_function_in_which_a_fault_happened) {
  auto board = boot_raw();
  ASSERT_TRUE(board) << board.error().message();
  auto output = (*board)->infer(raw_input(model::kWriteFlash));
  ASSERT_FALSE(output);
  EXPECT_THAT(output.error().detail, HasSubstr("in tadpole_layer_002"));
}

TEST(VirtualBoard, lets_the_program_use_the_last_bytes_of_ram_and_flash) {
  auto board = boot_raw();
  ASSERT_TRUE(board) << board.error().message();
  auto output = (*board)->infer(raw_input(model::kTouchLastBytes));
  EXPECT_TRUE(output) << output.error().message();
}

TEST(VirtualBoard, that_hangs_runs_into_the_time_out_and_says_where) {
  auto board = boot_raw({.answer_timeout = std::chrono::milliseconds(1500)});
  ASSERT_TRUE(board) << board.error().message();
  auto output = (*board)->infer(raw_input(model::kHang));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, Code::board_silent);
  EXPECT_THAT(output.error().detail, HasSubstr("1500 ms"));
  EXPECT_THAT(output.error().detail, HasSubstr("tadpole_layer_002"));
}

TEST(VirtualBoard, repeats_the_last_words_of_a_board_that_stopped) {
  auto board = boot_raw({.answer_timeout = std::chrono::milliseconds(1500)});
  ASSERT_TRUE(board) << board.error().message();
  auto output = (*board)->infer(raw_input(model::kStop));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, Code::board_silent);
  EXPECT_THAT(output.error().detail, HasSubstr("the fake model gave up"));
}

TEST(VirtualBoard, whose_emulator_is_killed_is_reported) {
  auto board = boot_raw();
  ASSERT_TRUE(board) << board.error().message();
  ASSERT_EQ(::kill((*board)->process(), SIGKILL), 0);
  auto output = (*board)->infer(raw_input(model::kBehave));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, Code::program_failed);
  EXPECT_THAT(output.error().detail, HasSubstr("signal 9"));
}

TEST(VirtualBoard, ends_its_emulator_with_the_object) {
  auto board = boot_raw();
  ASSERT_TRUE(board) << board.error().message();
  const int process = (*board)->process();
  ASSERT_EQ(::kill(process, 0), 0);
  board->reset();
  EXPECT_NE(::kill(process, 0), 0);
}

/// 'R', 'S', 'Z' and so on as in /proc, or 0 when there is no such process.
char state_of(int process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(file, text);
  const size_t end = text.rfind(')');
  return end == std::string::npos || end + 2 >= text.size() ? '\0' : text[end + 2];
}

TEST(VirtualBoard, that_hangs_ends_when_its_host_is_killed) {
  ASSERT_TRUE(raw_firmware());
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t host = ::fork();
  if (host == 0) {
    auto board = boot_raw();
    const int process = board ? (*board)->process() : -1;
    if (::write(ends[1], &process, sizeof process) != sizeof process) ::_exit(1);
    if (board) (void)(*board)->infer(raw_input(model::kHang));
    ::_exit(0);
  }
  int emulator = -1;
  ASSERT_EQ(::read(ends[0], &emulator, sizeof emulator), static_cast<ssize_t>(sizeof emulator));
  ::close(ends[0]);
  ::close(ends[1]);
  ASSERT_GT(emulator, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // into the endless loop
  ASSERT_EQ(state_of(emulator) == '\0' || state_of(emulator) == 'Z', false);
  ::kill(host, SIGKILL);
  ::waitpid(host, nullptr, 0);
  bool gone = false;
  for (int i = 0; i < 200 && !gone; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    gone = state_of(emulator) == '\0' || state_of(emulator) == 'Z';
  }
  EXPECT_TRUE(gone);
  if (!gone) ::kill(emulator, SIGKILL);
}

TEST(VirtualBoard, can_run_beside_another_one) {
  auto first = boot_raw();
  auto second = boot_raw();
  ASSERT_TRUE(first && second);
  std::vector<uint8_t> input = raw_input(model::kBehave), other = input;
  other[9] = 99;
  bool same = true;
  std::thread thread([&] {
    for (int i = 0; i < 20; ++i) same = same && (*first)->infer(input).value() == expected_output(input);
  });
  for (int i = 0; i < 20; ++i) EXPECT_EQ((*second)->infer(other).value(), expected_output(other));
  thread.join();
  EXPECT_TRUE(same);
}

TEST(Instructions, are_exact_for_a_loop_counted_by_hand) {
  auto board = boot_raw();
  ASSERT_TRUE(board) << board.error().message();
  ASSERT_TRUE((*board)->infer(raw_input(model::kBehave)));
  const InstructionCounts& counts = (*board)->instructions();
  ASSERT_EQ(counts.layers.size(), 3u);
  EXPECT_EQ(counts.layers[1].name, "tadpole_layer_001");
  // 3,002 of the function, and the BL of the caller that leads to the next layer.
  EXPECT_EQ(counts.layers[1].instructions, 3003);
  int64_t sum = 0;
  for (const LayerInstructions& layer : counts.layers) sum += layer.instructions;
  EXPECT_LT(sum, counts.inference);
  EXPECT_LT(counts.inference - sum, 20);  // the marker and model::invoke before its first layer
  EXPECT_EQ(counts.inferences, 1);
}

TEST(Instructions, are_the_same_each_time_and_on_each_boot) {
  std::vector<int64_t> seen;
  for (int boot = 0; boot < 2; ++boot) {
    auto board = boot_raw();
    ASSERT_TRUE(board) << board.error().message();
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE((*board)->infer(raw_input(model::kBehave)));
      seen.push_back((*board)->instructions().inference);
    }
  }
  EXPECT_THAT(seen, testing::Each(seen[0]));
}

TEST(Instructions, by_class_are_those_of_the_loop) {
  auto board = boot_raw();
  ASSERT_TRUE(board) << board.error().message();
  ASSERT_TRUE((*board)->infer(raw_input(model::kBehave)));
  const Counts& loop = (*board)->instructions().layers.at(1).counts;
  Counts expected;
  expected[Count::alu] = 1 + 2 * 1000;          // MOVW; SUBS and NOP in each turn
  expected[Count::branch_taken] = 999 + 1 + 1;  // BNE but for the last turn, BX LR, BL to the next layer
  expected[Count::branch_not_taken] = 1;        // BNE in the last turn
  EXPECT_EQ(loop, expected);
}

TEST(Instructions, counted_by_block_equal_those_counted_one_by_one) {
  auto by_block = boot_raw({.watch_memory = true});
  auto one_by_one = boot_raw({.count_each = true, .watch_memory = true});
  ASSERT_TRUE(by_block && one_by_one);
  ASSERT_TRUE((*by_block)->infer(raw_input(model::kBehave)));
  ASSERT_TRUE((*one_by_one)->infer(raw_input(model::kBehave)));
  const InstructionCounts &a = (*by_block)->instructions(), &b = (*one_by_one)->instructions();
  EXPECT_EQ(a.inference_counts, b.inference_counts);
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (size_t i = 0; i < a.layers.size(); ++i) EXPECT_EQ(a.layers[i].counts, b.layers[i].counts) << i;
  EXPECT_GE(a.inference_counts[Count::flash_reads], model::kOutputBytes);  // a weight for each output
}

TEST(Instructions, without_branches_are_as_many) {
  auto with = boot_raw();
  auto without = boot_raw({.count_branches = false});
  ASSERT_TRUE(with && without);
  ASSERT_TRUE((*with)->infer(raw_input(model::kBehave)));
  ASSERT_TRUE((*without)->infer(raw_input(model::kBehave)));
  EXPECT_EQ((*with)->instructions().inference, (*without)->instructions().inference);
  EXPECT_GT((*with)->instructions().inference_counts[Count::branch_not_taken], 0);
  EXPECT_EQ((*without)->instructions().inference_counts[Count::branch_not_taken], 0);
}

TEST(Instructions, see_accesses_that_are_not_aligned) {
  auto board = boot_raw({.watch_memory = true});
  ASSERT_TRUE(board) << board.error().message();
  ASSERT_TRUE((*board)->infer(raw_input(model::kBehave)));
  EXPECT_EQ((*board)->instructions().layers.at(2).counts[Count::unaligned_accesses], 0);
  ASSERT_TRUE((*board)->infer(raw_input(model::kReadUnaligned)));
  EXPECT_EQ((*board)->instructions().layers.at(2).counts[Count::unaligned_accesses], 3);
}

}  // namespace
}  // namespace tadpole::board
