// SVDF: a dense layer whose results pass through a memory of the last steps, which a second set of weights
// sums up. The memory is a variable, written in place.
#ifndef TADPOLE_DEVICE_KERNELS_REF_SVDF_H_
#define TADPOLE_DEVICE_KERNELS_REF_SVDF_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// state [batches, filters, memory], the newest value last. An output unit sums `rank` filters.
struct SvdfShape {
  int32_t batches, features, filters, memory, rank;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("batches", self.batches);
    visitor.number("features", self.features);
    visitor.number("filters", self.filters);
    visitor.number("memory", self.memory);
    visitor.number("rank", self.rank);
  }
};

/// Time is int8_t or int16_t, the type of time weights and state. The bias is in state_scale * time_scale. An
/// activation is only in the output's range, as in TFLite Micro. Source: TFLite Micro svdf_common.cc.
template <class Time>
struct SvdfIntegerParams {
  SvdfShape shape;
  int32_t in_zero, state_zero, out_zero;
  int32_t state_multiplier, state_shift;  // in_scale * feature_scale / state_scale
  int32_t out_multiplier, out_shift;      // state_scale * time_scale / out_scale
  const int8_t* feature_weights;          // [filters, features]
  const Time* time_weights;               // [filters, memory]
  const int32_t* bias;                    // [filters / rank]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const size_t filters = static_cast<size_t>(self.shape.filters);
    visitor.group("shape", self.shape);
    visitor.number("in_zero", self.in_zero);
    visitor.number("state_zero", self.state_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("state_multiplier", self.state_multiplier);
    visitor.number("state_shift", self.state_shift);
    visitor.number("out_multiplier", self.out_multiplier);
    visitor.number("out_shift", self.out_shift);
    visitor.array("feature_weights", self.feature_weights,
                  filters * static_cast<size_t>(self.shape.features));
    visitor.array("time_weights", self.time_weights, filters * static_cast<size_t>(self.shape.memory));
    visitor.array("bias", self.bias,
                  self.shape.rank > 0 ? filters / static_cast<size_t>(self.shape.rank) : 0);
  }
};
using SvdfInt8Params = SvdfIntegerParams<int8_t>;
using SvdfInt16Params = SvdfIntegerParams<int16_t>;

struct SvdfFloatParams {
  SvdfShape shape;
  float clamp_min, clamp_max;
  const float* feature_weights;  // [filters, features]
  const float* time_weights;     // [filters, memory]
  const float* bias;             // [filters / rank]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const size_t filters = static_cast<size_t>(self.shape.filters);
    visitor.group("shape", self.shape);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("feature_weights", self.feature_weights,
                  filters * static_cast<size_t>(self.shape.features));
    visitor.array("time_weights", self.time_weights, filters * static_cast<size_t>(self.shape.memory));
    visitor.array("bias", self.bias,
                  self.shape.rank > 0 ? filters / static_cast<size_t>(self.shape.rank) : 0);
  }
};

/// in [batches, features], out [batches, filters / rank]; nothing may overlap.
void svdf_int8(const SvdfInt8Params& params, const int8_t* in, int8_t* state, int8_t* out);
void svdf_int16(const SvdfInt16Params& params, const int8_t* in, int16_t* state, int8_t* out);
void svdf_float(const SvdfFloatParams& params, const float* in, float* state, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_SVDF_H_
