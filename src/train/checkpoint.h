// What a training needs to go on: written after an epoch, read before the next one. Bytes only; the caller
// keeps them.
//
// Format, little-endian: "TPCK", version u32 = 2, CRC-32 of the rest u32, length of the rest u64; then the
// fields of Checkpoint in order: strings and arrays as u64 count and elements.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "train/trainer.h"

namespace tadpole::train {

struct Checkpoint {
  uint64_t graph = 0;  ///< fingerprint of names, operators, shapes and attributes
  uint64_t training_examples = 0;
  std::vector<uint64_t> options;   ///< the numbers of option_numbers()
  std::string instruction_set;     ///< other kernels give other bits
  uint64_t epoch = 0, update = 0;  ///< finished
  uint64_t best_epoch = 0, epochs_since_best = 0;
  double best_loss = 0;
  double seconds = 0, training_seconds = 0;
  std::vector<float> weights, state, first, second;   ///< plain, in the order of the graph
  std::vector<float> best_weights, best_state;        ///< empty without validation
  std::vector<float> average_weights, average_state;  ///< empty without averaging
  std::vector<EpochMetrics> history;
};

/// An option that decides the bits of a training, as the user writes it.
struct OptionNumber {
  const char* name;
  uint64_t bits;
};
std::vector<OptionNumber> option_numbers(const TrainOptions& options);

/// Hash of everything in a graph but the numbers of its constants, or of these too.
uint64_t fingerprint(const ir::Graph& graph, bool with_constants = false);

std::vector<uint8_t> write_checkpoint(const Checkpoint& checkpoint);
/// Reads untrusted bytes. Fails: checkpoint_damaged (cut off, other magic or version, checksum, sizes).
Result<Checkpoint> read_checkpoint(std::span<const uint8_t> bytes);

}  // namespace tadpole::train
