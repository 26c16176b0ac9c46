// Batches, and the judge of the losses: by their definitions on a graph's answers, in double precision.
#pragma once

#include <cmath>
#include <vector>

#include "train/loss.h"

namespace tadpole::train {

/// Samples one after another.
struct Batch {
  std::vector<float> features;
  std::vector<int> labels;
  std::vector<float> targets, teacher;  ///< empty where the loss needs none
};

/// Of one answer p for a target t.
inline double reference_distance(double p, double t, const LossOptions& options) {
  const double delta = static_cast<double>(options.huber_delta);
  const double gamma = static_cast<double>(options.focal_gamma);
  const double e = std::abs(p - t);
  switch (options.kind) {
    case Loss::binary_cross_entropy:
      return -t * std::log(p) - (1 - t) * std::log(1 - p);
    case Loss::focal:
      return -t * std::pow(1 - p, gamma) * std::log(p) - (1 - t) * std::pow(p, gamma) * std::log(1 - p);
    case Loss::mean_absolute:
      return e;
    case Loss::huber:
      return e <= delta ? e * e / 2 : delta * (e - delta / 2);
    default:
      return e * e;
  }
}

/// One sample of a classifier; p are probabilities, all arrays of `outputs`.
inline double reference_class_loss(const double* p, size_t outputs, int label, const float* teacher,
                                   const LossOptions& options, bool training) {
  const double count = static_cast<double>(outputs);
  const size_t right = static_cast<size_t>(label);
  const double smoothing = training ? static_cast<double>(options.label_smoothing) : 0;
  double loss = 0;
  for (size_t c = 0; c < outputs; ++c) {
    const double t = c == right ? 1 : 0;
    if (options.kind == Loss::cross_entropy) {
      loss -= ((1 - smoothing) * t + smoothing / count) * std::log(p[c]);
    } else if (options.kind == Loss::focal) {
      loss -= t * std::pow(1 - p[c], static_cast<double>(options.focal_gamma)) * std::log(p[c]);
    } else {
      loss += reference_distance(p[c], t, options) / count;
    }
  }
  if (!training) return loss;
  if (!options.class_weights.empty()) loss *= static_cast<double>(options.class_weights[right]);
  if (options.teacher_share <= 0) return loss;
  const double share = static_cast<double>(options.teacher_share);
  const double temperature = static_cast<double>(options.temperature);
  double student_total = 0, teacher_total = 0, divergence = 0;
  const auto soft = [&](double probability) { return std::pow(probability, 1 / temperature); };
  for (size_t c = 0; c < outputs; ++c) {
    student_total += soft(p[c]);
    teacher_total += soft(static_cast<double>(teacher[c]));
  }
  for (size_t c = 0; c < outputs; ++c) {
    const double t = soft(static_cast<double>(teacher[c])) / teacher_total;
    divergence += t * std::log(t / (soft(p[c]) / student_total));
  }
  return (1 - share) * loss + share * temperature * temperature * divergence;
}

/// Mean over the samples. `options.kind` must not be automatic.
inline double reference_loss(const std::vector<double>& answers, const Batch& batch,
                             const LossOptions& options, bool classifier, bool training) {
  const size_t samples = batch.labels.size(), outputs = answers.size() / samples;
  const double share = training ? static_cast<double>(options.teacher_share) : 0;
  double total = 0;
  for (size_t i = 0; i < samples; ++i) {
    if (classifier) {
      total += reference_class_loss(&answers[i * outputs], outputs, batch.labels[i],
                                    batch.teacher.empty() ? nullptr : &batch.teacher[i * outputs], options,
                                    training);
      continue;
    }
    for (size_t c = 0; c < outputs; ++c) {
      const size_t at = i * outputs + c;
      double loss = reference_distance(answers[at], static_cast<double>(batch.targets[at]), options);
      if (share > 0) {
        loss = (1 - share) * loss +
               share * reference_distance(answers[at], static_cast<double>(batch.teacher[at]), options);
      }
      if (training && !options.class_weights.empty()) loss *= static_cast<double>(options.class_weights[c]);
      total += loss / static_cast<double>(outputs);
    }
  }
  return total / static_cast<double>(samples);
}

}  // namespace tadpole::train
