#include "quantise/weights.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace tadpole::quantise {

namespace {

constexpr int64_t kSmallest = 64;

/// The axis of output channels of a layer's kernel, -1 when one scale serves all, -2 when it has none.
int channel_axis(ir::Op op) {
  switch (op) {
    case ir::Op::conv_2d:
      return 0;
    case ir::Op::depthwise_conv_2d:
      return 3;
    case ir::Op::fully_connected:
      return -1;
    default:
      return -2;
  }
}

/// How many elements lie between neighbours along an axis, and how many places the axis has.
struct Along {
  int64_t stride = 1, places = 1;
  size_t place(size_t element) const {
    return static_cast<size_t>(static_cast<int64_t>(element) / stride % places);
  }
};

Along along(const ir::Shape& shape, int axis) {
  Along result;
  if (axis < 0) return {ir::element_count(shape), 1};
  for (size_t i = static_cast<size_t>(axis) + 1; i < shape.size(); ++i) result.stride *= shape[i];
  result.places = shape[static_cast<size_t>(axis)];
  return result;
}

Result<ir::Tensor> as_int8(const ir::Tensor& kernel, int axis) {
  const std::span<const float> values = kernel.values<float>();
  const Along channels = along(kernel.shape, axis);
  std::vector<float> largest(static_cast<size_t>(channels.places));
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]))
      return Error{Code::quantise_bad_range, "'" + kernel.name + "' has a weight that is not finite."};
    float& most = largest[channels.place(i)];
    most = std::max(most, std::abs(values[i]));
  }
  ir::Tensor made = kernel;
  made.type = ir::DType::int8;
  made.quantisation = ir::Quantisation{{}, std::vector<int32_t>(largest.size(), 0), std::max(axis, 0)};
  // A channel of zeros: any positive scale.
  for (const float most : largest) made.quantisation->scales.push_back(most > 0 ? most / 127 : 1.0f);
  std::vector<int8_t> stored(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const float scale = made.quantisation->scales[channels.place(i)];
    stored[i] = static_cast<int8_t>(std::clamp(std::lround(values[i] / scale), -127L, 127L));
  }
  made.constant = ir::make_constant<int8_t>(stored);
  return made;
}

}  // namespace

bool has_weights(ir::Op op) {
  return op == ir::Op::conv_2d || op == ir::Op::depthwise_conv_2d || op == ir::Op::fully_connected ||
         op == ir::Op::transpose_conv;
}

std::vector<float> real_numbers(const ir::Tensor& constant) {
  const ir::Quantisation& how = *constant.quantisation;
  const Along channels = along(constant.shape, how.per_channel() ? how.axis : -1);
  std::vector<float> values(static_cast<size_t>(ir::element_count(constant.shape)));
  for (size_t i = 0; i < values.size(); ++i) {
    int stored = 0;
    if (constant.type == ir::DType::int4) {
      const int byte = (*constant.constant)[i / 2];
      const int nibble = (i % 2 == 0 ? byte : byte >> 4) & 15;
      stored = nibble < 8 ? nibble : nibble - 16;
    } else if (constant.type == ir::DType::int32) {
      stored = constant.values<int32_t>()[i];
    } else {
      stored = constant.values<int8_t>()[i];
    }
    const size_t place = channels.place(i);
    values[i] = how.scales[place] * static_cast<float>(stored - how.zero_points[place]);
  }
  return values;
}

Result<ir::Graph> quantise_weights(const ir::Graph& folded) {
  ir::Graph graph = folded;
  for (const ir::Node& node : graph.nodes) {
    const int axis = channel_axis(node.op);
    if (axis == -2) continue;
    ir::Tensor& kernel = graph.tensors[static_cast<size_t>(node.inputs[1])];
    if (!kernel.is_constant() || kernel.type != ir::DType::float32) continue;
    if (ir::element_count(kernel.shape) < kSmallest) continue;
    TADPOLE_TRY(kernel, as_int8(kernel, axis));
  }
  return graph;
}

Result<ir::Graph> dequantise_weights(const ir::Graph& graph) {
  ir::Graph floats = graph;
  for (ir::Tensor& tensor : floats.tensors) {
    const bool integers = tensor.type == ir::DType::int8 || tensor.type == ir::DType::int4;
    if (tensor.is_constant() && integers && tensor.quantisation) {
      tensor.constant = ir::make_constant<float>(real_numbers(tensor));
      tensor.type = ir::DType::float32;
      tensor.quantisation.reset();
    } else if (!tensor.is_constant() && tensor.quantisation) {
      return Error{Code::type_unsupported,
                   "model '" + graph.name + "' cannot be trained on: its tensor '" + tensor.name + "' is " +
                       std::string(ir::to_string(tensor.type)) +
                       ". Use the float (or dynamic-range) model that it was made from."};
    }
  }
  return floats;
}

}  // namespace tadpole::quantise
