// A virtual board: the firmware in an emulated microcontroller, spoken to over its serial line.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "board/board.h"
#include "board/instructions.h"
#include "device/app/sense.h"

namespace tadpole::board {

struct BootOptions {
  std::chrono::milliseconds boot_timeout{30'000};    ///< until the board has said hello
  std::chrono::milliseconds answer_timeout{60'000};  ///< for each answer; one inference lies within it
  std::string plugin{};        ///< libtadpole_count.so; "" = beside this program, or in the folder above it
  bool count_each = false;     ///< count instruction by instruction: slower, for checking the other way
  bool count_branches = true;  ///< false: faster, but every conditional branch counts as taken
  bool watch_memory = false;   ///< also count unaligned_accesses and flash_reads: slower
  const Progress* progress = nullptr;  ///< polled for cancellation while an answer is awaited
  bool serial_uart = false;            ///< the firmware was built with BuildOptions::serial_uart
};

/// What the firmware says of itself.
struct BoardHello {
  std::string board, model, model_hash;
  int64_t input_bytes = 0, output_bytes = 0, arena_bytes = 0;
  app::SenseKind sense = app::kNoSense;  ///< what samples it takes; none: raw model inputs only
  int sample_rate_hz = 0;                ///< 0 where samples have no time
  int sample_bytes = 0;                  ///< of one sample: a value of sound, a pixel, a step, a point
  int64_t clip_samples = 0;              ///< samples that one answer needs; stroke: at most so many
};

struct BoardStats {
  int64_t arena_bytes = 0, arena_high_water = 0;
  int64_t stack_bytes = 0, stack_high_water = 0;
  int64_t inferences = 0, bytes_received = 0, frame_errors = 0, bytes_skipped = 0;
};

/// One inference in a stream.
struct StreamResult {
  int64_t time_ms = 0;  ///< since the stream's begin
  int detection = -1;   ///< the label that is announced now, or -1
  std::vector<uint8_t> averaged;
  std::vector<int8_t> scores;
};

/// One booted board. It ends with the object. Not thread-safe; several boards may run at once.
///
/// After a failure of the board itself (board_fault, board_silent, program_failed, bad_frame) or cancellation
/// every call returns the same error. Mistakes of the caller (input_size, refusals) leave it running.
class VirtualBoard {
 public:
  /// Starts QEMU with the firmware and waits for its hello. Fails: program_missing (QEMU, plugin),
  /// elf_damaged, file_not_found, and as the calls below.
  static Result<std::unique_ptr<VirtualBoard>> boot(const Board& board, const std::string& elf_path,
                                                    const BootOptions& options = {});
  ~VirtualBoard();

  const BoardHello& hello() const;

  /// Asks again: firmware with several models takes the samples of whichever runs now.
  Result<BoardHello> greet();

  /// Raw bytes of input 0 to raw bytes of output 0. Fails: input_size.
  Result<std::vector<uint8_t>> infer(std::span<const uint8_t> input);

  /// Streams one clip in pieces of 20 ms as a microphone would, and returns the output bytes of its window.
  /// The rest of a longer clip is not heard. Fails: input_size when it is shorter than hello().clip_samples
  /// or the firmware has no speech features.
  Result<std::vector<uint8_t>> classify(std::span<const int16_t> clip);

  /// Sends the samples of one clip, of any sense, and returns the answer: the output bytes, or the score of
  /// an anomaly as float32. What is beyond a clip is not looked at. Fails: input_size when the bytes are not
  /// whole samples, are too few, or the firmware takes raw inputs only.
  Result<std::vector<uint8_t>> answer(std::span<const uint8_t> samples);

  /// Streams PCM and returns a result for each inference. `fresh` forgets what was heard before; otherwise
  /// the stream goes on. `heard` is called now and then with the samples done; false stops with
  /// Code::cancelled.
  Result<std::vector<StreamResult>> stream(std::span<const int16_t> pcm, bool fresh = true,
                                           const std::function<bool(int64_t)>& heard = {});

  Result<BoardStats> stats();

  /// Exact counts up to the last answer.
  const InstructionCounts& instructions() const;

  /// The process, for tests that end it.
  int process() const;

 private:
  struct State;
  explicit VirtualBoard(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tadpole::board
