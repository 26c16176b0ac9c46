// Sections one behind the other: header, ends, states, steps, then everything they refer to.
#include "codegen/blob.h"

#include <bit>
#include <cstring>
#include <map>

#include "base/bit_cast.h"
#include "base/hash.h"
#include "device/runtime/blob.h"

namespace tadpole::codegen {

namespace {

using runtime::BlobHeader;

static_assert(std::endian::native == std::endian::little, "blobs are little-endian, and written as they lie");

/// Constant bytes behind the tables. Equal ones are stored once.
class Pool {
 public:
  /// Offset of the bytes from the pool's start, a multiple of 16.
  uint32_t add(std::span<const uint8_t> data) {
    const auto [found, added] = known_.try_emplace(std::string(data.begin(), data.end()), uint32_t{0});
    if (added) {
      bytes.resize((bytes.size() + 15) / 16 * 16);
      found->second = static_cast<uint32_t>(bytes.size());
      bytes.insert(bytes.end(), data.begin(), data.end());
    }
    return found->second;
  }

  std::vector<uint8_t> bytes;

 private:
  std::map<std::string, uint32_t> known_;
};

/// Writes a parameter struct as ParamsReader reads it; arrays' offsets are those in the pool, listed in
/// `relocate`.
class ParamsWriter final : public plan::ParamVisitor {
 public:
  explicit ParamsWriter(Pool& pool) : pool_(pool) {}

  std::vector<uint32_t> words;
  std::vector<size_t> relocate;

  void number(std::string_view, int32_t value) override { words.push_back(static_cast<uint32_t>(value)); }
  void number(std::string_view, float value) override { words.push_back(bit_cast<uint32_t>(value)); }
  void numbers(std::string_view, std::span<const int32_t> values) override {
    for (const int32_t value : values) words.push_back(static_cast<uint32_t>(value));
  }
  void begin_group(std::string_view) override {}
  void end_group() override {}
  void array(std::string_view, std::span<const int8_t> values) override { add(std::as_bytes(values)); }
  void array(std::string_view, std::span<const int16_t> values) override { add(std::as_bytes(values)); }
  void array(std::string_view, std::span<const int32_t> values) override { add(std::as_bytes(values)); }
  void array(std::string_view, std::span<const float> values) override { add(std::as_bytes(values)); }

 private:
  void add(std::span<const std::byte> bytes) {
    relocate.push_back(words.size());
    words.push_back(pool_.add({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}));
    words.push_back(static_cast<uint32_t>(bytes.size()));
  }

  Pool& pool_;
};

class BlobWriter {
 public:
  BlobWriter(const plan::Plan& plan, const std::string& name, const std::string& hash)
      : plan_(plan), name_(name), hash_(hash) {}

  Result<std::vector<uint8_t>> write() {
    put_ends();
    put_states();
    const size_t steps = tables_.size();
    for (const plan::Step& step : plan_.steps()) TADPOLE_CHECK(put_step(step));
    const std::vector<uint8_t> name = text(name_);
    const uint32_t name_offset = pool_.add(name);
    const size_t start = (sizeof(BlobHeader) + tables_.size() + 15) / 16 * 16;
    for (const size_t at : relocations_) {
      uint32_t word = 0;
      std::memcpy(&word, tables_.data() + at, sizeof word);
      word += static_cast<uint32_t>(start);
      std::memcpy(tables_.data() + at, &word, sizeof word);
    }
    const size_t total = (start + pool_.bytes.size() + 15) / 16 * 16;
    if (total >= runtime::kInBlob) return Error{Code::does_not_fit, "the model is larger than 2 GB."};
    std::vector<uint8_t> blob(total);
    BlobHeader header = {};
    header.magic = runtime::kBlobMagic;
    header.version = runtime::kBlobVersion;
    header.header_bytes = sizeof header;
    header.total_bytes = static_cast<uint32_t>(total);
    plan_.target().kernels.copy(header.target, sizeof header.target);
    hash_.copy(header.hash, sizeof header.hash);
    header.name = static_cast<uint32_t>(start) + name_offset;
    header.arena_bytes = static_cast<uint32_t>(plan_.arena_bytes());
    header.inputs = static_cast<uint32_t>(plan_.input_count());
    header.outputs = static_cast<uint32_t>(plan_.output_count());
    header.states = static_cast<uint32_t>(plan_.states().size());
    header.steps = static_cast<uint32_t>(plan_.steps().size());
    header.ends = sizeof header;
    header.first_states = header.ends + (header.inputs + header.outputs) * sizeof(runtime::Place);
    header.first_step = static_cast<uint32_t>(sizeof header + steps);
    std::memcpy(blob.data() + sizeof header, tables_.data(), tables_.size());
    std::memcpy(blob.data() + start, pool_.bytes.data(), pool_.bytes.size());
    std::memcpy(blob.data(), &header, sizeof header);
    constexpr size_t kCovered = offsetof(BlobHeader, crc32) + sizeof(uint32_t);
    header.crc32 = base::crc32(std::span<const uint8_t>(blob).subspan(kCovered));
    std::memcpy(blob.data(), &header, sizeof header);
    return blob;
  }

 private:
  static std::vector<uint8_t> text(const std::string& from) {
    std::vector<uint8_t> bytes(from.begin(), from.end());
    bytes.push_back(0);
    return bytes;
  }

  void put(uint64_t word) {
    const auto narrow = static_cast<uint32_t>(word);
    const auto* bytes = reinterpret_cast<const uint8_t*>(&narrow);
    tables_.insert(tables_.end(), bytes, bytes + sizeof narrow);
  }
  void put(int64_t word) { put(static_cast<uint64_t>(word)); }
  /// A word to which the pool's place in the blob is added at the end.
  void put_relocated(uint32_t word) {
    relocations_.push_back(tables_.size());
    put(uint64_t{word});
  }

  void put_ends() {
    for (int i = 0; i < plan_.input_count(); ++i) {
      put(plan_.input_offset(i));
      put(plan_.input_bytes(i));
    }
    for (int i = 0; i < plan_.output_count(); ++i) {
      put(plan_.output_offset(i));
      put(plan_.output_bytes(i));
    }
  }

  void put_states() {
    for (const plan::State& state : plan_.states()) {
      put(state.offset);
      put(static_cast<uint64_t>(state.initial.size()));
      put_relocated(pool_.add(state.initial));
    }
  }

  /// What a kernel may touch of an operand: all of its tensor; of scratch, whatever is left of the arena.
  uint64_t operand_bytes(const plan::Operand& operand) const {
    if (operand.constant) return operand.constant->size();
    if (operand.tensor < 0) return static_cast<uint64_t>(plan_.arena_bytes() - operand.offset);
    return static_cast<uint64_t>(plan_.graph().tensors[static_cast<size_t>(operand.tensor)].bytes());
  }

  Result<void> put_step(const plan::Step& step) {
    if (step.operands.size() > runtime::kMaxOperands) {
      return Error{Code::op_unsupported,
                   "layer '" + step.name + "' has " + std::to_string(step.operands.size()) +
                       " operands; a runner takes " + std::to_string(runtime::kMaxOperands) + "."};
    }
    ParamsWriter params(pool_);
    step.call->visit(params);
    put(uint64_t{runtime::kernel_id(std::string(step.call->name().function).c_str())});
    put(uint64_t{step.operands.size()} | uint64_t{params.words.size()} << 16);
    for (const plan::Operand& operand : step.operands) {
      if (operand.constant) {
        put_relocated(pool_.add(*operand.constant) | runtime::kInBlob);
      } else {
        put(operand.offset);
      }
      put(operand_bytes(operand));
    }
    const size_t first = tables_.size();
    for (const uint32_t word : params.words) put(uint64_t{word});
    for (const size_t index : params.relocate) relocations_.push_back(first + index * sizeof(uint32_t));
    return {};
  }

  const plan::Plan& plan_;
  const std::string &name_, &hash_;
  Pool pool_;
  std::vector<uint8_t> tables_;
  std::vector<size_t> relocations_;
};

}  // namespace

Result<std::vector<uint8_t>> emit_blob(const plan::Plan& plan, const std::string& name,
                                       const std::string& hash) {
  return BlobWriter(plan, name, hash).write();
}

}  // namespace tadpole::codegen
