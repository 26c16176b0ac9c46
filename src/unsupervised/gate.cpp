// Scales, centres and whitening matrices as whole numbers.
#include "unsupervised/gate.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace tadpole::unsupervised {

namespace {

using app::GateKind;
using app::kGateUnit;

Error outside(const std::string& what, double value) {
  return {Code::points_unusable, what + " is " + std::to_string(value) +
                                     ", more than the board's gate can hold. Leave that feature out, or "
                                     "check how the features are scaled."};
}

/// The first part of a gate: from stored numbers to deviations of 1/256. `shifted` is added to the mean, in
/// standard deviations.
Result<Gate> normalising(const Standardiser& standardiser, const StoredFeature& stored,
                         std::span<const double> shifted, double threshold) {
  const size_t width = standardiser.mean.size();
  if (width > static_cast<size_t>(app::kGateWidth)) {
    return Error{Code::points_unusable, "points have " + std::to_string(width) +
                                            " numbers; the board's gate takes at most " +
                                            std::to_string(app::kGateWidth) + "."};
  }
  if (!(stored.scale > 0) || !(threshold >= 0) || !(threshold * kGateUnit < 2147483647.0)) {
    return Error{Code::unsupervised_bad_setting,
                 "a gate got a feature scale of " + std::to_string(stored.scale) + " and a threshold of " +
                     std::to_string(threshold) +
                     "; needs a scale above 0 and a threshold from 0 to 8 million deviations."};
  }
  Gate gate;
  gate.width = static_cast<int>(width);
  const double border = std::floor(threshold * kGateUnit * threshold * kGateUnit);
  gate.threshold = static_cast<uint64_t>(border);
  for (size_t i = 0; i < width; ++i) {
    const double deviation = static_cast<double>(standardiser.deviation[i]);
    const double mean = static_cast<double>(standardiser.mean[i]) + shifted[i] * deviation;
    const double offset = std::round((mean / stored.scale + stored.zero_point) * 256);
    const std::string name = "the mean of value " + std::to_string(i) + " in stored steps";
    if (!(std::fabs(offset) < 1e9)) return outside(name, offset / 256);
    // A step of 1/256 of the input is that many 1/256 of a deviation.
    int exponent = 0;
    const double fraction = std::frexp(stored.scale / deviation, &exponent);
    const long multiplier = std::lround(fraction * 32768);
    const int shift = 15 - exponent;
    if (shift < 1 || shift > 48)
      return outside("the deviation of value " + std::to_string(i) + " in stored steps",
                     deviation / stored.scale);
    gate.offset.push_back(static_cast<int32_t>(offset));
    gate.multiplier.push_back(static_cast<int32_t>(multiplier));
    gate.shift.push_back(static_cast<int8_t>(shift));
  }
  return gate;
}

/// A row of numbers times 2^shift as int16, with the largest shift from 1 to 30 that fits.
Result<int8_t> append_row(std::vector<int16_t>& out, std::span<const double> row) {
  double largest = 0;
  for (const double value : row) largest = std::max(largest, std::fabs(value));
  int shift = 30;
  while (shift > 1 && std::ldexp(largest, shift) > 32767) --shift;
  if (!(std::ldexp(largest, shift) <= 32767)) return outside("a number of the whitening matrix", largest);
  for (const double value : row) out.push_back(static_cast<int16_t>(std::lround(std::ldexp(value, shift))));
  return static_cast<int8_t>(shift);
}

}  // namespace

app::AnomalyGate Gate::view() const {
  return {
      kind,     width, rows, offset.data(), multiplier.data(), shift.data(), matrix.data(), row_shift.data(),
      threshold};
}

double Gate::distance(const app::GateAnswer& answer) {
  return std::sqrt(static_cast<double>(answer.squared)) / kGateUnit;
}

Result<Gate> make_gate(const KMeans& model, const Standardiser& standardiser, const StoredFeature& stored,
                       double threshold) {
  const std::vector<double> nothing(standardiser.mean.size(), 0);
  TADPOLE_TRY(Gate gate, normalising(standardiser, stored, nothing, threshold));
  if (model.width != gate.width || model.count < 1 || model.count > 255) {
    return Error{Code::unsupervised_bad_setting,
                 "a gate got " + std::to_string(model.count) + " centres of " + std::to_string(model.width) +
                     " numbers; needs 1 to 255 of " + std::to_string(gate.width) + "."};
  }
  gate.rows = model.count;
  for (const float value : model.centres) {
    const double units = std::round(static_cast<double>(value) * kGateUnit);
    if (std::fabs(units) > 32767) return outside("a number of a centre, in deviations,", units / kGateUnit);
    gate.matrix.push_back(static_cast<int16_t>(units));
  }
  return gate;
}

Result<Gate> make_gate(const Gaussian& model, const Standardiser& standardiser, const StoredFeature& stored,
                       double threshold) {
  if (static_cast<size_t>(model.width) != standardiser.mean.size()) {
    return Error{Code::unsupervised_bad_setting,
                 "a gate got a model of " + std::to_string(model.width) + " numbers and a scale of " +
                     std::to_string(standardiser.mean.size()) + "; needs as many."};
  }
  TADPOLE_TRY(Gate gate, normalising(standardiser, stored, model.mean, threshold));
  gate.kind = GateKind::whitening;
  gate.rows = gate.width;
  const size_t width = static_cast<size_t>(gate.width);
  for (size_t row = 0; row < width; ++row) {
    TADPOLE_TRY(const int8_t shift,
                append_row(gate.matrix, std::span(model.whitening).subspan(row * width, row + 1)));
    gate.row_shift.push_back(shift);
  }
  return gate;
}

}  // namespace tadpole::unsupervised
