// Transposed convolution and products of matrices to their kernels.
// Sources: TFLite reference transpose_conv.h, batch_matmul.h; TFLite Micro's batch_matmul.cc for the factors.
#include <algorithm>

#include "device/kernels/ref/batch_matmul.h"
#include "device/kernels/ref/transpose_conv.h"
#include "plan/lower_weights.h"

namespace tadpole::plan {

namespace {

constexpr LayerInputs kTransposeConvInputs{2, 1, 3};

/// The window of the convolution from output to input, with the maps' sizes the other way round.
kernels::Window2d transpose_window(const NodeView& view) {
  const auto& attributes = view.attributes<ir::TransposeConvAttributes>();
  const ir::Shape& in = view.in(kTransposeConvInputs.in).shape;
  const ir::Shape& weights = view.in(kTransposeConvInputs.weights).shape;
  const ir::Shape& out = view.out().shape;
  const ir::Pads& pads = attributes.pads;
  const auto rows =
      ir::window_of(out[1], weights[1], attributes.stride_h, 1, attributes.padding, pads.top, pads.bottom);
  const auto columns =
      ir::window_of(out[2], weights[2], attributes.stride_w, 1, attributes.padding, pads.left, pads.right);
  return {in[0],
          in[1],
          in[2],
          in[3],
          out[1],
          out[2],
          out[3],
          weights[1],
          weights[2],
          attributes.stride_h,
          attributes.stride_w,
          1,
          1,
          rows.pad_before,
          columns.pad_before};
}

Result<LoweredNode> transpose_conv_float(const NodeView& view, const kernels::Window2d& window,
                                         ir::Activation activation) {
  const ir::Tensor& weights = view.in(kTransposeConvInputs.weights);
  if (!weights.is_constant()) return view.unsupported("its weights are computed; they must be constants.");
  TADPOLE_TRY(std::vector<float> bias, read_bias_float(view, kTransposeConvInputs.bias, window.out_c));
  const ClampFloat clamp = clamp_float(activation);
  Constants constants;
  const int input = view.node.inputs[static_cast<size_t>(kTransposeConvInputs.in)];
  if (weights.type == ir::DType::int8 || weights.type == ir::DType::int4) {
    TADPOLE_CHECK(check_weights(view, weights, window.out_c, 0));
    const std::vector<float>& scales = weights.quantisation->scales;
    const auto channels = static_cast<size_t>(window.out_c);
    kernels::TransposeConvHybridParams params{window, clamp.low, clamp.high, nullptr, nullptr, nullptr};
    params.weights = constants.keep(copy_of(stored_weights(weights).values));
    params.scale = constants.keep(scales.size() > 1 ? scales : std::vector<float>(channels, scales[0]));
    params.bias = constants.keep(std::move(bias));
    return LoweredNode{
        make_call(TADPOLE_KERNEL("ref/transpose_conv.h", TransposeConvHybridParams, transpose_conv_hybrid),
                  params, constants),
        {input}};
  }
  if (weights.type != ir::DType::float32) {
    return view.bad_type("weights '" + weights.name + "' are " + std::string(to_string(weights.type)) +
                         " beside float32 activations; float32, int8 or int4 is needed. Quantise the model "
                         "again.");
  }
  kernels::TransposeConvFloatParams params{window, clamp.low, clamp.high, nullptr, nullptr};
  params.weights = constants.keep(copy_of(weights.values<float>()));
  params.bias = constants.keep(std::move(bias));
  return LoweredNode{
      make_call(TADPOLE_KERNEL("ref/transpose_conv.h", TransposeConvFloatParams, transpose_conv_float),
                params, constants),
      {input}};
}

/// Row-major strides of an operand's batches, 0 where they are stretched; the innermost is [3].
void batch_strides(const ir::Shape& shape, const int32_t* batches, int32_t* strides) {
  const size_t count = shape.size() - 2;
  int32_t stride = shape[count] * shape[count + 1];
  for (size_t i = 0; i < 4; ++i) {
    const int32_t size = i < count ? shape[count - 1 - i] : 1;
    strides[3 - i] = size == batches[3 - i] && size > 1 ? stride : 0;
    stride *= size;
  }
}

Result<kernels::MatrixProducts> products_of(const NodeView& view) {
  const auto& attributes = view.attributes<ir::BatchMatMulAttributes>();
  const ir::Shape& a = view.in(0).shape;
  const ir::Shape& b = view.in(1).shape;
  const ir::Shape& out = view.out().shape;
  if (out.size() > 6)
    return view.unsupported("multiplies to " + ir::to_string(out) + "; up to six dimensions are supported.");
  kernels::MatrixProducts products{{1, 1, 1, 1}, {}, {}, 0, 0, 0, 0, 0, 0, 0};
  std::copy(out.begin(), out.end() - 2, products.batches + (4 - (out.size() - 2)));
  batch_strides(a, products.batches, products.a_batch_stride);
  batch_strides(b, products.batches, products.b_batch_stride);
  products.rows = out[out.size() - 2];
  products.columns = out.back();
  products.depth = attributes.adjoint_a ? a[a.size() - 2] : a.back();
  products.a_row_stride = attributes.adjoint_a ? 1 : a.back();
  products.a_depth_stride = attributes.adjoint_a ? a.back() : 1;
  products.b_depth_stride = attributes.adjoint_b ? 1 : b.back();
  products.b_column_stride = attributes.adjoint_b ? b.back() : 1;
  return products;
}

Result<void> check_depth(const NodeView& view, int32_t depth, int32_t most) {
  if (depth <= most) return {};
  return view.unsupported("adds up " + std::to_string(depth) + " products; at most " + std::to_string(most) +
                          " are supported.");
}

/// Float activations with int8 weights. The flag asymmetric_quantize_inputs is taken as set, as for dense
/// layers.
Result<LoweredNode> batch_matmul_hybrid(const NodeView& view) {
  const ir::Tensor& weights = view.in(1);
  if (!weights.is_constant()) {
    return view.unsupported("its int8 operand '" + weights.name +
                            "' is computed beside a float one; it must be a constant. Dequantize it.");
  }
  if (weights.quantisation->per_channel() || view.zero(weights) != 0)
    return view.bad_type("its weights '" + weights.name + "' need one scale and zero point 0.");
  TADPOLE_TRY(const kernels::MatrixProducts products, products_of(view));
  TADPOLE_CHECK(check_depth(view, products.depth, 66311));  // of products up to 255 * 127
  return LoweredNode{
      make_call(TADPOLE_KERNEL("ref/batch_matmul.h", BatchMatMulHybridParams, batch_matmul_hybrid),
                kernels::BatchMatMulHybridParams{products, 0, view.scale(weights)}),
      {view.node.inputs[0], view.node.inputs[1]},
      products.depth};
}

}  // namespace

Result<LoweredNode> lower_transpose_conv(const NodeView& view) {
  constexpr LayerInputs inputs = kTransposeConvInputs;
  const kernels::Window2d window = transpose_window(view);
  const auto activation = view.attributes<ir::TransposeConvAttributes>().activation;
  const ir::DType type = view.in(inputs.in).type;
  if (type != view.out().type) return view.bad_type("mixes number types.");
  if (type == ir::DType::float32) return transpose_conv_float(view, window, activation);
  Constants constants;
  std::shared_ptr<const KernelCall> call;
  if (type == ir::DType::int8) {
    TADPOLE_TRY(const WeightsInt8 weights, read_weights_int8_of(view, inputs, window.out_c, 0));
    kernels::TransposeConvInt8Params params{};
    params.window = window;
    fill_int8(view, inputs, activation, weights, params, constants);
    call = make_call(TADPOLE_KERNEL("ref/transpose_conv.h", TransposeConvInt8Params, transpose_conv_int8),
                     params, constants);
  } else if (type == ir::DType::int16) {
    kernels::TransposeConvInt16Params params{};
    params.window = window;
    TADPOLE_CHECK(fill_int16(view, inputs, activation, window.out_c, 0, params, constants));
    call = make_call(TADPOLE_KERNEL("ref/transpose_conv.h", TransposeConvInt16Params, transpose_conv_int16),
                     params, constants);
  } else {
    return view.bad_type("is of " + std::string(to_string(type)) + "; float32, int8 or int16 is needed.");
  }
  return LoweredNode{std::move(call), {view.node.inputs[static_cast<size_t>(inputs.in)]}};
}

Result<LoweredNode> lower_batch_matmul(const NodeView& view) {
  if (view.all_activations(ir::DType::float32) && view.in(1).type == ir::DType::int8)
    return batch_matmul_hybrid(view);
  const ir::DType type = view.out().type;
  if (!view.all_activations(type, 2))
    return view.bad_type(
        "mixes number types; both operands and the output need the same one, or float32 with an int8 "
        "constant "
        "as its second operand.");
  TADPOLE_TRY(const kernels::MatrixProducts products, products_of(view));
  std::shared_ptr<const KernelCall> call;
  if (type == ir::DType::float32) {
    call = make_call(TADPOLE_KERNEL("ref/batch_matmul.h", BatchMatMulFloatParams, batch_matmul_float),
                     kernels::BatchMatMulFloatParams{products});
  } else if (type == ir::DType::int8 || type == ir::DType::int16) {
    TADPOLE_CHECK(check_depth(view, products.depth, type == ir::DType::int8 ? 33025 : 131071));
    for (int i = 0; i < 2; ++i) TADPOLE_CHECK(check_activation(view, view.in(i)));
    const float in_scale = view.scale(view.in(0)) * view.scale(view.in(1));  // a float product, as in TFLite
    const FixedFactor factor = fixed_factor(double{in_scale} / double{view.scale(view.out())});
    if (type == ir::DType::int8) {
      call =
          make_call(TADPOLE_KERNEL("ref/batch_matmul.h", BatchMatMulInt8Params, batch_matmul_int8),
                    kernels::BatchMatMulInt8Params{products, view.zero(view.in(0)), view.zero(view.in(1)),
                                                   view.zero(view.out()), factor.multiplier, factor.shift});
    } else {
      TADPOLE_TRY(const Factor64 reduced, factor_64(view, factor));
      call = make_call(TADPOLE_KERNEL("ref/batch_matmul.h", BatchMatMulInt16Params, batch_matmul_int16),
                       kernels::BatchMatMulInt16Params{products, reduced.multiplier, reduced.right_shift});
    }
  } else {
    return view.bad_type("is of " + std::string(to_string(type)) + "; float32, int8 or int16 is needed.");
  }
  return LoweredNode{std::move(call), {view.node.inputs[0], view.node.inputs[1]}};
}

}  // namespace tadpole::plan
