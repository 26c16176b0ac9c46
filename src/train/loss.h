// Losses: how far a sample's answers are from what they should be, and which way they should move.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tadpole::train {

enum class Loss : uint8_t {
  automatic,             ///< by the graph's last layer: softmax cross_entropy, logistic binary_cross_entropy,
                         ///< any other mean_squared
  cross_entropy,         ///< softmax: one class of several
  binary_cross_entropy,  ///< logistic: several yes-or-no questions
  mean_squared,
  mean_absolute,
  huber,  ///< squared near the target, straight beyond huber_delta (Huber 1964)
  focal,  ///< softmax or logistic: cross-entropy that looks away from easy samples (Lin et al. 2017)
};
std::string_view to_string(Loss loss);

/// What the graph ends with. The loss works on the numbers before it, where nothing underflows.
enum class Head : uint8_t { plain, softmax, logistic };

struct LossOptions {
  Loss kind = Loss::automatic;
  float label_smoothing = 0;  ///< cross_entropy: this share of the target is spread over all classes
  float huber_delta = 1;
  float focal_gamma = 2;
  /// A factor for the loss of each class (softmax) or output; empty: all 1. The mean is over samples,
  /// whatever their weights.
  std::vector<float> class_weights = {};
  /// Distillation (Hinton, Vinyals and Dean 2015): (1 - share) * loss + share * distance to the teacher.
  /// After a softmax the distance is temperature^2 * KL(teacher, student), both at that temperature;
  /// elsewhere the same loss with the teacher's answers as targets.
  float teacher_share = 0;
  float temperature = 4;
};

/// What one sample should answer. With a softmax its class counts, otherwise `target`.
struct Wanted {
  int label = 0;
  const float* target = nullptr;   ///< [outputs]
  const float* teacher = nullptr;  ///< [outputs], the teacher's answers; read when training with one
};

struct SampleLoss {
  double loss = 0;
  bool correct = false;       ///< softmax: the most probable class (the first of equals) is the label;
                              ///< logistic: every output is on its target's side of 0.5; plain: never
  double absolute_error = 0;  ///< mean over outputs; not with a softmax
};

/// A loss for networks with `outputs` outputs. Regression losses are means over the outputs, and so is binary
/// cross-entropy.
class LossFunction {
 public:
  LossFunction() = default;
  /// `beta` is the softmax's. Fails: train_bad_setting (a loss that does not fit the last layer, as many
  /// class weights as something else, numbers out of range).
  static Result<LossFunction> make(const LossOptions& options, Head head, float beta, int outputs);

  Result<LossFunction> with_class_weights(std::vector<float> weights) const;

  Loss kind() const { return options_.kind; }
  Head head() const { return head_; }
  bool uses_labels() const { return head_ == Head::softmax; }
  bool uses_teacher() const { return options_.teacher_share > 0; }

  /// z [outputs] are the numbers before the head; writes the answers [outputs]. Training: the loss with
  /// smoothing, class weights and teacher, and scale * its gradient by z into `gradient`. Otherwise
  /// `gradient` is null and the loss plain.
  SampleLoss of(const float* z, const Wanted& wanted, float* answers, float* gradient, float scale) const;

 private:
  SampleLoss of_classes(const float* z, const Wanted& wanted, float* answers, float* gradient,
                        float scale) const;
  SampleLoss of_numbers(const float* z, const Wanted& wanted, float* answers, float* gradient,
                        float scale) const;
  double toward_teacher(const float* z, const float* teacher, float* gradient, float scale) const;
  double class_weight(int index) const {
    return options_.class_weights.empty()
               ? 1.0
               : static_cast<double>(options_.class_weights[static_cast<size_t>(index)]);
  }

  LossOptions options_;
  Head head_ = Head::softmax;
  float beta_ = 1;
  int outputs_ = 0;
};

}  // namespace tadpole::train
