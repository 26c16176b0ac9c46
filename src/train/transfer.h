// Transfer learning: the first layers of a trained network stay, a new head is trained behind them. What the
// frozen layers answer is computed once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/workers.h"
#include "train/trainer.h"

namespace tadpole::train {

struct TransferOptions {
  std::string cut{};         ///< the last layer that is kept; "": the one before the last layer with weights
  std::string train_from{};  ///< from this kept layer on weights are trained, too; "": only the head's
  float dropout = 0;         ///< before the head's dense layer
};

/// A network in two parts; together they answer for `classes`.
struct TransferNetwork {
  std::optional<ir::Graph> frozen;  ///< its weights stay; nothing when all layers are trained
  ir::Graph trained;                ///< takes what `frozen` gives, ends in a softmax
};

/// Keeps `base` up to the cut and puts a head behind it: global average (of a map), dropout, dense, softmax.
/// `input` is what the features give. Fails: unknown_layer, bad_shape (the base takes another input: says
/// both shapes; a connection runs past the cut), train_bad_setting (train_from lies behind the cut).
Result<TransferNetwork> make_transfer_network(const ir::Graph& base, const ir::Shape& input, int classes,
                                              const TransferOptions& options, uint64_t seed);

/// Another source's examples as a frozen network answers to them, kept in memory: `draws` of each, as the
/// source gives them for epochs 0, 1, ... (augmented ones differ). A visit takes one of them at random: the
/// source's variants are all made before training, none while it runs.
class FrozenExamples final : public Examples {
 public:
  /// Memory: source.size() * draws * outputs floats; draws is lowered until that is at most 256 MB.
  /// Fails: as predict; cancelled.
  static Result<FrozenExamples> make(const ir::Graph& frozen, const Examples& source, int draws,
                                     uint64_t seed, Workers& workers, Progress& progress);

  int size() const override { return source_->size(); }
  int draws() const { return draws_; }
  int get(int index, int epoch, Rng& rng, std::span<float> features) const override;
  int target_size() const override { return source_->target_size(); }
  void get_target(int index, int epoch, std::span<const float> features,
                  std::span<float> target) const override {
    source_->get_target(index, epoch, features, target);
  }
  std::string class_name(int index) const override { return source_->class_name(index); }

 private:
  const Examples* source_ = nullptr;  ///< must stay alive
  int draws_ = 1, width_ = 0;
  std::vector<int> labels_;
  std::vector<float> answers_;  ///< [examples, draws, width]
};

}  // namespace tadpole::train
