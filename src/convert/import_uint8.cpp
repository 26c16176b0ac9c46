// Quantisation to uint8, as before the int8 specification: the same numbers with 128 more. real = scale * (q
// - zero), so taking 128 from both q and the zero point changes no value. A model keeps its uint8 inputs and
// outputs.
#include <algorithm>

#include "convert/import.h"

namespace tadpole::convert {

namespace {

using ir::DType;
using ir::Op;

class ToInt8 {
 public:
  explicit ToInt8(Import& import) : import_(import), graph_(import.graph) {}

  Result<void> run() {
    find_uses();
    for (size_t i = 0; i < graph_.tensors.size(); ++i) {
      if (is_quantised_uint8(graph_.tensors[i]) && !stays(static_cast<int>(i)))
        changed_.push_back(static_cast<int>(i));
    }
    if (changed_.empty()) return {};
    TADPOLE_CHECK(check_casts());
    for (const int index : changed_) change(import_.tensor(index));
    quantise_inputs();
    quantise_outputs();
    name_new_nodes();
    return {};
  }

 private:
  static bool is_quantised_uint8(const ir::Tensor& tensor) {
    return tensor.type == DType::uint8 && tensor.quantisation.has_value();
  }
  static bool converts(const ir::Node& node) { return node.op == Op::quantize || node.op == Op::cast; }
  static bool holds(const std::vector<int>& list, int index) {
    return std::find(list.begin(), list.end(), index) != list.end();
  }

  void find_uses() {
    uses_.resize(graph_.tensors.size());
    for (const ir::Node& node : graph_.nodes) {
      for (const int input : node.inputs) {
        if (input < 0) continue;
        Uses& uses = uses_[static_cast<size_t>(input)];
        (converts(node) ? uses.converted : uses.computed) = true;
      }
      for (const int output : node.outputs)
        uses_[static_cast<size_t>(output)].made_by_conversion = converts(node);
    }
  }

  /// Inputs and outputs of the graph that are only converted.
  bool stays(int index) const {
    const Uses& uses = uses_[static_cast<size_t>(index)];
    if (holds(graph_.inputs, index)) return !uses.computed;
    if (holds(graph_.outputs, index)) return uses.made_by_conversion && !uses.computed && !uses.converted;
    return false;
  }

  /// CAST takes numbers as they are stored, without the zero point.
  Result<void> check_casts() const {
    for (const ir::Node& node : graph_.nodes) {
      if (node.op != Op::cast) continue;
      for (const auto* list : {&node.inputs, &node.outputs}) {
        for (const int index : *list) {
          if (index < 0 || !holds(changed_, index)) continue;
          return Error{Code::type_unsupported,
                       layer(node) + " casts '" + graph_.tensors[static_cast<size_t>(index)].name +
                           "' (uint8 with a scale), which becomes int8 here. Convert the model again with "
                           "int8 throughout."};
        }
      }
    }
    return {};
  }

  static void change(ir::Tensor& tensor) {
    tensor.type = DType::int8;
    for (int32_t& zero : tensor.quantisation->zero_points) zero -= 128;
    for (auto* stored : {&tensor.constant, &tensor.initial}) {
      if (!*stored) continue;
      std::vector<uint8_t> bytes = **stored;
      for (uint8_t& byte : bytes) byte ^= 0x80;
      *stored = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
    }
  }

  /// The uint8 side of an int8 tensor.
  static ir::Tensor outer(const ir::Tensor& inner) {
    ir::Tensor to = inner;
    to.type = DType::uint8;
    to.constant = to.initial = nullptr;
    to.is_variable = false;
    for (int32_t& zero : to.quantisation->zero_points) zero += 128;
    return to;
  }

  void quantise_inputs() {
    std::vector<ir::Node> first;
    for (const int index : graph_.inputs) {
      if (index < 0 || !holds(changed_, index)) continue;
      ir::Tensor inner = import_.tensor(index);
      import_.tensor(index) = outer(inner);
      inner.name += "_int8";
      const int to = static_cast<int>(graph_.tensors.size());
      graph_.tensors.push_back(std::move(inner));
      for (ir::Node& node : graph_.nodes) std::replace(node.inputs.begin(), node.inputs.end(), index, to);
      first.push_back({Op::quantize, "", {index}, {to}, ir::NoAttributes{}});
    }
    graph_.nodes.insert(graph_.nodes.begin(), first.begin(), first.end());
  }

  void quantise_outputs() {
    std::map<int, int> outer_of;
    for (int& index : graph_.outputs) {
      const bool inner = index >= 0 && holds(changed_, index) && !holds(graph_.inputs, index);
      if (!inner) continue;
      const auto [found, added] = outer_of.try_emplace(index, static_cast<int>(graph_.tensors.size()));
      if (added) {
        graph_.tensors.push_back(outer(import_.tensor(index)));
        import_.tensor(index).name += "_int8";
        graph_.nodes.push_back({Op::quantize, "", {index}, {found->second}, ir::NoAttributes{}});
      }
      index = found->second;
    }
  }

  void name_new_nodes() {
    std::vector<std::string> names, fallbacks;
    for (const ir::Node& node : graph_.nodes) {
      const ir::Tensor& out = import_.tensor(node.outputs.empty() ? 0 : node.outputs[0]);
      names.push_back(node.name.empty() ? short_layer_name(node.op, out.name) : node.name);
      fallbacks.push_back(std::string(ir::op_name(node.op)) + "_" + std::to_string(names.size() - 1));
    }
    make_unique(names, fallbacks);
    for (size_t i = 0; i < names.size(); ++i) graph_.nodes[i].name = names[i];
  }

  struct Uses {
    bool converted = false, computed = false, made_by_conversion = false;
  };

  Import& import_;
  ir::Graph& graph_;
  std::vector<Uses> uses_;
  std::vector<int> changed_;  // ascending
};

}  // namespace

Result<void> uint8_to_int8(Import& import) { return ToInt8(import).run(); }

}  // namespace tadpole::convert
