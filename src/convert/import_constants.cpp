// Constants in the types that our operators want.
#include <algorithm>
#include <limits>

#include "convert/import.h"

namespace tadpole::convert {

namespace {

using ir::DType;
using ir::Op;

int64_t stored_value(const ir::Tensor& tensor, size_t i) {
  switch (tensor.type) {
    case DType::int8:
      return static_cast<int8_t>((*tensor.constant)[i]);
    case DType::uint8:
      return (*tensor.constant)[i];
    case DType::int16:
      return tensor.values<int16_t>()[i];
    case DType::int32:
      return tensor.values<int32_t>()[i];
    case DType::int64:
      return tensor.values<int64_t>()[i];
    case DType::int4: {
      const int nibble = (*tensor.constant)[i / 2] >> (i % 2 ? 4 : 0) & 15;
      return nibble >= 8 ? nibble - 16 : nibble;
    }
    case DType::boolean:
    case DType::float32:
      break;
  }
  return 0;
}

/// The constant as real numbers; nothing when its scales do not fit its shape.
std::optional<std::vector<float>> dequantised(const ir::Tensor& tensor) {
  if (!tensor.quantisation || tensor.quantisation->scales.empty()) return std::nullopt;
  const ir::Quantisation& q = *tensor.quantisation;
  size_t inner = 1;  // values in a row with one scale
  if (q.per_channel()) {
    if (q.axis < 0 || q.axis >= static_cast<int>(tensor.shape.size())) return std::nullopt;
    const auto axis = static_cast<size_t>(q.axis);
    if (tensor.shape[axis] != static_cast<int64_t>(q.scales.size())) return std::nullopt;
    for (size_t d = axis + 1; d < tensor.shape.size(); ++d) inner *= static_cast<size_t>(tensor.shape[d]);
  }
  std::vector<float> values(static_cast<size_t>(ir::element_count(tensor.shape)));
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t channel = i / inner % q.scales.size();
    const double steps = static_cast<double>(stored_value(tensor, i)) - q.zero_points[channel];
    values[i] = static_cast<float>(steps * q.scales[channel]);
  }
  return values;
}

/// Which inputs are numbers for the operator itself: int32 in a graph.
bool is_number_input(Op op, int input) {
  switch (op) {
    case Op::mean:
    case Op::sum:
    case Op::arg_max:
    case Op::reshape:
    case Op::expand_dims:
    case Op::transpose:
    case Op::pad:
    case Op::pad_v2:
    case Op::gather:
    case Op::resize_bilinear:
    case Op::resize_nearest_neighbor:
      return input == 1;
    case Op::split:
    case Op::transpose_conv:
      return input == 0;
    case Op::slice:
    case Op::strided_slice:
      return input >= 1;
    default:
      return false;
  }
}

ir::Tensor narrowed(const ir::Tensor& from) {
  ir::Tensor to = from;
  std::vector<int32_t> values;
  for (int64_t i = 0; i < ir::element_count(from.shape); ++i) {
    const auto at = static_cast<size_t>(i);
    const int64_t value = from.type == DType::int64 ? from.values<int64_t>()[at] : from.values<int16_t>()[at];
    values.push_back(static_cast<int32_t>(std::clamp<int64_t>(value, std::numeric_limits<int32_t>::min(),
                                                              std::numeric_limits<int32_t>::max())));
  }
  to.type = DType::int32;
  to.quantisation.reset();
  to.constant = ir::make_constant<int32_t>(values);
  return to;
}

}  // namespace

std::string layer(const ir::Node& node) {
  return "layer '" + node.name + "' (" + std::string(ir::op_name(node.op)) + ")";
}

void fold_dequantised_constants(Import& import) {
  std::vector<ir::Node> kept;
  for (ir::Node& node : import.graph.nodes) {
    const bool fits = node.op == Op::dequantize && node.inputs.size() == 1 && node.outputs.size() == 1 &&
                      node.inputs[0] >= 0;
    if (!fits) {
      kept.push_back(std::move(node));
      continue;
    }
    const ir::Tensor& in = import.tensor(node.inputs[0]);
    ir::Tensor& out = import.tensor(node.outputs[0]);
    bool folded = false;
    if (in.is_constant() && out.type == DType::float32 && !out.is_constant() && !out.is_variable &&
        in.shape == out.shape) {
      if (in.type == DType::float32) {  // was float16
        out.constant = in.constant;
        folded = true;
      } else if (const auto values = dequantised(in)) {
        out.constant = ir::make_constant<float>(*values);
        folded = true;
      }
    }
    if (folded) import.spare.insert(node.inputs[0]);
    if (!folded) kept.push_back(std::move(node));
  }
  import.graph.nodes = std::move(kept);
}

void narrow_integers(Import& import) {
  std::map<int, int> narrow;  // tensor to its int32 twin
  for (ir::Node& node : import.graph.nodes) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const int index = node.inputs[i];
      if (index < 0 || !is_number_input(node.op, static_cast<int>(i))) continue;
      const ir::Tensor& from = import.tensor(index);
      if (!from.is_constant() || (from.type != DType::int64 && from.type != DType::int16)) continue;
      const auto [found, added] = narrow.try_emplace(index, static_cast<int>(import.graph.tensors.size()));
      if (added) {
        import.graph.tensors.push_back(narrowed(from));
        import.spare.insert(index);
      }
      node.inputs[i] = found->second;
    }
  }
}

void compact(Import& import) {
  ir::Graph& graph = import.graph;
  std::vector<bool> kept(graph.tensors.size(), true);
  for (const int index : import.spare) kept[static_cast<size_t>(index)] = false;
  const auto for_all = [&](const auto& visit) {
    for (ir::Node& node : graph.nodes) {
      for (int& index : node.inputs) visit(index);
      for (int& index : node.outputs) visit(index);
    }
    for (int& index : graph.inputs) visit(index);
    for (int& index : graph.outputs) visit(index);
  };
  for_all([&](int& index) {
    if (index >= 0) kept[static_cast<size_t>(index)] = true;
  });
  std::vector<int> moved(graph.tensors.size());
  size_t next = 0;
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    moved[i] = static_cast<int>(next);
    if (!kept[i]) continue;
    if (next != i) graph.tensors[next] = std::move(graph.tensors[i]);
    ++next;
  }
  graph.tensors.resize(next);
  for_all([&](int& index) {
    if (index >= 0) index = moved[static_cast<size_t>(index)];
  });
}

}  // namespace tadpole::convert
