// Boots QEMU and speaks the serial protocol with the firmware in it.
#include "board/virtual_board.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "board/link.h"
#include "data/files.h"
#include "data/process.h"

namespace tadpole::board {
namespace {

constexpr const char* kPluginFile = "libtadpole_count.so";
constexpr size_t kPieceMs = 20;

Result<std::string> find_plugin(const std::string& wanted) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!wanted.empty()) {
    if (fs::exists(wanted, ignored)) return wanted;
    return Error{Code::program_missing, "the instruction counter " + wanted + " does not exist"};
  }
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const fs::path& place : {folder / kPluginFile, folder.parent_path() / kPluginFile}) {
    if (fs::exists(place, ignored)) return place.string();
  }
  return Error{Code::program_missing, std::string("the instruction counter ") + kPluginFile +
                                          " is not beside this program in " + folder.string() +
                                          ". Run: ./dev build"};
}

/// QEMU reads a comma as the end of a value unless it is doubled.
std::string escape_commas(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == ',' ? std::string(",,") : std::string(1, c);
  return out;
}

std::vector<std::string> command_line(const std::string& qemu, const std::string& plugin, const Board& board,
                                      const std::string& elf_path, const Elf& elf,
                                      const BootOptions& options) {
  std::string counter = escape_commas(plugin) + ",fd=" + std::to_string(Child::kRecords);
  if (options.count_each) counter += ",each=on";
  if (!options.count_branches) counter += ",branches=off";
  const Symbol* flash = elf.find("tadpole_flash_begin");
  if (options.watch_memory && flash != nullptr) {
    counter += ",flash=" + std::to_string(flash->address);
    counter += ",flash_end=" + std::to_string(flash->address + board.flash_bytes);
  }
  for (const uint32_t mark : InstructionTracker(elf).marks()) counter += ",at=" + std::to_string(mark);
  std::vector<std::string> argv = {qemu,       "-M",      board.machine, "-kernel", elf_path,
                                   "-display", "none",    "-monitor",    "none",    "-nic",
                                   "none",     "-plugin", counter};
  argv.insert(argv.end(), board.emulator_flags.begin(), board.emulator_flags.end());
  if (options.serial_uart) {
    argv.insert(argv.end(), {"-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line"});
  } else {
    // Without a character device of its own, semihosting's ":tt" is QEMU's standard input and output.
    argv.insert(argv.end(), {"-serial", "null", "-semihosting-config", "enable=on,target=native"});
  }
  return argv;
}

/// Reads numbers and texts from a payload; `good` turns false when it is too short.
class Payload {
 public:
  explicit Payload(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  uint8_t u8() { return take(1) ? bytes_[at_ - 1] : uint8_t{0}; }
  int64_t u16() { return take(2) ? app::get_u16(bytes_.data() + at_ - 2) : 0; }
  int64_t u32() { return take(4) ? app::get_u32(bytes_.data() + at_ - 4) : 0; }
  std::string text() {
    std::string out;
    for (uint8_t c = u8(); good && c != 0; c = u8()) out += static_cast<char>(c);
    return out;
  }
  std::span<const uint8_t> rest(size_t count) {
    return take(count) ? bytes_.subspan(at_ - count, count) : std::span<const uint8_t>{};
  }
  bool good = true;

 private:
  bool take(size_t count) {
    good = good && count <= bytes_.size() - at_;
    if (good) at_ += count;
    return good;
  }
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

Result<BoardHello> read_hello(std::span<const uint8_t> bytes) {
  Payload payload(bytes);
  BoardHello hello;
  payload.u8();  // the protocol's version: the frame's own was checked
  hello.sense = static_cast<app::SenseKind>(payload.u8());
  payload.u16();
  hello.input_bytes = payload.u32();
  hello.output_bytes = payload.u32();
  hello.arena_bytes = payload.u32();
  hello.sample_rate_hz = static_cast<int>(payload.u32());
  hello.clip_samples = payload.u32();
  hello.board = payload.text();
  hello.model = payload.text();
  hello.model_hash = payload.text();
  hello.sample_bytes = static_cast<int>(payload.u16());
  if (!payload.good) return Error{Code::bad_frame, "the board's HELLO is too short"};
  return hello;
}

Result<StreamResult> read_result(std::span<const uint8_t> bytes) {
  Payload payload(bytes);
  StreamResult result;
  result.time_ms = payload.u32();
  const uint8_t detection = payload.u8();
  result.detection = detection == 255 ? -1 : detection;
  const size_t labels = payload.u8();
  const auto averaged = payload.rest(labels);
  const auto scores = payload.rest(labels);
  if (!payload.good) return Error{Code::bad_frame, "a RESULT of the board is too short"};
  result.averaged.assign(averaged.begin(), averaged.end());
  for (const uint8_t score : scores) result.scores.push_back(static_cast<int8_t>(score));
  return result;
}

}  // namespace

struct VirtualBoard::State {
  Link link;
  BootOptions options;
  BoardHello hello;

  Result<std::vector<uint8_t>> ask(app::FrameType type, std::span<const uint8_t> payload = {}) {
    return link.request(type, payload, options.answer_timeout);
  }
  Result<void> reset_stream(app::FrameType type, uint8_t mode) {
    TADPOLE_TRY([[maybe_unused]] const auto reply, ask(type, {&mode, 1}));
    return {};
  }
  Result<void> need_speech() const {
    if (hello.sense == app::kSound) return {};
    return Error{Code::input_size, "the firmware of model " + hello.model +
                                       " does not listen: it was built without sound features"};
  }
  /// Samples of one piece. A frame holds 500 at most, so pieces of sensors above 25 kHz are shorter than 20
  /// ms.
  size_t piece() const {
    const size_t wanted = static_cast<size_t>(std::max(hello.sample_rate_hz, 0)) * kPieceMs / 1000;
    return std::clamp<size_t>(wanted, 1, app::kMaxPayload / 2);
  }
  Result<void> send_pcm(std::span<const int16_t> pcm) {
    std::vector<uint8_t> bytes(2 * pcm.size());
    for (size_t i = 0; i < pcm.size(); ++i) app::put_u16(bytes.data() + 2 * i, static_cast<uint16_t>(pcm[i]));
    TADPOLE_TRY([[maybe_unused]] const auto reply, ask(app::kSignal, bytes));
    return {};
  }
};

VirtualBoard::VirtualBoard(std::unique_ptr<State> state) : state_(std::move(state)) {}
VirtualBoard::~VirtualBoard() = default;

Result<std::unique_ptr<VirtualBoard>> VirtualBoard::boot(const Board& board, const std::string& elf_path,
                                                         const BootOptions& options) {
  if (board.machine.empty()) {
    return Error{Code::unknown_board,
                 board.name + " is not a virtual board. Try virtual-" + board.name + "."};
  }
  TADPOLE_TRY(const std::vector<uint8_t> image, data::read_file(elf_path, size_t{64} << 20));
  Result<Elf> elf = read_elf(image);
  if (!elf) return Error{elf.error().code, elf_path + ": " + elf.error().detail};
  const Result<std::string> qemu = data::find_program(board.emulator);
  if (!qemu) {
    return Error{Code::program_missing, "the emulator " + board.emulator +
                                            " is not installed. Run: apt-get install " +
                                            board.emulator_package};
  }
  TADPOLE_TRY(const std::string plugin, find_plugin(options.plugin));
  TADPOLE_TRY(auto child, Child::start(command_line(*qemu, plugin, board, elf_path, *elf, options)));
  std::unique_ptr<State> state(
      new State{Link(std::move(child), std::move(*elf), options.progress), options, {}});
  TADPOLE_TRY(const auto hello, state->link.request(app::kHello, {}, options.boot_timeout));
  TADPOLE_TRY(state->hello, read_hello(hello));
  return std::unique_ptr<VirtualBoard>(new VirtualBoard(std::move(state)));
}

const BoardHello& VirtualBoard::hello() const { return state_->hello; }
Result<BoardHello> VirtualBoard::greet() {
  TADPOLE_TRY(const auto hello, state_->ask(app::kHello));
  TADPOLE_TRY(state_->hello, read_hello(hello));
  return state_->hello;
}
const InstructionCounts& VirtualBoard::instructions() const { return state_->link.tracker().counts(); }
int VirtualBoard::process() const { return state_->link.process(); }

Result<std::vector<uint8_t>> VirtualBoard::infer(std::span<const uint8_t> input) {
  if (static_cast<int64_t>(input.size()) != state_->hello.input_bytes) {
    return Error{Code::input_size, "the model takes " + base::with_commas(state_->hello.input_bytes) +
                                       " B of input and got " +
                                       base::with_commas(static_cast<int64_t>(input.size())) + " B"};
  }
  for (size_t offset = 0; offset < input.size();) {
    const size_t count = std::min<size_t>(input.size() - offset, app::kMaxPayload - 4);
    std::vector<uint8_t> payload(4 + count);
    app::put_u32(payload.data(), static_cast<uint32_t>(offset));
    std::copy_n(input.begin() + static_cast<std::ptrdiff_t>(offset), count, payload.begin() + 4);
    TADPOLE_TRY([[maybe_unused]] const auto reply, state_->ask(app::kSetInput, payload));
    offset += count;
  }
  TADPOLE_TRY([[maybe_unused]] const auto invoked, state_->ask(app::kInvoke));
  std::vector<uint8_t> output;
  const size_t wanted = static_cast<size_t>(state_->hello.output_bytes);
  while (output.size() < wanted) {
    const size_t count = std::min<size_t>(wanted - output.size(), app::kMaxPayload);
    uint8_t payload[6];
    app::put_u32(payload, static_cast<uint32_t>(output.size()));
    app::put_u16(payload + 4, static_cast<uint32_t>(count));
    TADPOLE_TRY(const auto part, state_->ask(app::kGetOutput, payload));
    if (part.size() != count) return Error{Code::bad_frame, "the board sent less output than was asked for"};
    output.insert(output.end(), part.begin(), part.end());
  }
  return output;
}

Result<std::vector<uint8_t>> VirtualBoard::classify(std::span<const int16_t> clip) {
  TADPOLE_CHECK(state_->need_speech());
  if (static_cast<int64_t>(clip.size()) < state_->hello.clip_samples) {
    return Error{Code::input_size, "the clip has " + base::with_commas(static_cast<int64_t>(clip.size())) +
                                       " samples; the model hears " +
                                       base::with_commas(state_->hello.clip_samples) + " at once"};
  }
  TADPOLE_CHECK(state_->reset_stream(app::kResetStream, 0));
  const auto heard = clip.first(static_cast<size_t>(state_->hello.clip_samples));
  for (size_t at = 0; at < heard.size(); at += state_->piece()) {
    TADPOLE_CHECK(state_->send_pcm(heard.subspan(at, std::min(state_->piece(), heard.size() - at))));
  }
  return state_->ask(app::kScores);
}

Result<std::vector<uint8_t>> VirtualBoard::answer(std::span<const uint8_t> samples) {
  const BoardHello& hello = state_->hello;
  const size_t size = static_cast<size_t>(std::max(hello.sample_bytes, 1));
  if (hello.sense == app::kNoSense || size > app::kMaxPayload || samples.empty() ||
      samples.size() % size != 0) {
    return Error{Code::input_size, "model " + hello.model + " on " + hello.board + " takes samples of " +
                                       std::to_string(hello.sample_bytes) + " B each and got " +
                                       base::with_commas(static_cast<int64_t>(samples.size())) + " B in all"};
  }
  TADPOLE_CHECK(state_->reset_stream(app::kResetStream, 0));
  const size_t taken = std::min(samples.size(), static_cast<size_t>(hello.clip_samples) * size);
  const size_t piece = app::kMaxPayload / size * size;
  for (size_t at = 0; at < taken; at += piece) {
    TADPOLE_TRY([[maybe_unused]] const auto reply,
                state_->ask(app::kSignal, samples.subspan(at, std::min(piece, taken - at))));
  }
  return state_->ask(app::kScores);
}

Result<std::vector<StreamResult>> VirtualBoard::stream(std::span<const int16_t> pcm, bool fresh,
                                                       const std::function<bool(int64_t)>& heard) {
  TADPOLE_CHECK(state_->need_speech());
  if (fresh) TADPOLE_CHECK(state_->reset_stream(app::kResetStream, 1));
  std::vector<StreamResult> results;
  for (size_t at = 0; at < pcm.size(); at += state_->piece()) {
    const auto piece = pcm.subspan(at, std::min(state_->piece(), pcm.size() - at));
    TADPOLE_CHECK(state_->send_pcm(piece));
    for (const auto& payload : state_->link.take_results()) {
      TADPOLE_TRY(auto result, read_result(payload));
      results.push_back(std::move(result));
    }
    if (heard && !heard(static_cast<int64_t>(at + piece.size()))) {
      return Error{Code::cancelled, "streaming to the board was stopped"};
    }
  }
  return results;
}

Result<BoardStats> VirtualBoard::stats() {
  TADPOLE_TRY(const auto reply, state_->ask(app::kStats));
  Payload payload(reply);
  BoardStats s;
  for (int64_t* const field : {&s.arena_bytes, &s.arena_high_water, &s.stack_bytes, &s.stack_high_water,
                               &s.inferences, &s.bytes_received, &s.frame_errors, &s.bytes_skipped}) {
    *field = payload.u32();
  }
  if (!payload.good) return Error{Code::bad_frame, "the board's STATS are too short"};
  return s;
}

}  // namespace tadpole::board
