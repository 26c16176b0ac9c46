// Operators that only move values to their kernels: strided copies of blocks of bytes. As in TFLite Micro,
// stored values move as they are, whatever the scales; concatenation refuses inputs of other scales as TFLite
// does. Sources: TFLite reference kernels (transpose, pad, concatenation, strided_slice, gather) and TFLite
// Micro's pad_common.cc, concatenation.cc.
#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "device/kernels/ref/moves.h"
#include "plan/lower.h"

namespace tadpole::plan {

namespace {

constexpr size_t kDims = std::extent_v<decltype(kernels::CopyBlocksParams::dims)>;
constexpr int64_t kMostBytes = std::numeric_limits<int32_t>::max();

/// What copy_blocks does, in bytes, with any number of dimensions; outermost first.
struct Blocks {
  struct Dim {
    int64_t count, in_stride, out_stride;
  };
  std::vector<Dim> dims;
  int64_t in_offset = 0, out_offset = 0;
  int64_t block = 1;
};

size_t axis_of(int64_t axis, size_t rank) { return static_cast<size_t>(ir::wrapped_axis(axis, rank)); }

int64_t product(const ir::Shape& shape, size_t from, size_t to) {
  int64_t count = 1;
  for (size_t i = from; i < to; ++i) count *= shape[i];
  return count;
}

/// Row-major strides in bytes.
std::vector<int64_t> strides_of(const ir::Shape& shape, int64_t element_bytes) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = element_bytes;
  for (size_t i = shape.size(); i-- > 0; stride *= shape[i]) strides[i] = stride;
  return strides;
}

/// Drops dimensions of 1, joins those that are walked alike, and makes the block as long as it can be.
void simplify(Blocks& blocks) {
  std::vector<Blocks::Dim> joined;
  for (const Blocks::Dim& dim : blocks.dims) {
    if (dim.count == 1) continue;
    Blocks::Dim* outer = joined.empty() ? nullptr : &joined.back();
    if (outer && outer->in_stride == dim.count * dim.in_stride &&
        outer->out_stride == dim.count * dim.out_stride) {
      *outer = {outer->count * dim.count, dim.in_stride, dim.out_stride};
    } else {
      joined.push_back(dim);
    }
  }
  while (!joined.empty() && joined.back().in_stride == blocks.block &&
         joined.back().out_stride == blocks.block) {
    blocks.block *= joined.back().count;
    joined.pop_back();
  }
  blocks.dims = std::move(joined);
}

/// Whether out is written from its start without gaps while in is read ever forwards: then a byte of out
/// comes no later than the byte of in from in_offset on with the same number.
bool runs_forward(const Blocks& blocks) {
  int64_t in_least = blocks.block, out_next = blocks.block;
  for (size_t i = blocks.dims.size(); i-- > 0;) {
    const Blocks::Dim& dim = blocks.dims[i];
    if (dim.in_stride < in_least || dim.out_stride != out_next) return false;
    in_least = dim.in_stride * dim.count;
    out_next = dim.out_stride * dim.count;
  }
  return blocks.out_offset == 0;
}

Result<void> check_bytes(const NodeView& view, const ir::Tensor& tensor) {
  if (tensor.type == ir::DType::int4)
    return view.bad_type("'" + tensor.name + "' is int4, which only weights of a layer may be.");
  if (tensor.bytes() <= kMostBytes) return {};
  return view.unsupported("'" + tensor.name + "' is larger than 2 GB.");
}

/// The copy from one tensor to another of the same type.
Result<LoweredNode> copy(const NodeView& view, Blocks blocks, int input, int output) {
  const ir::Tensor& in = view.graph.tensors[static_cast<size_t>(input)];
  const ir::Tensor& out = view.graph.tensors[static_cast<size_t>(output)];
  TADPOLE_CHECK(check_bytes(view, in));
  TADPOLE_CHECK(check_bytes(view, out));
  if (in.type != out.type) {
    return view.bad_type("goes from " + std::string(to_string(in.type)) + " to " +
                         std::string(to_string(out.type)) + "; values that only move keep their type.");
  }
  simplify(blocks);
  if (blocks.dims.size() > kDims) {
    return view.unsupported("moves values along " + std::to_string(blocks.dims.size()) +
                            " dimensions; up to " + std::to_string(kDims) + " are supported.");
  }
  kernels::CopyBlocksParams params{{1, 1, 1, 1, 1, 1}, {}, {}, 0, 0, 0};
  const size_t unused = kDims - blocks.dims.size();
  for (size_t i = 0; i < blocks.dims.size(); ++i) {
    params.dims[unused + i] = static_cast<int32_t>(blocks.dims[i].count);
    params.in_stride[unused + i] = static_cast<int32_t>(blocks.dims[i].in_stride);
    params.out_stride[unused + i] = static_cast<int32_t>(blocks.dims[i].out_stride);
  }
  params.in_offset = static_cast<int32_t>(blocks.in_offset);
  params.out_offset = static_cast<int32_t>(blocks.out_offset);
  params.block_bytes = static_cast<int32_t>(blocks.block);
  LoweredNode lowered{make_call(TADPOLE_KERNEL("ref/moves.h", CopyBlocksParams, copy_blocks), params),
                      {input}};
  lowered.outputs = {output};
  if (runs_forward(blocks)) lowered.overlaps.push_back({0, -blocks.in_offset});
  return lowered;
}

/// The first input under another shape: no call, unless its bytes are elsewhere than in an activation of its
/// own.
Result<LoweredNode> unchanged(const NodeView& view, int input) {
  const ir::Tensor& in = view.graph.tensors[static_cast<size_t>(input)];
  if (in.type != view.out().type) return view.bad_type("mixes number types.");
  if (!in.is_constant() && !in.is_variable) return LoweredNode{nullptr, {input}};
  return copy(view, {{}, 0, 0, in.bytes()}, input, view.node.outputs[0]);
}

/// Several copies as one node.
LoweredNode joined(std::vector<LoweredNode> calls) {
  LoweredNode first = std::move(calls[0]);
  first.then.assign(std::make_move_iterator(calls.begin() + 1), std::make_move_iterator(calls.end()));
  return first;
}

/// A tensor seen as [outer, size, inner]: `size` along the axis. In bytes from `inner` on.
struct Split {
  int64_t outer, size, inner;
};
Split split_at(const ir::Shape& shape, size_t axis, int64_t element_bytes) {
  return {product(shape, 0, axis), shape[axis], product(shape, axis + 1, shape.size()) * element_bytes};
}

/// Joins the inputs along dimension `axis` of the output, of which input i takes sizes[i].
Result<LoweredNode> join(const NodeView& view, size_t axis, const std::vector<int64_t>& sizes) {
  const Split out = split_at(view.out().shape, axis, byte_size(view.out().type));
  std::vector<LoweredNode> calls;
  int64_t at = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const int64_t block = sizes[i] * out.inner;
    Blocks blocks{{{out.outer, block, out.size * out.inner}}, 0, at, block};
    TADPOLE_TRY(LoweredNode call, copy(view, std::move(blocks), view.node.inputs[i], view.node.outputs[0]));
    calls.push_back(std::move(call));
    at += block;
  }
  return joined(std::move(calls));
}

/// Cuts input `input` along `axis` into equal parts, one an output.
Result<LoweredNode> cut(const NodeView& view, int input, size_t axis) {
  const ir::Tensor& tensor = view.in(input);
  const Split in = split_at(tensor.shape, axis, byte_size(tensor.type));
  const int64_t block = in.size / static_cast<int64_t>(view.node.outputs.size()) * in.inner;
  std::vector<LoweredNode> calls;
  for (size_t i = 0; i < view.node.outputs.size(); ++i) {
    Blocks blocks{{{in.outer, in.size * in.inner, block}}, static_cast<int64_t>(i) * block, 0, block};
    TADPOLE_TRY(LoweredNode call, copy(view, std::move(blocks), view.node.inputs[static_cast<size_t>(input)],
                                       view.node.outputs[i]));
    calls.push_back(std::move(call));
  }
  return joined(std::move(calls));
}

Result<LoweredNode> lower_any_slice(const NodeView& view) {
  TADPOLE_TRY(const ir::Slice slice, ir::slice_of(view.graph, view.node));
  const int64_t element = byte_size(view.in().type);
  const auto in_stride = strides_of(view.in().shape, element);
  const auto out_stride = strides_of(slice.count, element);
  Blocks blocks{{}, 0, 0, element};
  for (size_t i = 0; i < in_stride.size(); ++i) {
    blocks.in_offset += slice.begin[i] * in_stride[i];
    blocks.dims.push_back({slice.count[i], slice.step[i] * in_stride[i], out_stride[i]});
  }
  return copy(view, std::move(blocks), view.node.inputs[0], view.node.outputs[0]);
}

/// Fills the output with one stored value and copies the input into it.
Result<LoweredNode> lower_any_pad(const NodeView& view, const uint8_t* value) {
  const ir::Tensor& in = view.in();
  const ir::Tensor& out = view.out();
  const int64_t element = byte_size(out.type);
  const auto pads = view.in(1).values<int32_t>();
  const auto in_stride = strides_of(in.shape, element), out_stride = strides_of(out.shape, element);
  Blocks blocks{{}, 0, 0, element};
  for (size_t i = 0; i < in.shape.size(); ++i) {
    blocks.out_offset += pads[2 * i] * out_stride[i];
    blocks.dims.push_back({in.shape[i], in_stride[i], out_stride[i]});
  }
  TADPOLE_TRY(LoweredNode inner, copy(view, std::move(blocks), view.node.inputs[0], view.node.outputs[0]));
  if (in.shape == out.shape) return inner;
  inner.overlaps.clear();  // the fill would write over the input
  kernels::FillParams params{
      static_cast<int32_t>(ir::element_count(out.shape)), static_cast<int32_t>(element), {0, 0}};
  std::memcpy(params.value, value, static_cast<size_t>(element));
  LoweredNode lowered{make_call(TADPOLE_KERNEL("ref/moves.h", FillParams, fill), params)};
  lowered.then.push_back(std::move(inner));
  return lowered;
}

/// All indices that are known now must lie inside; others are held there by the kernel.
Result<void> check_indices(const NodeView& view, const ir::Tensor& indices, int32_t size) {
  if (!indices.is_constant()) return {};
  const auto check = [&](int64_t index) -> Result<void> {
    if (index >= 0 && index < size) return {};
    return Error{Code::bad_attribute, view.where() + ": takes position " + std::to_string(index) +
                                          " of a dimension of " + std::to_string(size) + "; needs 0 to " +
                                          std::to_string(size - 1) + "."};
  };
  if (indices.type == ir::DType::int64) {
    for (const int64_t index : indices.values<int64_t>()) TADPOLE_CHECK(check(index));
  } else {
    for (const int32_t index : indices.values<int32_t>()) TADPOLE_CHECK(check(index));
  }
  return {};
}

}  // namespace

Result<LoweredNode> lower_reshape(const NodeView& view) { return unchanged(view, view.node.inputs[0]); }
Result<LoweredNode> lower_squeeze(const NodeView& view) { return unchanged(view, view.node.inputs[0]); }
Result<LoweredNode> lower_expand_dims(const NodeView& view) { return unchanged(view, view.node.inputs[0]); }

Result<LoweredNode> lower_transpose(const NodeView& view) {
  const ir::Shape& shape = view.in().shape;
  const int64_t element = byte_size(view.in().type);
  const auto in_stride = strides_of(shape, element), out_stride = strides_of(view.out().shape, element);
  Blocks blocks{{}, 0, 0, element};
  const auto order = view.in(1).values<int32_t>();
  for (size_t i = 0; i < shape.size(); ++i) {
    const size_t from = axis_of(order[i], shape.size());
    blocks.dims.push_back({shape[from], in_stride[from], out_stride[i]});
  }
  simplify(blocks);
  if (blocks.dims.empty()) return unchanged(view, view.node.inputs[0]);
  return copy(view, std::move(blocks), view.node.inputs[0], view.node.outputs[0]);
}

Result<LoweredNode> lower_pad(const NodeView& view) {
  int64_t zero = 0;
  if (view.out().type == ir::DType::int8) zero = view.zero(view.out());
  if (view.out().type == ir::DType::uint8 && view.out().quantisation) zero = view.zero(view.out());
  uint8_t value[8];
  std::memcpy(value, &zero, sizeof(value));
  return lower_any_pad(view, value);
}

Result<LoweredNode> lower_pad_v2(const NodeView& view) {
  if (!ir::Graph::has_input(view.node, 2)) return lower_pad(view);
  const ir::Tensor& value = view.in(2);
  const ir::Tensor& out = view.out();
  if (!value.is_constant()) return view.unsupported("pads with a computed value; it must be a constant.");
  if (value.type != out.type || ir::element_count(value.shape) != 1) {
    return view.bad_type("pads " + std::string(to_string(out.type)) + " with '" + value.name + "', " +
                         std::string(to_string(value.type)) + " " + ir::to_string(value.shape) +
                         "; one value of the same type is needed.");
  }
  if (value.quantisation && value.quantisation != out.quantisation) {
    return view.bad_type("pads with '" + value.name +
                         "', which has another scale or zero point than its output; both must be the same.");
  }
  return lower_any_pad(view, value.constant->data());
}

Result<LoweredNode> lower_concatenation(const NodeView& view) {
  const auto& attributes = view.attributes<ir::ConcatenationAttributes>();
  if (attributes.activation != ir::Activation::none)
    return view.unsupported("has a fused activation. Put it behind the concatenation as a layer of its own.");
  const size_t axis = axis_of(attributes.axis, view.out().shape.size());
  std::vector<int64_t> sizes;
  for (int i = 0; i < static_cast<int>(view.node.inputs.size()); ++i) {
    const ir::Tensor& in = view.in(i);
    if (in.quantisation != view.out().quantisation) {
      return view.bad_type("'" + in.name +
                           "' has another scale or zero point than the output; TFLite needs them to be the "
                           "same. Put a quantize layer before it, or quantise the model again.");
    }
    sizes.push_back(in.shape[axis]);
  }
  return join(view, axis, sizes);
}

Result<LoweredNode> lower_pack(const NodeView& view) {
  const size_t axis = axis_of(view.attributes<ir::AxisAttributes>().axis, view.out().shape.size());
  return join(view, axis, std::vector<int64_t>(view.node.inputs.size(), 1));
}

Result<LoweredNode> lower_split(const NodeView& view) {
  return cut(view, 1, axis_of(view.in(0).values<int32_t>()[0], view.in(1).shape.size()));
}

Result<LoweredNode> lower_unpack(const NodeView& view) {
  return cut(view, 0, axis_of(view.attributes<ir::AxisAttributes>().axis, view.in().shape.size()));
}

Result<LoweredNode> lower_slice(const NodeView& view) { return lower_any_slice(view); }
Result<LoweredNode> lower_strided_slice(const NodeView& view) { return lower_any_slice(view); }

Result<LoweredNode> lower_gather(const NodeView& view) {
  const auto& attributes = view.attributes<ir::GatherAttributes>();
  const ir::Tensor& in = view.in(0);
  const ir::Tensor& indices = view.in(1);
  if (indices.type != ir::DType::int32 && indices.type != ir::DType::int64) {
    return view.bad_type("its indices are " + std::string(to_string(indices.type)) +
                         "; int32 or int64 is needed.");
  }
  if (in.type != view.out().type) return view.bad_type("mixes number types.");
  TADPOLE_CHECK(check_bytes(view, in));
  TADPOLE_CHECK(check_bytes(view, view.out()));
  const size_t axis = axis_of(attributes.axis, in.shape.size());
  const auto rank = static_cast<int>(indices.shape.size());
  const auto batch =
      static_cast<size_t>(attributes.batch_dims < 0 ? attributes.batch_dims + rank : attributes.batch_dims);
  TADPOLE_CHECK(check_indices(view, indices, in.shape[axis]));
  const auto number = [](int64_t value) { return static_cast<int32_t>(value); };
  const kernels::GatherParams params{
      number(product(in.shape, 0, batch)),
      number(product(in.shape, batch, axis)),
      in.shape[axis],
      number(product(indices.shape, batch, indices.shape.size())),
      number(product(in.shape, axis + 1, in.shape.size()) * byte_size(in.type)),
      indices.type == ir::DType::int64 ? 2 : 1};
  return LoweredNode{make_call(TADPOLE_KERNEL("ref/moves.h", GatherParams, gather), params),
                     {view.node.inputs[0], view.node.inputs[1]}};
}

}  // namespace tadpole::plan
