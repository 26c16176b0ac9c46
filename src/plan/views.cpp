// Row-major bytes: what is cut or joined along the first dimension that is not 1 stays in one piece.
#include "plan/views.h"

#include <algorithm>

namespace tadpole::plan {

namespace {

constexpr int64_t kAlignment = 4;

class Finder {
 public:
  explicit Finder(const ir::Graph& graph)
      : graph_(graph), uses_(graph.tensors.size(), 0), is_made_(graph.tensors.size(), false) {
    for (size_t i = 0; i < graph.tensors.size(); ++i) views_.push_back({static_cast<int>(i), 0});
    for (const ir::Node& node : graph.nodes) {
      for (const int input : node.inputs) {
        if (input >= 0) ++uses_[static_cast<size_t>(input)];
      }
      // A reshape's output lies in its input's place, which would have to be a view as well.
      for (const int output : node.outputs)
        is_made_[static_cast<size_t>(output)] = node.op != ir::Op::reshape;
    }
    for (const auto* ends : {&graph.inputs, &graph.outputs}) {
      for (const int end : *ends) uses_[static_cast<size_t>(end)] += 2;
    }
  }

  std::vector<View> run() {
    // Joins first, from the last: a slice may then cut what has been joined.
    for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) {
      if (node->op == ir::Op::concatenation) join(*node);
    }
    for (const ir::Node& node : graph_.nodes) {
      if (node.op == ir::Op::slice || node.op == ir::Op::strided_slice) cut(node);
    }
    return views_;
  }

 private:
  const ir::Tensor& tensor(int index) const { return graph_.tensors[static_cast<size_t>(index)]; }
  View& view(int index) { return views_[static_cast<size_t>(index)]; }
  bool is_plain(int index) const {
    return view_of(index).base == index && !tensor(index).is_constant() && !tensor(index).is_variable &&
           is_made_[static_cast<size_t>(index)];
  }
  const View& view_of(int index) const { return views_[static_cast<size_t>(index)]; }

  void join(const ir::Node& node) {
    const auto& attributes = std::get<ir::ConcatenationAttributes>(node.attributes);
    const ir::Shape& shape = tensor(node.outputs[0]).shape;
    const int axis = ir::wrapped_axis(attributes.axis, shape.size());
    const bool in_one_piece =
        std::all_of(shape.begin(), shape.begin() + axis, [](int32_t d) { return d == 1; });
    if (!in_one_piece || attributes.activation != ir::Activation::none) return;
    int64_t at = view_of(node.outputs[0]).offset;
    for (const int input : node.inputs) {
      const bool same = tensor(input).type == tensor(node.outputs[0]).type &&
                        tensor(input).quantisation == tensor(node.outputs[0]).quantisation;
      if (!is_plain(input) || uses_[static_cast<size_t>(input)] != 1 || !same || at % kAlignment != 0) return;
      at += tensor(input).bytes();
    }
    at = view_of(node.outputs[0]).offset;
    for (const int input : node.inputs) {
      view(input) = {view_of(node.outputs[0]).base, at};
      at += tensor(input).bytes();
    }
  }

  void cut(const ir::Node& node) {
    const int input = node.inputs[0], output = node.outputs[0];
    const auto slice = ir::slice_of(graph_, node);
    const bool is_end = uses_[static_cast<size_t>(output)] == 0 || view_of(output).base != output ||
                        std::count(graph_.outputs.begin(), graph_.outputs.end(), output) > 0;
    if (!slice.ok() || is_end || tensor(input).is_constant() || tensor(input).is_variable) return;
    const ir::Shape& shape = tensor(input).shape;
    int64_t offset = 0, stride = 1;
    bool whole = true;  // all dimensions inside this one are taken whole
    for (size_t i = shape.size(); i-- > 0; stride *= shape[i]) {
      if (slice->count[i] > 1 && (slice->step[i] != 1 || !whole)) return;
      whole = whole && slice->count[i] == shape[i];
      offset += slice->begin[i] * stride;
    }
    offset *= ir::byte_size(tensor(input).type);
    if (offset % kAlignment != 0 || tensor(input).type != tensor(output).type) return;
    view(output) = {view_of(input).base, view_of(input).offset + offset};
  }

  const ir::Graph& graph_;
  std::vector<int> uses_;      // of tensors; ends of the graph count twice more
  std::vector<bool> is_made_;  // by a step of its own
  std::vector<View> views_;
};

}  // namespace

std::vector<View> find_views(const ir::Graph& graph) { return Finder(graph).run(); }

bool is_done_by_views(const ir::Node& node, const std::vector<View>& views) {
  const auto is_view_of = [&](int tensor, int base) {
    return tensor != base &&
           views[static_cast<size_t>(tensor)].base == views[static_cast<size_t>(base)].base &&
           views[static_cast<size_t>(tensor)].base != tensor;
  };
  if (node.op == ir::Op::concatenation) {
    return std::all_of(node.inputs.begin(), node.inputs.end(),
                       [&](int input) { return is_view_of(input, node.outputs[0]); });
  }
  if (node.op == ir::Op::slice || node.op == ir::Op::strided_slice)
    return is_view_of(node.outputs[0], node.inputs[0]);
  return false;
}

}  // namespace tadpole::plan
