// A dot product for each output.
#include "device/kernels/ref/fully_connected_int8.h"

#include "device/kernels/fixed_point.h"

namespace tadpole {
namespace kernels {

void fully_connected_int8(const FullyConnectedInt8Params& params, const int8_t* in, int8_t* out) {
  for (int32_t row = 0; row < params.rows; ++row, in += params.in_c) {
    const int8_t* weights = params.weights;
    for (int32_t o = 0; o < params.out_c; ++o, weights += params.in_c) {
      int32_t sum = params.bias[o];
      for (int32_t c = 0; c < params.in_c; ++c) sum += (in[c] - params.in_zero) * weights[c];
      const int32_t scaled = multiply_by_quantized_multiplier(sum, params.multiplier[o], params.shift[o]);
      *out++ = add_zero_and_clamp(scaled, params.out_zero, params.clamp_min, params.clamp_max);
    }
  }
}

}  // namespace kernels
}  // namespace tadpole
