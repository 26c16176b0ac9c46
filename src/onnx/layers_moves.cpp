// Operators that only move values. Most of them cost nothing: they change how ONNX sees a tensor.
#include <algorithm>

#include "onnx/importer.h"

namespace tadpole::onnx {

namespace {

/// Axes of `shape`'s rank, each in range and once.
Result<std::vector<bool>> flags_of(const NodeView& view, const std::vector<int64_t>& axes, size_t rank) {
  std::vector<bool> flags(rank, false);
  for (const int64_t axis : axes) {
    const int wrapped = ir::wrapped_axis(axis, rank);
    if (wrapped < 0) return view.damaged("has no axis " + std::to_string(axis) + ".");
    flags[static_cast<size_t>(wrapped)] = true;
  }
  return flags;
}

/// A value whose columns are in the model's order.
Result<Value> without_columns(Importer& importer, const NodeView& view, int index) {
  TADPOLE_TRY(Value value, importer.activation(view, index));
  if (value.columns.empty()) return value;
  TADPOLE_TRY(const int tensor, importer.logical(view, value));
  return importer.plain(tensor);
}

Result<void> set_reshaped(Importer& importer, const NodeView& view, int tensor, const ir::Shape& shape) {
  const ir::Shape& from = importer.graph().tensors[static_cast<size_t>(tensor)].shape;
  if (from != shape) {
    TADPOLE_TRY(tensor, importer.add(view, ir::Op::reshape, {tensor}, ir::NoAttributes{}, shape));
  }
  importer.set(view, 0, importer.plain(tensor));
  return {};
}

/// [N, C, ...] with channels last as [N, all]: the rows stay as they are stored, and whoever multiplies them
/// by weights sorts those instead.
Result<void> flatten_rows(Importer& importer, const NodeView& view, const Value& value) {
  const auto width = static_cast<int32_t>(ir::element_count(value.shape) / value.shape[0]);
  TADPOLE_TRY(const int tensor, importer.add(view, ir::Op::reshape, {value.tensor}, ir::NoAttributes{},
                                             ir::Shape{value.shape[0], width}));
  Value flat = importer.plain(tensor);
  const ir::Shape stored = stored_shape(value.shape, value.order);
  const size_t rank = value.shape.size();
  std::vector<int32_t> at(rank, 0);
  bool moves = false;
  for (int32_t i = 0; i < width; ++i) {
    std::vector<int32_t> place(rank, 0);
    for (size_t d = 1; d < rank; ++d) place[static_cast<size_t>(value.order[d])] = at[d];
    int32_t column = 0;
    for (size_t d = 1; d < rank; ++d) column = column * stored[d] + place[d];
    flat.columns.push_back(column);
    moves = moves || column != i;
    for (size_t d = rank; d-- > 1;) {
      if (++at[d] < value.shape[d]) break;
      at[d] = 0;
    }
  }
  if (!moves) flat.columns.clear();
  importer.set(view, 0, std::move(flat));
  return {};
}

Result<void> to_shape(Importer& importer, const NodeView& view, const Value& value, const ir::Shape& shape) {
  const bool keeps_rows = shape.size() == 2 && value.shape.size() > 2 && shape[0] == value.shape[0] &&
                          value.order[0] == 0 && value.columns.empty();
  if (keeps_rows) return flatten_rows(importer, view, value);
  if (shape == value.shape) {
    importer.set(view, 0, value);
    return {};
  }
  TADPOLE_TRY(const int tensor, importer.logical(view, value));
  return set_reshaped(importer, view, tensor, shape);
}

Result<void> reshape(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  TADPOLE_TRY(const auto wanted, importer.numbers(view, 1, "shape"));
  if (!wanted || wanted->size() > 8) return view.damaged("has no shape, or one of more than 8 dimensions.");
  const int64_t count = ir::element_count(value.shape);
  ir::Shape shape;
  int64_t known = 1;
  int open = -1;
  for (size_t i = 0; i < wanted->size(); ++i) {
    int64_t size = (*wanted)[i];
    if (size == 0 && view.number("allowzero", 0) == 0 && i < value.shape.size()) size = value.shape[i];
    if (size == -1 && open < 0) {
      open = static_cast<int>(i);
      size = 1;
    }
    if (size < 1 || size > count || (known *= size) > count)
      return view.damaged("asks for an impossible shape.");
    shape.push_back(static_cast<int32_t>(size));
  }
  if (open >= 0) shape[static_cast<size_t>(open)] = static_cast<int32_t>(count / known);
  if (ir::element_count(shape) != count)
    return view.damaged(ir::to_string(value.shape) + " cannot become " + ir::to_string(shape) + ".");
  return to_shape(importer, view, value, shape);
}

Result<void> flatten(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  const auto rank = static_cast<int64_t>(value.shape.size());
  int64_t axis = view.number("axis", 1);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis > rank) return view.damaged("has no such axis.");
  ir::Shape shape = {1, 1};
  for (int64_t i = 0; i < rank; ++i) shape[i < axis ? 0 : 1] *= value.shape[static_cast<size_t>(i)];
  return to_shape(importer, view, value, shape);
}

Result<void> transpose(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, without_columns(importer, view, 0));
  const size_t rank = value.shape.size();
  std::vector<int64_t> permutation = view.numbers("perm");
  if (permutation.empty()) {
    for (size_t i = rank; i-- > 0;) permutation.push_back(static_cast<int64_t>(i));
  }
  TADPOLE_TRY(const std::vector<bool> named, flags_of(view, permutation, rank));
  if (permutation.size() != rank || std::find(named.begin(), named.end(), false) != named.end())
    return view.damaged("its perm does not name each dimension once.");
  Value turned{value.tensor, ir::Shape(rank), std::vector<int>(rank), {}};
  for (size_t i = 0; i < rank; ++i) {
    const auto from = static_cast<size_t>(ir::wrapped_axis(permutation[i], rank));
    turned.shape[i] = value.shape[from];
    turned.order[i] = value.order[from];
  }
  importer.set(view, 0, std::move(turned));
  return {};
}

/// Dimensions of 1 come and go: the stored tensor is reshaped, the order of the others stays.
Result<void> set_dimensions(Importer& importer, const NodeView& view, const Value& value,
                            const ir::Shape& shape, const std::vector<int>& source) {
  // source[i]: the dimension of `value` that becomes dimension i, or -1 for a new one; new ones are stored
  // first.
  Value out{-1, shape, std::vector<int>(shape.size()), {}};
  std::vector<std::pair<int, size_t>> places;
  for (size_t i = 0; i < shape.size(); ++i)
    places.emplace_back(source[i] < 0 ? -1 : value.order[static_cast<size_t>(source[i])], i);
  // A new dimension keeps its logical place where nothing else is turned.
  std::stable_sort(places.begin(), places.end(), [&](const auto& a, const auto& b) {
    if (a.first < 0 || b.first < 0)
      return value.order == plain_order(value.order.size()) ? a.second < b.second : a.first < b.first;
    return a.first < b.first;
  });
  for (size_t i = 0; i < places.size(); ++i) out.order[places[i].second] = static_cast<int>(i);
  TADPOLE_TRY(out.tensor, importer.add(view, ir::Op::reshape, {value.tensor}, ir::NoAttributes{},
                                       stored_shape(shape, out.order)));
  importer.set(view, 0, std::move(out));
  return {};
}

Result<void> squeeze(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, without_columns(importer, view, 0));
  TADPOLE_TRY(const auto axes, importer.numbers(view, 1, "axes"));
  const size_t rank = value.shape.size();
  std::vector<bool> gone(rank, false);
  if (axes) {
    TADPOLE_TRY(gone, flags_of(view, *axes, rank));
  }
  ir::Shape shape;
  std::vector<int> source;
  for (size_t i = 0; i < rank; ++i) {
    if (axes ? gone[i] : value.shape[i] == 1) {
      if (value.shape[i] != 1)
        return view.damaged("squeezes a dimension of " + std::to_string(value.shape[i]) + ".");
      continue;
    }
    shape.push_back(value.shape[i]);
    source.push_back(static_cast<int>(i));
  }
  return set_dimensions(importer, view, value, shape, source);
}

Result<void> unsqueeze(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, without_columns(importer, view, 0));
  TADPOLE_TRY(const auto axes, importer.numbers(view, 1, "axes"));
  if (!axes || axes->size() + value.shape.size() > 8) return view.damaged("has no axes, or too many.");
  const size_t rank = value.shape.size() + axes->size();
  TADPOLE_TRY(const std::vector<bool> added, flags_of(view, *axes, rank));
  if (std::count(added.begin(), added.end(), true) != std::ssize(*axes))
    return view.damaged("names an axis twice.");
  ir::Shape shape;
  std::vector<int> source;
  int next = 0;
  for (size_t i = 0; i < rank; ++i) {
    source.push_back(added[i] ? -1 : next);
    shape.push_back(added[i] ? 1 : value.shape[static_cast<size_t>(next)]);
    next += added[i] ? 0 : 1;
  }
  return set_dimensions(importer, view, value, shape, source);
}

Result<void> concat(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value first, without_columns(importer, view, 0));
  // Follow an input that is turned, so that the others need not be turned back.
  std::vector<int> order = first.order;
  for (int i = 0; i < view.node.input_size(); ++i) {
    TADPOLE_TRY(const Value value, importer.activation(view, i));
    if (value.shape.size() != first.shape.size()) return view.damaged("joins values of different ranks.");
    if (!importer.constant(view, i) && value.columns.empty() && value.order != plain_order(order.size()))
      order = value.order;
  }
  std::vector<int> parts;
  for (int i = 0; i < view.node.input_size(); ++i) {
    TADPOLE_TRY(const Value value, importer.activation(view, i));
    TADPOLE_TRY(const int part, importer.stored_as(view, value, order));
    parts.push_back(part);
  }
  const int axis = ir::wrapped_axis(view.number("axis", 0), first.shape.size());
  if (axis < 0) return view.damaged("has no such axis.");
  const int stored = order[static_cast<size_t>(axis)];
  TADPOLE_TRY(const int out, importer.add(view, ir::Op::concatenation, parts,
                                          ir::ConcatenationAttributes{stored, ir::Activation::none}));
  Value joined{out, first.shape, order, {}};
  joined.shape[static_cast<size_t>(axis)] =
      importer.graph().tensors[static_cast<size_t>(out)].shape[static_cast<size_t>(stored)];
  importer.set(view, 0, std::move(joined));
  return {};
}

/// Takes `count` steps from `begin` along each logical dimension.
Result<Value> cut(Importer& importer, const NodeView& view, const Value& value,
                  const std::vector<int64_t>& begin, const std::vector<int64_t>& count,
                  const std::vector<int64_t>& step) {
  const size_t rank = value.shape.size();
  std::vector<int64_t> b(rank), e(rank), s(rank);
  ir::StridedSliceAttributes attributes;
  Value out = value;
  for (size_t i = 0; i < rank; ++i) {
    const auto at = static_cast<size_t>(value.order[i]);
    b[at] = begin[i];
    s[at] = step[i];
    e[at] = begin[i] + count[i] * step[i];
    if (e[at] < 0) {  // down to the first element: an end of -1 would mean the last
      e[at] = 0;
      attributes.end_mask |= 1 << at;
    }
    out.shape[i] = static_cast<int32_t>(count[i]);
  }
  const std::string& name = view.name;
  TADPOLE_TRY(out.tensor, importer.add(view, ir::Op::strided_slice,
                                       {value.tensor, importer.add_numbers(name + "_begin", b),
                                        importer.add_numbers(name + "_end", e),
                                        importer.add_numbers(name + "_strides", s)},
                                       attributes));
  return out;
}

Result<void> slice(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, without_columns(importer, view, 0));
  const size_t rank = value.shape.size();
  TADPOLE_TRY(const auto starts, importer.numbers(view, 1, ""));
  TADPOLE_TRY(const auto ends, importer.numbers(view, 2, ""));
  TADPOLE_TRY(const auto given, importer.numbers(view, 3, ""));
  TADPOLE_TRY(const auto steps, importer.numbers(view, 4, ""));
  if (!starts || !ends || starts->size() != ends->size() || (given && given->size() != starts->size()) ||
      (steps && steps->size() != starts->size()) || starts->size() > rank)
    return view.damaged("its starts, ends, axes and steps do not belong together.");
  std::vector<int64_t> begin(rank, 0), count(value.shape.begin(), value.shape.end()), step(rank, 1);
  for (size_t i = 0; i < starts->size(); ++i) {
    const int axis = ir::wrapped_axis(given ? (*given)[i] : static_cast<int64_t>(i), rank);
    const int64_t by = steps ? (*steps)[i] : 1;
    if (axis < 0 || by == 0 || by > INT32_MAX || by < -INT32_MAX)
      return view.damaged("has no such axis or step.");
    const auto d = static_cast<size_t>(axis);
    const int64_t size = value.shape[d];
    const int64_t low = by > 0 ? 0 : -1, high = by > 0 ? size : size - 1;
    // Ends may be as large as 2^63 - 1: held before anything is added.
    const auto held = [&](int64_t at) {
      at = std::clamp<int64_t>(at, -size - 1, size);
      return std::clamp(at < 0 ? at + size : at, low, high);
    };
    const int64_t from = held((*starts)[i]), to = held((*ends)[i]);
    const int64_t taken = by > 0 ? (to - from + by - 1) / by : (from - to - by - 1) / -by;
    if (taken < 1) return view.unsupported("takes nothing.");
    begin[d] = from;
    count[d] = taken;
    step[d] = by;
  }
  TADPOLE_TRY(Value out, cut(importer, view, value, begin, count, step));
  importer.set(view, 0, std::move(out));
  return {};
}

Result<void> split(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, without_columns(importer, view, 0));
  const size_t rank = value.shape.size();
  const int axis = ir::wrapped_axis(view.number("axis", 0), rank);
  if (axis < 0) return view.damaged("has no such axis.");
  const auto d = static_cast<size_t>(axis);
  const auto outputs = static_cast<int64_t>(view.node.output_size());
  TADPOLE_TRY(auto sizes, importer.numbers(view, 1, "split"));
  if (!sizes && value.shape[d] % outputs != 0) return view.damaged("does not split into equal parts.");
  if (!sizes) sizes = std::vector<int64_t>(static_cast<size_t>(outputs), value.shape[d] / outputs);
  if (std::ssize(*sizes) != outputs) return view.damaged("has as many sizes as not outputs.");
  int64_t at = 0;
  for (int i = 0; i < view.node.output_size(); ++i) {
    std::vector<int64_t> begin(rank, 0), count(value.shape.begin(), value.shape.end());
    const int64_t size = (*sizes)[static_cast<size_t>(i)];
    if (size < 1 || size > value.shape[d] - at) return view.damaged("its parts do not fit.");
    begin[d] = at;
    count[d] = size;
    at += size;
    if (importer.uses(view.node.output(i)) == 0) continue;
    TADPOLE_TRY(Value part, cut(importer, view, value, begin, count, std::vector<int64_t>(rank, 1)));
    importer.set(view, i, std::move(part));
  }
  return {};
}

Result<void> gather(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, without_columns(importer, view, 0));
  TADPOLE_TRY(const Constant* indices, importer.need_constant(view, 1, "indices"));
  const int axis = ir::wrapped_axis(view.number("axis", 0), value.shape.size());
  if (axis < 0 || indices->is_float || indices->shape.size() > 1)
    return view.unsupported("needs one axis and a row of whole numbers.");
  const auto d = static_cast<size_t>(axis);
  std::vector<int64_t> at;
  for (const int64_t index : indices->ints) {
    const int wrapped = ir::wrapped_axis(index, static_cast<size_t>(value.shape[d]));
    if (wrapped < 0) return view.damaged("asks for position " + std::to_string(index) + ".");
    at.push_back(wrapped);
  }
  if (at.empty()) return view.unsupported("takes nothing.");
  const int numbers = importer.add_numbers(view.name + "_indices", at);
  const bool drops = indices->shape.empty();
  TADPOLE_TRY(const int tensor, importer.add(view, ir::Op::gather, {value.tensor, numbers},
                                             ir::GatherAttributes{value.order[d], 0}));
  Value taken = value;
  taken.tensor = tensor;
  taken.shape[d] = static_cast<int32_t>(at.size());
  if (!drops) {
    importer.set(view, 0, std::move(taken));
    return {};
  }
  ir::Shape shape;
  std::vector<int> source;
  for (size_t i = 0; i < taken.shape.size(); ++i) {
    if (i == d) continue;
    shape.push_back(taken.shape[i]);
    source.push_back(static_cast<int>(i));
  }
  return set_dimensions(importer, view, taken, shape, source);
}

Result<void> pad(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, without_columns(importer, view, 0));
  const size_t rank = value.shape.size();
  TADPOLE_TRY(const auto pads, importer.numbers(view, 1, "pads"));
  if (view.text("mode", "constant") != "constant")
    return view.unsupported("pads by mode '" + view.text("mode", "") + "'; Tadpole pads with a constant.");
  if (!pads || pads->size() != 2 * rank) return view.damaged("needs " + std::to_string(2 * rank) + " pads.");
  float with = 0;
  if (view.has_input(2)) {
    TADPOLE_TRY(const Constant* given, importer.need_constant(view, 2, "value"));
    if (given->count() != 1) return view.damaged("pads with more than one number.");
    with = given->is_float ? given->floats[0] : static_cast<float>(given->ints[0]);
  }
  std::vector<int64_t> stored(2 * rank);
  Value out = value;
  for (size_t i = 0; i < rank; ++i) {
    const int64_t before = (*pads)[i], after = (*pads)[rank + i];
    if (before < 0 || after < 0 || before > 65536 || after > 65536)
      return view.unsupported("cuts off instead of padding.");
    const auto at = static_cast<size_t>(value.order[i]);
    stored[2 * at] = before;
    stored[2 * at + 1] = after;
    out.shape[i] = static_cast<int32_t>(out.shape[i] + before + after);
  }
  const int numbers = importer.add_numbers(view.name + "_pads", stored);
  importer.graph().tensors[static_cast<size_t>(numbers)].shape = {static_cast<int32_t>(rank), 2};
  std::vector<int> inputs = {value.tensor, numbers};
  if (with != 0) inputs.push_back(importer.add_constant(view.name + "_value", {}, {with}));
  TADPOLE_TRY(out.tensor,
              importer.add(view, with != 0 ? ir::Op::pad_v2 : ir::Op::pad, inputs, ir::NoAttributes{}));
  importer.set(view, 0, std::move(out));
  return {};
}

/// Only reached when the numbers are not known: the walk folds these away otherwise.
Result<void> only_constant(Importer&, const NodeView& view) {
  return view.unsupported("computes sizes while the model runs. Export the model with fixed sizes.");
}

constexpr Row kRows[] = {{"Reshape", reshape},
                         {"Flatten", flatten},
                         {"Transpose", transpose},
                         {"Squeeze", squeeze},
                         {"Unsqueeze", unsqueeze},
                         {"Concat", concat},
                         {"Slice", slice},
                         {"Split", split},
                         {"Gather", gather},
                         {"Pad", pad},
                         {"Constant", only_constant},
                         {"Shape", only_constant},
                         {"ConstantOfShape", only_constant},
                         {"Expand", only_constant}};

}  // namespace

std::span<const Row> move_layers() { return kRows; }

}  // namespace tadpole::onnx
