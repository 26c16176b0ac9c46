// A float graph made ready for training with batches of one size: values, layers, weights and the passes over
// them. All memory is allocated by compile().
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/workers.h"
#include "ir/graph.h"
#include "train/arithmetic.h"
#include "train/kernels.h"
#include "train/layer.h"
#include "train/loss.h"

namespace tadpole::train {

/// Over the samples of a batch.
struct Outcome {
  double loss = 0;            ///< mean a sample
  int correct = 0;            ///< samples that are answered right, see SampleLoss
  double absolute_error = 0;  ///< mean over samples and outputs; not with a softmax
};

/// The batch is cut into kShards parts; sums over parts are made in their order, so a pass gives the same
/// bits for any number of threads. One pass at a time.
class Network {
 public:
  /// `graph` needs one input [1, ...] and one output. Fails: op_unsupported (every such layer), bad_shape,
  /// bad_attribute, train_bad_setting (batch < 1, or a loss that does not fit).
  static Result<std::unique_ptr<Network>> compile(const ir::Graph& graph, int batch,
                                                  const Kernels& kernels = best_kernels(),
                                                  const LossOptions& loss = {});

  int batch() const { return batch_; }
  int outputs() const { return logits_.value->size; }
  int input_size() const { return input_->size; }
  const LossFunction& loss() const { return loss_; }
  /// Instead of those that it was compiled with. Fails: train_bad_setting, as LossFunction::make.
  Result<void> set_class_weights(std::vector<float> weights);
  /// From now on passes compute in this arithmetic, and answers are its. Fails: op_unsupported (a batch
  /// norm).
  Result<void> use_arithmetic(std::shared_ptr<Arithmetic> arithmetic);
  /// Before passes: the weights become what they stand for in the arithmetic, and after them they are again
  /// what the optimiser moves. Both do nothing in float. Fails as Arithmetic::load.
  Result<void> round_weights();
  void restore_weights();
  /// The layer whose numbers the loss judges.
  const std::string& output_layer() const { return logits_.value->name; }
  /// Where the caller puts the features of a sample of the next pass.
  std::span<float> example(int sample) { return {input_->sample(sample), static_cast<size_t>(input_->size)}; }
  /// What the samples should answer: with a softmax their classes, otherwise their targets [outputs].
  std::span<int> labels() { return labels_; }
  std::span<float> target(int sample) { return row(targets_, sample); }
  /// What the teacher answers, for losses that use one: [outputs].
  std::span<float> teacher_answer(int sample) { return row(teacher_, sample); }

  /// Forward and backward over the whole batch, with batch statistics and dropout. The gradients of the mean
  /// loss lie in the shards until combine_gradients().
  Outcome train_step(Workers& workers, uint64_t dropout_key);
  /// Forward over the first `count` samples with running statistics; the plain loss.
  Outcome evaluate(Workers& workers, int count);
  /// Of the last pass: [outputs].
  std::span<const float> answers(int sample) const { return row(answers_, sample); }

  /// The part'th of kShards stretches of the weights.
  struct Range {
    size_t begin, end;
  };
  Range part(int index) const;
  /// Sums the shards' gradients of one part, in shard order, into gradients(). False when one is not finite.
  bool combine_gradients(int part);

  const std::deque<Parameter>& parameters() const { return parameters_; }
  std::span<float> weights() const { return weights_.span(); }
  std::span<float> gradients() const { return gradients_.span().first(weights_.size()); }
  /// Running means and variances.
  std::span<float> state() const { return state_.span(); }
  const Kernels& kernels() const { return *kernels_; }
  /// Training steps so far; running statistics follow faster during the first.
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }

  /// The layer where numbers stopped being finite in the last pass, "" when all are finite.
  std::string first_not_finite(int count) const;
  std::string parameter_name(const Parameter& parameter) const {
    return graph_.tensors[static_cast<size_t>(parameter.tensor)].name;
  }

  /// Values laid out as weights() (weights, gradients, optimiser state) in the order and layout of the graph,
  /// without the padding.
  size_t plain_size() const;
  void to_plain(std::span<const float> arena, std::span<float> plain) const;
  void from_plain(std::span<const float> plain, std::span<float> arena) const;
  /// The graph with these weights and running statistics (laid out as weights() and state()).
  ir::Graph to_graph(std::span<const float> weights, std::span<const float> state) const;

 private:
  friend class NetworkCompiler;
  struct Group {
    int begin, end;  ///< layers that need no meeting of the shards between them
  };

  Network() = default;
  void run_shards(Workers& workers, int count, bool training, uint64_t dropout_key,
                  const std::function<void(const Shard&)>& body);
  size_t take_scratch();
  int take_shard(size_t place, int places);
  void shard_loss(const Shard& shard);
  void forward_exactly(const Shard& shard);
  bool exactly_right(int sample, const Wanted& wanted) const;
  std::span<float> row(const Buffer& rows, int sample) const {
    const size_t size = static_cast<size_t>(outputs());
    return rows.size() == 0 ? std::span<float>()
                            : rows.span().subspan(static_cast<size_t>(sample) * size, size);
  }
  Outcome sum_outcome(int count) const;

  ir::Graph graph_;
  int batch_ = 0;
  const Kernels* kernels_ = nullptr;
  std::vector<std::unique_ptr<Value>> values_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<Group> forward_groups_, backward_groups_;
  std::deque<Parameter> parameters_;
  Value* input_ = nullptr;
  Edge logits_;
  LossFunction loss_;
  Buffer weights_, gradients_, state_, data_, value_gradients_;
  Buffer answers_, targets_, teacher_;      ///< [batch, outputs]
  std::shared_ptr<Arithmetic> arithmetic_;  ///< null: float
  Buffer masters_;                          ///< the optimiser's weights while weights_ holds the rounded ones
  Buffer exact_answers_;                    ///< [batch, outputs], of the last evaluation
  std::vector<int> labels_;
  std::array<Outcome, kShards> shard_outcome_{};
  std::array<Buffer, kShards> scratch_;
  std::array<std::atomic<bool>, kShards> scratch_taken_{}, shard_taken_{};
  std::array<std::atomic<const void*>, kShards> scratch_owner_{};
  bool backwards_ = false;  ///< the next run starts with the shards that the last one ended with
  int64_t steps_ = 0;
};

}  // namespace tadpole::train
