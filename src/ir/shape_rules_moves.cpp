// Shape rules of operators that only move values.
#include <algorithm>

#include "ir/shape_rules.h"

namespace tadpole::ir {

namespace {

/// One range of a slice, worked out as Python does: negative positions count from the end, out of range is
/// held.
struct Range {
  int64_t begin, end, step;
};

Result<void> append_range(const Node& node, const Range& range, bool keep, Slice& slice) {
  int64_t count = 0;
  if (range.step > 0 && range.end > range.begin)
    count = (range.end - range.begin + range.step - 1) / range.step;
  if (range.step < 0 && range.begin > range.end)
    count = (range.begin - range.end - range.step - 1) / -range.step;
  if (count < 1) {
    return attribute_error(node, "takes nothing from dimension " + std::to_string(slice.begin.size()) +
                                     " (from " + std::to_string(range.begin) + " to " +
                                     std::to_string(range.end) + " in steps of " +
                                     std::to_string(range.step) + ").");
  }
  slice.begin.push_back(static_cast<int32_t>(range.begin));
  slice.step.push_back(static_cast<int32_t>(range.step));
  slice.count.push_back(static_cast<int32_t>(count));
  if (keep) slice.shape.push_back(static_cast<int32_t>(count));
  return {};
}

Result<Slice> plain_slice(const Graph& graph, const Node& node) {
  const Shape& in = graph.input_of(node, 0).shape;
  TADPOLE_TRY(const std::vector<int32_t> begin, need_numbers(graph, node, 1, "begin"));
  TADPOLE_TRY(const std::vector<int32_t> size, need_numbers(graph, node, 2, "size"));
  if (begin.size() != in.size() || size.size() != in.size())
    return attribute_error(node, "begin and size need " + std::to_string(in.size()) + " numbers each.");
  Slice slice;
  for (size_t i = 0; i < in.size(); ++i) {
    const int64_t end = size[i] == -1 ? in[i] : int64_t{begin[i]} + size[i];
    if (begin[i] < 0 || size[i] < -1 || end > in[i]) {
      return attribute_error(node, "wants " + std::to_string(size[i]) + " from position " +
                                       std::to_string(begin[i]) + " of dimension " + std::to_string(i) +
                                       " of " + to_string(in) + ".");
    }
    TADPOLE_CHECK(append_range(node, {begin[i], end, 1}, true, slice));
  }
  return slice;
}

/// Masks are by position in begin, end and strides; an ellipsis stands for as many dimensions as are left.
Result<Slice> masked_slice(const Graph& graph, const Node& node) {
  const Shape& in = graph.input_of(node, 0).shape;
  const auto& masks = std::get<StridedSliceAttributes>(node.attributes);
  TADPOLE_TRY(const std::vector<int32_t> begin, need_numbers(graph, node, 1, "begin"));
  TADPOLE_TRY(const std::vector<int32_t> end, need_numbers(graph, node, 2, "end"));
  TADPOLE_TRY(const std::vector<int32_t> strides, need_numbers(graph, node, 3, "strides"));
  if (end.size() != begin.size() || strides.size() != begin.size() || begin.size() > 16)
    return attribute_error(node, "begin, end and strides need as many numbers each, up to 16.");
  const auto bit = [](int mask, size_t i) { return (mask >> i & 1) != 0; };
  size_t named = 0;
  for (size_t i = 0; i < begin.size(); ++i)
    named += !bit(masks.ellipsis_mask, i) && !bit(masks.new_axis_mask, i);
  if (named > in.size())
    return attribute_error(node, "names more dimensions than " + to_string(in) + " has.");
  Slice slice;
  bool seen_ellipsis = false;
  const auto whole = [&](size_t count) -> Result<void> {
    for (; count > 0; --count) TADPOLE_CHECK(append_range(node, {0, in[slice.begin.size()], 1}, true, slice));
    return {};
  };
  for (size_t i = 0; i < begin.size(); ++i) {
    if (bit(masks.ellipsis_mask, i)) {
      if (seen_ellipsis) return attribute_error(node, "has more than one ellipsis.");
      seen_ellipsis = true;
      TADPOLE_CHECK(whole(in.size() - named));
      continue;
    }
    if (bit(masks.new_axis_mask, i)) {
      slice.shape.push_back(1);
      continue;
    }
    const int64_t size = in[slice.begin.size()], step = strides[i];
    const bool shrinks = bit(masks.shrink_axis_mask, i);
    if (step == 0) return attribute_error(node, "has a stride of 0.");
    const int64_t least = step > 0 ? 0 : -1, most = step > 0 ? size : size - 1;
    const auto held = [&](int64_t at) { return std::clamp(at < 0 ? at + size : at, least, most); };
    if (shrinks) {
      const int64_t at = begin[i] < 0 ? begin[i] + size : begin[i];
      if (at < 0 || at >= size) {
        return attribute_error(node, "takes position " + std::to_string(begin[i]) + " of dimension " +
                                         std::to_string(slice.begin.size()) + " of " + to_string(in) + ".");
      }
      TADPOLE_CHECK(append_range(node, {at, at + 1, 1}, false, slice));
      continue;
    }
    const int64_t from = bit(masks.begin_mask, i) ? (step > 0 ? 0 : size - 1) : held(begin[i]);
    const int64_t to = bit(masks.end_mask, i) ? (step > 0 ? size : -1) : held(end[i]);
    TADPOLE_CHECK(append_range(node, {from, to, step}, true, slice));
  }
  TADPOLE_CHECK(whole(in.size() - slice.begin.size()));
  return slice;
}

/// Shapes of all inputs, which must be equal but for `axis` (-1: equal throughout).
Result<void> need_alike(const Graph& graph, const Node& node, int axis) {
  const Shape& first = graph.input_of(node, 0).shape;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    TADPOLE_CHECK(need_inputs(graph, node, static_cast<int>(i) + 1));
    const Shape& shape = graph.input_of(node, static_cast<int>(i)).shape;
    bool alike = shape.size() == first.size();
    for (size_t d = 0; alike && d < shape.size(); ++d)
      alike = static_cast<int>(d) == axis || shape[d] == first[d];
    if (!alike)
      return shape_error(node, to_string(first) + " and " + to_string(shape) + " cannot be joined.");
  }
  return {};
}

}  // namespace

Result<Slice> slice_of(const Graph& graph, const Node& node) {
  if (node.op == Op::slice) {
    TADPOLE_CHECK(need_inputs(graph, node, 3));
    return plain_slice(graph, node);
  }
  TADPOLE_CHECK(need_inputs(graph, node, 4));
  return masked_slice(graph, node);
}

namespace shape_rules {

Result<Shapes> reshape(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 1));
  const Tensor& in = graph.input_of(node, 0);
  const Tensor& out = graph.output_of(node);
  if (element_count(in.shape) != element_count(out.shape)) {
    return shape_error(node, to_string(in.shape) + " cannot become " + to_string(out.shape) +
                                 ": the number of values differs.");
  }
  return Shapes{out.shape};
}

Result<Shapes> squeeze(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 1));
  const Shape& in = graph.input_of(node, 0).shape;
  const std::vector<int32_t>& axes = std::get<SqueezeAttributes>(node.attributes).axes;
  std::vector<bool> gone(in.size(), false);
  for (size_t i = 0; axes.empty() && i < in.size(); ++i) gone[i] = in[i] == 1;
  for (const int32_t axis : axes) {
    TADPOLE_TRY(const int wrapped, need_axis(node, axis, in));
    if (in[static_cast<size_t>(wrapped)] != 1) {
      return attribute_error(node,
                             "dimension " + std::to_string(axis) + " of " + to_string(in) + " is not 1.");
    }
    gone[static_cast<size_t>(wrapped)] = true;
  }
  Shape out;
  for (size_t i = 0; i < in.size(); ++i) {
    if (!gone[i]) out.push_back(in[i]);
  }
  return Shapes{out};
}

Result<Shapes> expand_dims(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  Shape out = graph.input_of(node, 0).shape;
  TADPOLE_TRY(const std::vector<int32_t> axis, need_numbers(graph, node, 1, "axis"));
  if (axis.size() != 1) return attribute_error(node, "needs one axis.");
  const int wrapped = wrapped_axis(axis[0], out.size() + 1);
  if (wrapped < 0) return attribute_error(node, "has no axis " + std::to_string(axis[0]) + ".");
  out.insert(out.begin() + wrapped, 1);
  return Shapes{out};
}

Result<Shapes> transpose(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  const Shape& in = graph.input_of(node, 0).shape;
  TADPOLE_TRY(const std::vector<int32_t> order, need_numbers(graph, node, 1, "permutation"));
  std::vector<bool> used(in.size(), false);
  Shape out;
  for (const int32_t axis : order) {
    const int wrapped = wrapped_axis(axis, in.size());
    if (wrapped < 0 || used[static_cast<size_t>(wrapped)]) break;
    used[static_cast<size_t>(wrapped)] = true;
    out.push_back(in[static_cast<size_t>(wrapped)]);
  }
  if (out.size() == in.size() && order.size() == in.size()) return Shapes{out};
  return attribute_error(node, "its permutation " + to_string(order) + " does not name each dimension of " +
                                   to_string(in) + " once.");
}

Result<Shapes> pad(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  Shape out = graph.input_of(node, 0).shape;
  TADPOLE_TRY(const std::vector<int32_t> pads, need_numbers(graph, node, 1, "paddings"));
  if (pads.size() != 2 * out.size())
    return attribute_error(node, "needs " + std::to_string(2 * out.size()) + " paddings.");
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t size = int64_t{out[i]} + pads[2 * i] + pads[2 * i + 1];
    if (pads[2 * i] < 0 || pads[2 * i + 1] < 0 || size > INT32_MAX)
      return attribute_error(node, "a padding is negative or too large.");
    out[i] = static_cast<int32_t>(size);
  }
  return Shapes{out};
}

Result<Shapes> concatenation(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 1));
  Shape out = graph.input_of(node, 0).shape;
  TADPOLE_TRY(const int axis, need_axis(node, std::get<ConcatenationAttributes>(node.attributes).axis, out));
  TADPOLE_CHECK(need_alike(graph, node, axis));
  int64_t size = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    size += graph.input_of(node, static_cast<int>(i)).shape[static_cast<size_t>(axis)];
  if (size > INT32_MAX) return shape_error(node, "the joined tensor is too large.");
  out[static_cast<size_t>(axis)] = static_cast<int32_t>(size);
  return Shapes{out};
}

Result<Shapes> split(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  Shape part = graph.input_of(node, 1).shape;
  TADPOLE_TRY(const std::vector<int32_t> axis, need_numbers(graph, node, 0, "axis"));
  if (axis.size() != 1) return attribute_error(node, "needs one axis.");
  TADPOLE_TRY(const int wrapped, need_axis(node, axis[0], part));
  int32_t& size = part[static_cast<size_t>(wrapped)];
  const auto parts = static_cast<int32_t>(node.outputs.size());
  if (parts < 1 || size % parts != 0) {
    return shape_error(node, "dimension " + std::to_string(wrapped) + " of " +
                                 to_string(graph.input_of(node, 1).shape) + " does not split into " +
                                 std::to_string(parts) + " equal parts.");
  }
  size /= parts;
  return Shapes(node.outputs.size(), part);
}

Result<Shapes> slice(const Graph& graph, const Node& node) {
  TADPOLE_TRY(const Slice slice, slice_of(graph, node));
  return Shapes{slice.shape};
}

Result<Shapes> gather(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  const Shape& in = graph.input_of(node, 0).shape;
  const Shape& indices = graph.input_of(node, 1).shape;
  const auto& attributes = std::get<GatherAttributes>(node.attributes);
  TADPOLE_TRY(const int axis, need_axis(node, attributes.axis, in));
  const int batch = attributes.batch_dims < 0 ? attributes.batch_dims + static_cast<int>(indices.size())
                                              : attributes.batch_dims;
  bool fits = batch >= 0 && batch <= axis && batch <= static_cast<int>(indices.size());
  for (int i = 0; fits && i < batch; ++i)
    fits = in[static_cast<size_t>(i)] == indices[static_cast<size_t>(i)];
  if (!fits) {
    return attribute_error(node, std::to_string(attributes.batch_dims) +
                                     " batch dimensions do not fit an input of " + to_string(in) +
                                     " and indices of " + to_string(indices) + ".");
  }
  Shape out(in.begin(), in.begin() + axis);
  out.insert(out.end(), indices.begin() + batch, indices.end());
  out.insert(out.end(), in.begin() + axis + 1, in.end());
  return Shapes{out};
}

Result<Shapes> pack(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 1));
  TADPOLE_CHECK(need_alike(graph, node, -1));
  Shape out = graph.input_of(node, 0).shape;
  const int axis = wrapped_axis(std::get<AxisAttributes>(node.attributes).axis, out.size() + 1);
  if (axis < 0) return attribute_error(node, "has no axis " + std::to_string(axis) + ".");
  out.insert(out.begin() + axis, static_cast<int32_t>(node.inputs.size()));
  return Shapes{out};
}

Result<Shapes> unpack(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 1));
  Shape out = graph.input_of(node, 0).shape;
  TADPOLE_TRY(const int axis, need_axis(node, std::get<AxisAttributes>(node.attributes).axis, out));
  if (out[static_cast<size_t>(axis)] != static_cast<int64_t>(node.outputs.size())) {
    return shape_error(node, "has " + std::to_string(node.outputs.size()) + " outputs for dimension " +
                                 std::to_string(axis) + " of " + to_string(out) + ".");
  }
  out.erase(out.begin() + axis);
  return Shapes(node.outputs.size(), out);
}

Result<Shapes> resize(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  const Tensor& in = graph.input_of(node, 0);
  TADPOLE_CHECK(need_rank(node, in, 4));
  TADPOLE_TRY(const std::vector<int32_t> size, need_numbers(graph, node, 1, "size"));
  if (size.size() != 2 || size[0] < 1 || size[1] < 1)
    return attribute_error(node, "needs a height and a width of at least 1.");
  return Shapes{{in.shape[0], size[0], size[1], in.shape[3]}};
}

}  // namespace shape_rules

}  // namespace tadpole::ir
