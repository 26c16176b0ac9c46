// Constants: ONNX tensors, and the small sums with shapes that exporters leave in a graph.
#include <algorithm>
#include <cstring>
#include <limits>

#include "onnx/importer.h"

namespace tadpole::onnx {

namespace {

constexpr int64_t kMaxConstants = int64_t{1} << 26;
/// Values that one node may make of fewer, and that all folded nodes of a file may make: a few bytes of a
/// file must not ask for gigabytes.
constexpr int64_t kMaxGrown = int64_t{1} << 22;
constexpr int64_t kMaxFolded = int64_t{1} << 24;

template <class T>
Result<std::vector<T>> raw(const proto::TensorProto& from, int64_t count, const Error& damaged) {
  if (static_cast<int64_t>(from.raw_data().size()) != count * static_cast<int64_t>(sizeof(T))) return damaged;
  std::vector<T> values(static_cast<size_t>(count));
  if (count > 0) std::memcpy(values.data(), from.raw_data().data(), from.raw_data().size());
  return values;
}

template <class T, class List>
Result<std::vector<T>> listed(const List& from, int64_t count, const Error& damaged) {
  if (from.size() != count) return damaged;
  return std::vector<T>(from.begin(), from.end());
}

/// IEEE half precision to single.
float from_half(uint16_t half) {
  const uint32_t sign = uint32_t{half} >> 15 << 31, exponent = half >> 10 & 31u, fraction = half & 1023u;
  uint32_t bits = sign | (exponent + 112) << 23 | fraction << 13;
  if (exponent == 31) bits = sign | 0x7f800000u | fraction << 13;
  float value = 0;
  if (exponent == 0) {
    value = static_cast<float>(fraction) * 5.9604644775390625e-8f;  // 2^-24
    return sign ? -value : value;
  }
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Two constants of one shape, or one of them a single number.
template <class Combine>
std::optional<Constant> combined(const Constant& a, const Constant& b, Combine combine) {
  if (a.is_float || b.is_float || (a.count() != b.count() && a.count() != 1 && b.count() != 1))
    return std::nullopt;
  Constant out = a.count() >= b.count() ? a : b;
  for (size_t i = 0; i < out.ints.size(); ++i) {
    const std::optional<int64_t> value =
        combine(a.ints[a.count() == 1 ? 0 : i], b.ints[b.count() == 1 ? 0 : i]);
    if (!value) return std::nullopt;
    out.ints[i] = *value;
  }
  return out;
}

std::optional<int64_t> arithmetic(const std::string& op, int64_t a, int64_t b) {
  int64_t out = 0;
  if (op == "Add") return __builtin_add_overflow(a, b, &out) ? std::nullopt : std::optional(out);
  if (op == "Sub") return __builtin_sub_overflow(a, b, &out) ? std::nullopt : std::optional(out);
  if (op == "Mul") return __builtin_mul_overflow(a, b, &out) ? std::nullopt : std::optional(out);
  if (b == 0 || (a == std::numeric_limits<int64_t>::min() && b == -1)) return std::nullopt;
  return a / b;
}

Constant of_numbers(std::vector<int64_t> ints) {
  Constant constant;
  constant.is_float = false;
  constant.shape = {static_cast<int32_t>(ints.size())};
  constant.ints = std::move(ints);
  return constant;
}

/// A constant of `shape` whose element at a position is that of `from` where source(position, from's) says.
template <class Source>
std::optional<Constant> picked(const Constant& from, const ir::Shape& shape, Source source) {
  Constant to;
  to.shape = shape;
  to.is_float = from.is_float;
  int64_t count = 1;
  for (const int32_t dimension : shape) {
    if (dimension < 0 || (count *= dimension) > kMaxConstants) return std::nullopt;
  }
  if (count > std::max(kMaxGrown, from.count())) return std::nullopt;
  std::vector<int64_t> at(shape.size(), 0), position(from.shape.size(), 0);
  for (int64_t n = 0; n < count; ++n) {
    source(at, position);
    int64_t index = 0;
    for (size_t d = 0; d < position.size(); ++d) index = index * from.shape[d] + position[d];
    if (from.is_float) to.floats.push_back(from.floats[static_cast<size_t>(index)]);
    if (!from.is_float) to.ints.push_back(from.ints[static_cast<size_t>(index)]);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++at[d] < shape[d]) break;
      at[d] = 0;
    }
  }
  return to;
}

std::optional<Constant> transposed(const NodeView& view, const Constant& from) {
  std::vector<int64_t> order = view.numbers("perm");
  const size_t rank = from.shape.size();
  for (size_t d = rank; order.size() < rank && d-- > 0;) order.push_back(static_cast<int64_t>(d));
  ir::Shape shape;
  for (const int64_t axis : order) {
    if (order.size() != rank || axis < 0 || axis >= std::ssize(from.shape)) return std::nullopt;
    shape.push_back(from.shape[static_cast<size_t>(axis)]);
  }
  return picked(from, shape, [&](const std::vector<int64_t>& at, std::vector<int64_t>& position) {
    for (size_t d = 0; d < rank; ++d) position[static_cast<size_t>(order[d])] = at[d];
  });
}

/// Broadcasting to a shape, as Expand does.
std::optional<Constant> expanded(const Constant& from, const Constant& to) {
  if (to.is_float || to.ints.size() > 8 || to.ints.size() < from.shape.size()) return std::nullopt;
  ir::Shape shape;
  const size_t added = to.ints.size() - from.shape.size();
  for (size_t d = 0; d < to.ints.size(); ++d) {
    const int64_t own = d < added ? 1 : from.shape[d - added], wanted = to.ints[d];
    if (wanted < 1 || wanted > kMaxConstants || (own != wanted && own != 1 && wanted != 1))
      return std::nullopt;
    shape.push_back(static_cast<int32_t>(std::max(own, wanted)));
  }
  return picked(from, shape, [&](const std::vector<int64_t>& at, std::vector<int64_t>& position) {
    for (size_t d = 0; d < position.size(); ++d) position[d] = from.shape[d] == 1 ? 0 : at[added + d];
  });
}

std::optional<Constant> reshaped(const Constant& from, const Constant& to) {
  if (to.is_float || to.ints.size() > 8) return std::nullopt;
  Constant out = from;
  out.shape.clear();
  int64_t known = 1;
  int open = -1;
  for (size_t d = 0; d < to.ints.size(); ++d) {
    int64_t size = to.ints[d];
    if (size == 0 && d < from.shape.size()) size = from.shape[d];
    if (size == -1 && open < 0) {
      open = static_cast<int>(d);
      size = 1;
    }
    if (size < 1 || size > kMaxConstants || (known *= size) > kMaxConstants) return std::nullopt;
    out.shape.push_back(static_cast<int32_t>(size));
  }
  if (open >= 0) out.shape[static_cast<size_t>(open)] = static_cast<int32_t>(from.count() / known);
  if (ir::element_count(out.shape) != from.count()) return std::nullopt;
  return out;
}

/// A slice along one axis.
std::optional<Constant> sliced(const Constant& from, int64_t start, int64_t end, int64_t axis, int64_t step) {
  const int wrapped = ir::wrapped_axis(axis, from.shape.size());
  if (wrapped < 0 || step == 0 || step > kMaxConstants || step < -kMaxConstants) return std::nullopt;
  const auto d = static_cast<size_t>(wrapped);
  const int64_t size = from.shape[d], low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
  const auto held = [&](int64_t at) {
    at = std::clamp<int64_t>(at, -size - 1, size);
    return std::clamp(at < 0 ? at + size : at, low, high);
  };
  const int64_t first = held(start), last = held(end);
  const int64_t count = step > 0 ? (last - first + step - 1) / step : (first - last - step - 1) / -step;
  ir::Shape shape = from.shape;
  shape[d] = static_cast<int32_t>(std::max<int64_t>(count, 0));
  return picked(from, shape, [&](const std::vector<int64_t>& at, std::vector<int64_t>& position) {
    position = at;
    position[d] = first + at[d] * step;
  });
}

std::optional<Constant> gathered(const Constant& from, const Constant& at, int64_t axis) {
  const int wrapped = ir::wrapped_axis(axis, from.shape.size());
  if (at.is_float || wrapped < 0 || at.shape.size() > 1) return std::nullopt;
  const auto d = static_cast<size_t>(wrapped);
  ir::Shape shape = from.shape;
  for (const int64_t index : at.ints) {
    if (ir::wrapped_axis(index, static_cast<size_t>(from.shape[d])) < 0) return std::nullopt;
  }
  shape[d] = static_cast<int32_t>(at.count());
  auto out = picked(from, shape, [&](const std::vector<int64_t>& to, std::vector<int64_t>& position) {
    position = to;
    position[d] = ir::wrapped_axis(at.ints[static_cast<size_t>(to[d])], static_cast<size_t>(from.shape[d]));
  });
  if (out && at.shape.empty()) out->shape.erase(out->shape.begin() + wrapped);
  return out;
}

int64_t first_or(const Constant* from, int64_t absent) {
  return from && !from->ints.empty() ? from->ints[0] : absent;
}

}  // namespace

Result<Constant> read_tensor(const proto::TensorProto& from) {
  const std::string where = "constant '" + from.name().substr(0, 60) + "'";
  const Error damaged{Code::onnx_damaged, where + " does not hold as many values as its shape says."};
  if (from.data_location() == proto::TensorProto::EXTERNAL || from.external_data_size() > 0) {
    return Error{Code::onnx_unsupported, where + " lies in another file. Save the model as one file."};
  }
  Constant to;
  int64_t count = 1;
  for (const int64_t dimension : from.dims()) {
    if (dimension < 0 || dimension > kMaxConstants || (count *= dimension) > kMaxConstants ||
        from.dims_size() > 8)
      return Error{Code::onnx_damaged, where + " has an impossible shape."};
    to.shape.push_back(static_cast<int32_t>(dimension));
  }
  const bool is_raw = from.has_raw_data();
  switch (from.data_type()) {
    case proto::TensorProto::FLOAT: {
      TADPOLE_TRY(to.floats, is_raw ? raw<float>(from, count, damaged)
                                    : listed<float>(from.float_data(), count, damaged));
      return to;
    }
    case proto::TensorProto::FLOAT16: {
      TADPOLE_TRY(
          const std::vector<uint16_t> halves,
          is_raw ? raw<uint16_t>(from, count, damaged) : listed<uint16_t>(from.int32_data(), count, damaged));
      for (const uint16_t half : halves) to.floats.push_back(from_half(half));
      return to;
    }
    case proto::TensorProto::DOUBLE: {
      TADPOLE_TRY(
          const std::vector<double> doubles,
          is_raw ? raw<double>(from, count, damaged) : listed<double>(from.double_data(), count, damaged));
      to.floats.assign(doubles.begin(), doubles.end());
      return to;
    }
    case proto::TensorProto::INT64: {
      to.is_float = false;
      TADPOLE_TRY(to.ints, is_raw ? raw<int64_t>(from, count, damaged)
                                  : listed<int64_t>(from.int64_data(), count, damaged));
      return to;
    }
    case proto::TensorProto::INT32: {
      to.is_float = false;
      TADPOLE_TRY(const std::vector<int32_t> ints, is_raw
                                                       ? raw<int32_t>(from, count, damaged)
                                                       : listed<int32_t>(from.int32_data(), count, damaged));
      to.ints.assign(ints.begin(), ints.end());
      return to;
    }
    case proto::TensorProto::BOOL: {
      to.is_float = false;
      TADPOLE_TRY(const std::vector<uint8_t> flags, is_raw
                                                        ? raw<uint8_t>(from, count, damaged)
                                                        : listed<uint8_t>(from.int32_data(), count, damaged));
      to.ints.assign(flags.begin(), flags.end());
      return to;
    }
    default:
      return Error{Code::onnx_unsupported,
                   where + " has number type " + std::to_string(from.data_type()) +
                       "; Tadpole reads float, float16, double, int32, int64 and bool."};
  }
}

Result<bool> Importer::keep_folded(const NodeView& view, Constant value) {
  folded_values_ += value.count();
  if (folded_values_ > kMaxFolded)
    return view.damaged("makes more constants than a file may: 16,777,216 values in all.");
  set_constant(view, std::move(value));
  return true;
}

/// Computes a node whose result is known already. False: it is not.
Result<bool> Importer::fold(const NodeView& view) {
  const std::string& op = view.node.op_type();
  if (op == "Constant") {
    Constant value;
    if (const auto* tensor = view.find("value")) {
      TADPOLE_TRY(value, read_tensor(tensor->t()));
    } else if (view.find("value_float")) {
      value.floats = {view.real("value_float", 0)};
    } else if (view.find("value_int")) {
      value = of_numbers({view.number("value_int", 0)});
      value.shape = {};
    } else if (view.find("value_ints")) {
      value = of_numbers(view.numbers("value_ints"));
    } else {
      return view.unsupported("holds neither numbers nor a tensor.");
    }
    set_constant(view, std::move(value));
    return true;
  }
  if (op == "Shape" && view.has_input(0)) {
    const auto value = values_.find(view.node.input(0));
    const Constant* known = constant(view, 0);
    if (value == values_.end() && !known) return view.damaged("reads what nothing has made before.");
    const ir::Shape& shape = known ? known->shape : value->second.shape;
    set_constant(view, of_numbers({shape.begin(), shape.end()}));
    return true;
  }
  if (op == "ConstantOfShape") {
    TADPOLE_TRY(const Constant* shape, need_constant(view, 0, "shape"));
    Constant value, one;
    one.floats = {0};
    if (const auto* given = view.find("value")) {
      TADPOLE_TRY(one, read_tensor(given->t()));
    }
    if (one.count() != 1 || shape->is_float) return view.damaged("needs a shape and one value.");
    int64_t count = 1;
    for (const int64_t dimension : shape->ints) {
      if (dimension < 0 || dimension > kMaxGrown || (count *= dimension) > kMaxGrown)
        return view.damaged("has an impossible shape.");
      value.shape.push_back(static_cast<int32_t>(dimension));
    }
    value.is_float = one.is_float;
    if (one.is_float) value.floats.assign(static_cast<size_t>(count), one.floats[0]);
    if (!one.is_float) value.ints.assign(static_cast<size_t>(count), one.ints[0]);
    return keep_folded(view, std::move(value));
  }
  // Everything else needs constants throughout.
  for (int i = 0; i < view.node.input_size(); ++i) {
    if (view.has_input(i) && !constant(view, i)) return false;
  }
  const Constant* first = constant(view, 0);
  if (!first) return false;
  std::optional<Constant> result;
  if (op == "Identity" || op == "Cast") {
    result = *first;
    const int64_t to = view.number("to", proto::TensorProto::UNDEFINED);
    const bool to_float =
        op == "Cast" && (to == proto::TensorProto::FLOAT || to == proto::TensorProto::DOUBLE);
    if (op == "Cast" && to_float != first->is_float) {
      result->is_float = to_float;
      if (to_float) result->floats.assign(first->ints.begin(), first->ints.end());
      for (size_t i = 0; !to_float && i < first->floats.size(); ++i) {
        const float value = first->floats[i];
        if (!(value > -9e18f && value < 9e18f)) return false;
        result->ints.push_back(static_cast<int64_t>(value));
      }
      (to_float ? result->ints.clear() : result->floats.clear());
    }
  } else if (op == "Unsqueeze" || op == "Squeeze") {
    if (first->count() == 1 || first->shape.size() <= 1) {
      result = *first;
      result->shape = op == "Squeeze" ? ir::Shape{} : ir::Shape{static_cast<int32_t>(first->count())};
    }
  } else if (op == "Reshape" && constant(view, 1)) {
    result = reshaped(*first, *constant(view, 1));
  } else if (op == "Expand" && constant(view, 1)) {
    result = expanded(*first, *constant(view, 1));
  } else if (op == "Transpose") {
    result = transposed(view, *first);
  } else if (op == "Concat") {
    Constant joined = of_numbers({});
    for (int i = 0; i < view.node.input_size(); ++i) {
      const Constant* part = constant(view, i);
      if (!part || part->is_float || part->shape.size() > 1) return false;
      joined.ints.insert(joined.ints.end(), part->ints.begin(), part->ints.end());
      if (std::ssize(joined.ints) > kMaxGrown) return false;
    }
    joined.shape = {static_cast<int32_t>(joined.ints.size())};
    result = std::move(joined);
  } else if (op == "Gather" && constant(view, 1)) {
    result = gathered(*first, *constant(view, 1), view.number("axis", 0));
  } else if (op == "Slice" && constant(view, 1) && constant(view, 2) && constant(view, 1)->count() == 1) {
    result = sliced(*first, first_or(constant(view, 1), 0), first_or(constant(view, 2), 0),
                    first_or(constant(view, 3), 0), first_or(constant(view, 4), 1));
  } else if ((op == "Add" || op == "Sub" || op == "Mul" || op == "Div") && constant(view, 1)) {
    result = combined(*first, *constant(view, 1), [&](int64_t a, int64_t b) { return arithmetic(op, a, b); });
  }
  if (!result) return false;
  return keep_folded(view, *std::move(result));
}

}  // namespace tadpole::onnx
