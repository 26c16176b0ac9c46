// A layer in a few words: its options, its name, its weights.
#include "project/draw_graph.h"

namespace tadpole::project {
namespace {

/// Collects words with blanks between them.
class Phrase {
 public:
  Phrase& add(const std::string& word) {
    if (!word.empty()) text_ += (text_.empty() ? "" : " ") + word;
    return *this;
  }
  Phrase& stride(int h, int w) {
    if (h == w) return h == 1 ? *this : add("/" + std::to_string(h));
    return add("/" + std::to_string(h) + "x" + std::to_string(w));
  }
  Phrase& dilation(int h, int w) {
    return h == 1 && w == 1 ? *this : add("dilated " + std::to_string(h) + "x" + std::to_string(w));
  }
  Phrase& padding(ir::Padding padding) {
    return add(padding == ir::Padding::same ? "same" : padding == ir::Padding::valid ? "valid" : "padded");
  }
  Phrase& activation(ir::Activation activation) {
    switch (activation) {
      case ir::Activation::none:
        return *this;
      case ir::Activation::relu:
        return add("relu");
      case ir::Activation::relu6:
        return add("relu6");
      case ir::Activation::relu_n1_to_1:
        return add("relu -1..1");
    }
    return *this;
  }
  std::string text() const { return text_; }

 private:
  std::string text_;
};

std::string size_text(int h, int w) { return std::to_string(h) + "x" + std::to_string(w); }

/// Height and width of a filter [O or 1, H, W, ...].
std::string filter_text(const ir::Graph& graph, const ir::Node& node) {
  if (!ir::Graph::has_input(node, 1)) return "";
  const ir::Shape& shape = graph.input_of(node, 1).shape;
  return shape.size() == 4 ? size_text(shape[1], shape[2]) : "";
}

struct Describe {
  const ir::Graph& graph;
  const ir::Node& node;

  template <class Convolution>
  std::string convolution(const Convolution& a) const {
    return Phrase()
        .add(filter_text(graph, node))
        .stride(a.stride_h, a.stride_w)
        .dilation(a.dilation_h, a.dilation_w)
        .padding(a.padding)
        .activation(a.activation)
        .text();
  }
  std::string operator()(const ir::Conv2dAttributes& a) const { return convolution(a); }
  std::string operator()(const ir::DepthwiseConv2dAttributes& a) const { return convolution(a); }
  std::string operator()(const ir::TransposeConvAttributes& a) const {
    return Phrase()
        .add(filter_text(graph, node))
        .stride(a.stride_h, a.stride_w)
        .padding(a.padding)
        .activation(a.activation)
        .text();
  }
  std::string operator()(const ir::Pool2dAttributes& a) const {
    return Phrase()
        .add(size_text(a.filter_h, a.filter_w))
        .stride(a.stride_h, a.stride_w)
        .padding(a.padding)
        .activation(a.activation)
        .text();
  }
  std::string operator()(const ir::FullyConnectedAttributes& a) const {
    return Phrase().activation(a.activation).text();
  }
  std::string operator()(const ir::ActivationAttributes& a) const {
    return Phrase().activation(a.activation).text();
  }
  std::string operator()(const ir::SoftmaxAttributes& a) const {
    return a.beta == 1.0f ? "" : "beta " + std::to_string(a.beta);
  }
  std::string operator()(const ir::LeakyReluAttributes& a) const {
    return "slope " + std::to_string(a.alpha);
  }
  std::string operator()(const ir::AxisAttributes& a) const { return "axis " + std::to_string(a.axis); }
  std::string operator()(const ir::ConcatenationAttributes& a) const {
    return Phrase().add("axis " + std::to_string(a.axis)).activation(a.activation).text();
  }
  std::string operator()(const ir::GatherAttributes& a) const { return "axis " + std::to_string(a.axis); }
  std::string operator()(const ir::ReduceAttributes& a) const { return a.keep_dims ? "keeps axes" : ""; }
  std::string operator()(const ir::ResizeAttributes& a) const {
    return Phrase()
        .add(a.align_corners ? "align corners" : "")
        .add(a.half_pixel_centers ? "half pixels" : "")
        .text();
  }
  std::string operator()(const ir::BatchMatMulAttributes& a) const {
    return Phrase().add(a.adjoint_a ? "a turned" : "").add(a.adjoint_b ? "b turned" : "").text();
  }
  std::string operator()(const ir::SvdfAttributes& a) const {
    return Phrase().add("rank " + std::to_string(a.rank)).activation(a.activation).text();
  }
  template <class Silent>
  std::string operator()(const Silent&) const {
    return "";
  }
};

}  // namespace

std::string options_text(const ir::Graph& graph, const ir::Node& node) {
  return std::visit(Describe{graph, node}, node.attributes);
}

std::string short_layer_name(const std::string& name, size_t width) {
  // Converters join the names of what they fused with ';' and nest scopes with '/'.
  const std::string first = name.substr(0, name.find(';'));
  const std::string end = first.substr(first.find_last_of('/') + 1);
  const std::string& best = end.empty() ? first : end;
  return best.size() <= width ? best : "~" + best.substr(best.size() - (width - 1));
}

int64_t constant_bytes(const ir::Graph& graph, const ir::Node& node) {
  int64_t bytes = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const int index = static_cast<int>(i);
    if (ir::Graph::has_input(node, index) && graph.input_of(node, index).is_constant())
      bytes += graph.input_of(node, index).bytes();
  }
  return bytes;
}

}  // namespace tadpole::project
