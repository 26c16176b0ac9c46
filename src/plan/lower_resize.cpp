// Resizing of maps to its kernels: where each output row and column comes from is worked out here.
// Sources: TFLite reference resize_nearest_neighbor.h and resize_bilinear.h.
#include <algorithm>
#include <cmath>

#include "device/kernels/ref/resize.h"
#include "plan/lower.h"

namespace tadpole::plan {

namespace {

/// One axis of a resize.
struct Axis {
  int32_t in, out;
  bool align_corners, half_pixel_centers;
};

struct Axes {
  Axis rows, columns;
};

Result<Axes> axes_of(const NodeView& view) {
  const auto& attributes = view.attributes<ir::ResizeAttributes>();
  const ir::Shape& in = view.in().shape;
  const ir::Shape& out = view.out().shape;
  const auto axis = [&](size_t i) {
    return Axis{in[i], out[i], attributes.align_corners, attributes.half_pixel_centers};
  };
  if (attributes.align_corners && attributes.half_pixel_centers) {
    return Error{Code::bad_attribute,
                 view.where() + ": has both align_corners and half_pixel_centers; only one may be set."};
  }
  if (std::max({in[1], in[2], out[1], out[2]}) > INT16_MAX) {
    return view.unsupported("resizes " + ir::to_string(in) + " to " + ir::to_string(out) +
                            "; heights and widths up to 32767 are supported.");
  }
  if (view.in().type != view.out().type) return view.bad_type("mixes number types.");
  return Axes{axis(1), axis(2)};
}

/// The input position of each output position, to the nearest.
std::vector<int16_t> nearest(const Axis& axis) {
  const bool corners = axis.align_corners && axis.out > 1;
  const float scale = corners ? static_cast<float>(axis.in - 1) / static_cast<float>(axis.out - 1)
                              : static_cast<float>(axis.in) / static_cast<float>(axis.out);
  std::vector<int16_t> from;
  for (int32_t i = 0; i < axis.out; ++i) {
    const float at = (static_cast<float>(i) + (axis.half_pixel_centers ? 0.5f : 0.0f)) * scale;
    const auto rounded = static_cast<int32_t>(axis.align_corners ? std::round(at) : std::floor(at));
    from.push_back(static_cast<int16_t>(std::clamp(rounded, 0, axis.in - 1)));
  }
  return from;
}

/// Two input positions for each output position, and how far it lies from the lower to the higher one.
template <class Part>
struct Between {
  std::vector<int16_t> low, high;
  std::vector<Part> part;
};

/// In 1/1024 of a pixel. Positions outside of the map are those of its edge.
Between<int16_t> between_integers(const Axis& axis) {
  const bool corners = axis.align_corners && axis.out > 1;
  const int64_t in = axis.in - (corners ? 1 : 0), out = axis.out - (corners ? 1 : 0);
  const int64_t scale = ((in << 10) + out / 2) / out;
  Between<int16_t> between;
  for (int64_t i = 0; i < axis.out; ++i) {
    const int64_t at = i * scale + (axis.half_pixel_centers ? scale / 2 - (1 << 9) : 0);
    const int64_t low = std::clamp<int64_t>(at / 1024, 0, axis.in - 1);
    const int64_t high = std::clamp<int64_t>((at + 1023) / 1024, 0, axis.in - 1);
    between.low.push_back(static_cast<int16_t>(low));
    between.high.push_back(static_cast<int16_t>(high));
    between.part.push_back(static_cast<int16_t>(low == high ? 0 : at - low * 1024));
  }
  return between;
}

Between<float> between_floats(const Axis& axis) {
  const bool corners = axis.align_corners && axis.out > 1;
  const float scale = corners ? static_cast<float>(axis.in - 1) / static_cast<float>(axis.out - 1)
                              : static_cast<float>(axis.in) / static_cast<float>(axis.out);
  Between<float> between;
  for (int32_t i = 0; i < axis.out; ++i) {
    const auto at_output = static_cast<float>(i);
    const float at = axis.half_pixel_centers ? (at_output + 0.5f) * scale - 0.5f : at_output * scale;
    const int32_t low = std::clamp(static_cast<int32_t>(std::floor(at)), 0, axis.in - 1);
    const int32_t high = std::clamp(static_cast<int32_t>(std::ceil(at)), 0, axis.in - 1);
    between.low.push_back(static_cast<int16_t>(low));
    between.high.push_back(static_cast<int16_t>(high));
    between.part.push_back(at - static_cast<float>(low));
  }
  return between;
}

template <class Part>
kernels::ResizeBilinearParams<Part> bilinear_params(const NodeView& view, Between<Part> rows,
                                                    Between<Part> columns, Constants& constants) {
  const ir::Shape& in = view.in().shape;
  const ir::Shape& out = view.out().shape;
  kernels::ResizeBilinearParams<Part> params{in[0], in[1], in[2], in[3], out[1], out[2],
                                             {},    {},    {},    {},    {},     {}};
  params.row_low = constants.keep(std::move(rows.low));
  params.row_high = constants.keep(std::move(rows.high));
  params.column_low = constants.keep(std::move(columns.low));
  params.column_high = constants.keep(std::move(columns.high));
  params.row_part = constants.keep(std::move(rows.part));
  params.column_part = constants.keep(std::move(columns.part));
  return params;
}

}  // namespace

Result<LoweredNode> lower_resize_nearest_neighbor(const NodeView& view) {
  TADPOLE_TRY(const Axes axes, axes_of(view));
  const ir::Shape& in = view.in().shape;
  const ir::Shape& out = view.out().shape;
  const int64_t pixel_bytes = int64_t{in[3]} * byte_size(view.in().type);
  if (pixel_bytes > INT32_MAX) return view.unsupported("has pixels larger than 2 GB.");
  Constants constants;
  kernels::ResizeNearestParams params{
      in[0], in[1], in[2], out[1], out[2], static_cast<int32_t>(pixel_bytes), nullptr, nullptr};
  params.rows = constants.keep(nearest(axes.rows));
  params.columns = constants.keep(nearest(axes.columns));
  return LoweredNode{
      make_call(TADPOLE_KERNEL("ref/resize.h", ResizeNearestParams, resize_nearest), params, constants),
      {view.node.inputs[0]}};
}

Result<LoweredNode> lower_resize_bilinear(const NodeView& view) {
  TADPOLE_TRY(const Axes axes, axes_of(view));
  const ir::DType type = view.in().type;
  Constants constants;
  std::shared_ptr<const KernelCall> call;
  if (type == ir::DType::float32) {
    const auto params =
        bilinear_params(view, between_floats(axes.rows), between_floats(axes.columns), constants);
    call = make_call(TADPOLE_KERNEL("ref/resize.h", ResizeBilinearFloatParams, resize_bilinear_float), params,
                     constants);
  } else if (type == ir::DType::int8 || type == ir::DType::int16) {
    const auto params =
        bilinear_params(view, between_integers(axes.rows), between_integers(axes.columns), constants);
    call = type == ir::DType::int8
               ? make_call(TADPOLE_KERNEL("ref/resize.h", ResizeBilinearIntParams, resize_bilinear_int8),
                           params, constants)
               : make_call(TADPOLE_KERNEL("ref/resize.h", ResizeBilinearIntParams, resize_bilinear_int16),
                           params, constants);
  } else {
    return view.bad_type("is of " + std::string(to_string(type)) + "; float32, int8 or int16 is needed.");
  }
  return LoweredNode{std::move(call), {view.node.inputs[0]}};
}

}  // namespace tadpole::plan
