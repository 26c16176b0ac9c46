// Losses work in double precision on a handful of numbers a sample; only answers and gradients are rounded.
#include "train/loss.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace tadpole::train {

namespace {

constexpr std::string_view kNames[] = {
    "automatic", "cross_entropy", "binary_cross_entropy", "mean_squared", "mean_absolute", "huber", "focal"};

double real(float value) { return static_cast<double>(value); }

/// A loss of one number and its derivative by the number that the loss is written in.
struct Slope {
  double loss, slope;
};

/// log(1 + e^x) without overflow.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// Focal loss of a yes-or-no question whose answer is yes, by its logit.
Slope focal_yes(double z, double gamma) {
  const double log_p = -softplus(-z), p = std::exp(log_p), rest = 1 / (1 + std::exp(z));
  const double ease = std::pow(rest, gamma);
  return {-ease * log_p, ease * (gamma * p * log_p - rest)};
}

/// binary_cross_entropy and focal by the logit.
Slope binary_loss(Loss kind, double z, double target, double gamma) {
  if (kind == Loss::binary_cross_entropy) return {softplus(z) - target * z, 1 / (1 + std::exp(-z)) - target};
  const Slope yes = focal_yes(z, gamma), no = focal_yes(-z, gamma);
  return {target * yes.loss + (1 - target) * no.loss, target * yes.slope - (1 - target) * no.slope};
}

/// Regression losses by the answer.
Slope distance(Loss kind, double error, double delta) {
  switch (kind) {
    case Loss::mean_absolute:
      return {std::abs(error), error > 0 ? 1.0 : error < 0 ? -1.0 : 0.0};
    case Loss::huber:
      if (std::abs(error) > delta)
        return {delta * (std::abs(error) - delta / 2), std::copysign(delta, error)};
      return {error * error / 2, error};
    default:
      return {error * error, 2 * error};
  }
}

bool is_regression(Loss kind) {
  return kind == Loss::mean_squared || kind == Loss::mean_absolute || kind == Loss::huber;
}

Loss natural_loss(Head head) {
  return head == Head::softmax    ? Loss::cross_entropy
         : head == Head::logistic ? Loss::binary_cross_entropy
                                  : Loss::mean_squared;
}

bool fits(Loss kind, Head head) {
  if (is_regression(kind)) return true;
  if (kind == Loss::focal) return head != Head::plain;
  return kind == natural_loss(head);
}

std::string_view head_words(Head head) {
  return head == Head::softmax    ? "a softmax"
         : head == Head::logistic ? "a logistic layer"
                                  : "neither a softmax nor a logistic layer";
}

Error bad(const std::string& what) { return {Code::train_bad_setting, what}; }

}  // namespace

std::string_view to_string(Loss loss) { return kNames[static_cast<size_t>(loss)]; }

Result<LossFunction> LossFunction::make(const LossOptions& options, Head head, float beta, int outputs) {
  LossFunction loss;
  loss.options_ = options;
  loss.head_ = head;
  loss.beta_ = beta;
  loss.outputs_ = outputs;
  if (options.kind == Loss::automatic) loss.options_.kind = natural_loss(head);
  if (!fits(loss.options_.kind, head)) {
    return bad(
        "loss is " + std::string(to_string(options.kind)) + ", but the network ends with " +
        std::string(head_words(head)) +
        ". cross_entropy needs a softmax, binary_cross_entropy a logistic layer, focal one of the two; "
        "automatic chooses.");
  }
  const auto share = [](float value) { return value >= 0 && value <= 1; };
  if (!(share(options.label_smoothing) && options.label_smoothing < 1)) {
    return bad("label_smoothing is " + std::to_string(options.label_smoothing) + "; needs 0 up to below 1.");
  }
  if (!(options.huber_delta > 0) || !std::isfinite(options.huber_delta)) {
    return bad("huber_delta is " + std::to_string(options.huber_delta) + "; needs a number above 0.");
  }
  if (!(options.focal_gamma >= 0) || !std::isfinite(options.focal_gamma)) {
    return bad("focal_gamma is " + std::to_string(options.focal_gamma) + "; needs 0 or more.");
  }
  if (!share(options.teacher_share)) {
    return bad("teacher_share is " + std::to_string(options.teacher_share) + "; needs 0 to 1.");
  }
  if (!(options.temperature > 0) || !std::isfinite(options.temperature)) {
    return bad("temperature is " + std::to_string(options.temperature) + "; needs a number above 0.");
  }
  const size_t weights = options.class_weights.size();
  if (weights != 0 && weights != static_cast<size_t>(outputs)) {
    return bad("there are " + std::to_string(weights) + " class weights; the network has " +
               std::to_string(outputs) + " outputs. Give one for each, or none.");
  }
  for (const float weight : options.class_weights) {
    if (!(weight >= 0) || !std::isfinite(weight))
      return bad("a class weight is " + std::to_string(weight) + "; needs 0 or more.");
  }
  return loss;
}

Result<LossFunction> LossFunction::with_class_weights(std::vector<float> weights) const {
  LossOptions options = options_;
  options.class_weights = std::move(weights);
  return make(options, head_, beta_, outputs_);
}

SampleLoss LossFunction::of(const float* z, const Wanted& wanted, float* answers, float* gradient,
                            float scale) const {
  return head_ == Head::softmax ? of_classes(z, wanted, answers, gradient, scale)
                                : of_numbers(z, wanted, answers, gradient, scale);
}

SampleLoss LossFunction::of_classes(const float* z, const Wanted& wanted, float* answers, float* gradient,
                                    float scale) const {
  const int classes = outputs_, label = wanted.label;
  const double beta = real(beta_);
  const int best = static_cast<int>(std::max_element(z, z + classes) - z);
  double total = 0;
  for (int c = 0; c < classes; ++c) total += std::exp(beta * (real(z[c]) - real(z[best])));
  const auto log_p = [&, log_total = std::log(total)](int c) {
    return beta * (real(z[c]) - real(z[best])) - log_total;
  };
  for (int c = 0; c < classes; ++c) answers[c] = static_cast<float>(std::exp(log_p(c)));
  const bool training = gradient != nullptr;
  const double weight = training ? class_weight(label) : 1;
  const float own_share = training && uses_teacher() ? 1 - options_.teacher_share : 1;
  const float factor = own_share * static_cast<float>(weight) * scale * beta_;
  SampleLoss result{0, best == label, 0};
  if (options_.kind == Loss::cross_entropy) {
    const float smoothing = training ? options_.label_smoothing : 0;
    for (int c = 0; c < classes; ++c) {
      const double target = real(smoothing) / classes + (c == label ? 1 - real(smoothing) : 0.0);
      if (target > 0) result.loss -= target * log_p(c);
      if (!training) continue;
      const float rounded = smoothing / static_cast<float>(classes) + (c == label ? 1 - smoothing : 0);
      gradient[c] = factor * (answers[c] - rounded);
    }
  } else if (options_.kind == Loss::focal) {
    const double gamma = real(options_.focal_gamma), p = std::exp(log_p(label)), rest = 1 - p;
    const double ease = std::pow(rest, gamma);
    result.loss = -ease * log_p(label);
    const double inner = rest > 0 ? gamma * ease / rest * p * log_p(label) : 0.0;
    for (int c = 0; training && c < classes; ++c) {
      gradient[c] =
          static_cast<float>(real(factor) * (inner - ease) * ((c == label ? 1.0 : 0.0) - std::exp(log_p(c))));
    }
  } else {
    double along = 0;  // sum of slope * answer: the softmax moves all answers together
    const auto slope = [&](int c) {
      const Slope at =
          distance(options_.kind, std::exp(log_p(c)) - (c == label ? 1.0 : 0.0), real(options_.huber_delta));
      return Slope{at.loss / classes, at.slope / classes};
    };
    for (int c = 0; c < classes; ++c) {
      result.loss += slope(c).loss;
      along += slope(c).slope * std::exp(log_p(c));
    }
    for (int c = 0; training && c < classes; ++c) {
      gradient[c] = static_cast<float>(real(factor) * std::exp(log_p(c)) * (slope(c).slope - along));
    }
  }
  result.loss *= weight * real(own_share);
  if (training && uses_teacher()) result.loss += toward_teacher(z, wanted.teacher, gradient, scale);
  return result;
}

double LossFunction::toward_teacher(const float* z, const float* teacher, float* gradient,
                                    float scale) const {
  // The teacher's probabilities at a temperature are its probabilities to the power of 1 / temperature, made
  // to add up to 1 again: its logits are not needed.
  const double temperature = real(options_.temperature), beta = real(beta_) / temperature;
  const double top = real(*std::max_element(z, z + outputs_));
  double student_total = 0, teacher_total = 0;
  for (int c = 0; c < outputs_; ++c) {
    student_total += std::exp(beta * (real(z[c]) - top));
    teacher_total += std::pow(real(teacher[c]), 1 / temperature);
  }
  double loss = 0;
  const double share = real(options_.teacher_share);
  for (int c = 0; c < outputs_; ++c) {
    const double log_student = beta * (real(z[c]) - top) - std::log(student_total);
    const double wanted = std::pow(real(teacher[c]), 1 / temperature) / teacher_total;
    if (wanted > 0) loss += wanted * (std::log(wanted) - log_student);
    gradient[c] += static_cast<float>(share * real(scale) * temperature * real(beta_) *
                                      (std::exp(log_student) - wanted));
  }
  return share * temperature * temperature * loss;
}

SampleLoss LossFunction::of_numbers(const float* z, const Wanted& wanted, float* answers, float* gradient,
                                    float scale) const {
  const bool logistic = head_ == Head::logistic, training = gradient != nullptr;
  const bool taught = training && uses_teacher();
  const double share = taught ? real(options_.teacher_share) : 0;
  const double average = 1.0 / outputs_;
  SampleLoss result{0, logistic, 0};
  const auto slope_to = [&](double before, double answer, double target) {
    if (!is_regression(options_.kind))
      return binary_loss(options_.kind, before, target, real(options_.focal_gamma));
    Slope at = distance(options_.kind, answer - target, real(options_.huber_delta));
    if (logistic) at.slope *= answer * (1 - answer);
    return at;
  };
  for (int i = 0; i < outputs_; ++i) {
    const double before = real(z[i]), target = real(wanted.target[i]);
    const double answer = logistic ? 1 / (1 + std::exp(-before)) : before;
    answers[i] = static_cast<float>(answer);
    Slope at = slope_to(before, answer, target);
    if (taught) {
      const Slope taught_at = slope_to(before, answer, real(wanted.teacher[i]));
      at = {(1 - share) * at.loss + share * taught_at.loss, (1 - share) * at.slope + share * taught_at.slope};
    }
    const double weight = (training ? class_weight(i) : 1) * average;
    result.loss += weight * at.loss;
    result.absolute_error += std::abs(answer - target) * average;
    if (logistic && (before >= 0) != (target >= 0.5)) result.correct = false;
    if (training) gradient[i] = static_cast<float>(weight * at.slope * real(scale));
  }
  return result;
}

}  // namespace tadpole::train
