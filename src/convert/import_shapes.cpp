// Models of a batch of any size compute shapes while they run (SHAPE, STRIDED_SLICE, PACK, then RESHAPE).
// Here every size is fixed, so these chains are constants.
#include <algorithm>
#include <limits>

#include "convert/import.h"

namespace tadpole::convert {

namespace {

using ir::DType;
using ir::Op;
using Values = std::vector<int64_t>;

constexpr int64_t kMostValues = 256;

bool is_small_integer(const ir::Tensor& tensor) {
  return (tensor.type == DType::int32 || tensor.type == DType::int64) && !tensor.quantisation &&
         ir::element_count(tensor.shape) <= kMostValues;
}

Values values_of(const ir::Tensor& tensor) {
  Values values;
  if (tensor.type == DType::int32) {
    for (const int32_t value : tensor.values<int32_t>()) values.push_back(value);
  } else {
    for (const int64_t value : tensor.values<int64_t>()) values.push_back(value);
  }
  return values;
}

bool fits_int32(const Values& values) {
  return std::all_of(values.begin(), values.end(), [](int64_t value) {
    return value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
  });
}

/// One output of one node over constants; nothing when it is left to run, or damaged (then a later check says
/// how).
class Folding {
 public:
  Folding(Import& import, const ir::Node& node) : import_(import), node_(node) {}

  std::optional<Values> fold() {
    for (const int index : node_.inputs) {
      if (index < 0 || !import_.tensor(index).is_constant() || !is_small_integer(import_.tensor(index)))
        return std::nullopt;
      inputs_.push_back(values_of(import_.tensor(index)));
    }
    if (inputs_.empty()) return std::nullopt;
    switch (node_.op) {
      case Op::reshape:
      case Op::squeeze:
      case Op::expand_dims:
      case Op::cast:
        return inputs_[0];
      case Op::pack:
      case Op::concatenation:
        return joined();
      case Op::slice:
      case Op::strided_slice:
        return sliced();
      case Op::gather:
        return gathered();
      case Op::add:
      case Op::sub:
      case Op::mul:
      case Op::maximum:
      case Op::minimum:
        return combined();
      default:
        return std::nullopt;
    }
  }

 private:
  /// Lists and scalars only, as shapes are.
  std::optional<Values> joined() const {
    Values all;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (import_.tensor(node_.inputs[i]).shape.size() > (node_.op == Op::pack ? 0u : 1u))
        return std::nullopt;
      all.insert(all.end(), inputs_[i].begin(), inputs_[i].end());
    }
    return all;
  }

  std::optional<Values> sliced() const {
    if (import_.tensor(node_.inputs[0]).shape.size() != 1) return std::nullopt;
    const auto slice = ir::slice_of(import_.graph, node_);
    if (!slice.ok() || slice->count.size() != 1) return std::nullopt;
    Values taken;
    for (int64_t i = 0; i < slice->count[0]; ++i) {
      const int64_t at = slice->begin[0] + i * slice->step[0];
      if (at < 0 || at >= static_cast<int64_t>(inputs_[0].size())) return std::nullopt;
      taken.push_back(inputs_[0][static_cast<size_t>(at)]);
    }
    return taken;
  }

  std::optional<Values> gathered() const {
    if (inputs_.size() != 2 || import_.tensor(node_.inputs[0]).shape.size() != 1) return std::nullopt;
    Values taken;
    for (const int64_t at : inputs_[1]) {
      if (at < 0 || at >= static_cast<int64_t>(inputs_[0].size())) return std::nullopt;
      taken.push_back(inputs_[0][static_cast<size_t>(at)]);
    }
    return taken;
  }

  std::optional<Values> combined() const {
    if (inputs_.size() != 2) return std::nullopt;
    const auto* attributes = std::get_if<ir::ActivationAttributes>(&node_.attributes);
    if (attributes && attributes->activation != ir::Activation::none) return std::nullopt;
    const Values &a = inputs_[0], &b = inputs_[1];
    const size_t count = std::max(a.size(), b.size());
    if ((a.size() != count && a.size() != 1) || (b.size() != count && b.size() != 1)) return std::nullopt;
    Values out;
    for (size_t i = 0; i < count; ++i) {
      const int64_t x = a[a.size() == 1 ? 0 : i], y = b[b.size() == 1 ? 0 : i];
      if (!fits_int32({x, y})) return std::nullopt;
      switch (node_.op) {
        case Op::add:
          out.push_back(x + y);
          break;
        case Op::sub:
          out.push_back(x - y);
          break;
        case Op::mul:
          out.push_back(x * y);
          break;
        case Op::maximum:
          out.push_back(std::max(x, y));
          break;
        default:
          out.push_back(std::min(x, y));
      }
    }
    return out;
  }

  Import& import_;
  const ir::Node& node_;
  std::vector<Values> inputs_;
};

}  // namespace

void fold_integers(Import& import) {
  std::vector<ir::Node> kept;
  for (ir::Node& node : import.graph.nodes) {
    const bool one_output = node.outputs.size() == 1 && import.tensor(node.outputs[0]).constant == nullptr &&
                            !import.tensor(node.outputs[0]).is_variable;
    const bool small = one_output && is_small_integer(import.tensor(node.outputs[0]));
    const auto values = small ? Folding(import, node).fold() : std::nullopt;
    ir::Tensor* out = small ? &import.tensor(node.outputs[0]) : nullptr;
    if (!values || static_cast<int64_t>(values->size()) != ir::element_count(out->shape) ||
        (out->type == DType::int32 && !fits_int32(*values))) {
      kept.push_back(std::move(node));
      continue;
    }
    const std::vector<int32_t> narrow(values->begin(), values->end());
    out->constant =
        out->type == DType::int32 ? ir::make_constant<int32_t>(narrow) : ir::make_constant<int64_t>(*values);
    import.spare.insert(node.outputs[0]);
    for (const int input : node.inputs) import.spare.insert(input);
  }
  import.graph.nodes = std::move(kept);
}

}  // namespace tadpole::convert
