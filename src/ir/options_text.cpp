// The options of a layer in a few words.
#include "ir/options_text.h"

namespace tadpole::ir {

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
  Phrase& padding(Padding padding) {
    return add(padding == Padding::same ? "same" : padding == Padding::valid ? "valid" : "padded");
  }
  Phrase& activation(Activation activation) {
    switch (activation) {
      case Activation::none:
        return *this;
      case Activation::relu:
        return add("relu");
      case Activation::relu6:
        return add("relu6");
      case Activation::relu_n1_to_1:
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
std::string filter_text(const Graph& graph, const Node& node) {
  if (!Graph::has_input(node, 1)) return "";
  const Shape& shape = graph.input_of(node, 1).shape;
  return shape.size() == 4 ? size_text(shape[1], shape[2]) : "";
}

struct Describe {
  const Graph& graph;
  const Node& node;

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
  std::string operator()(const Conv2dAttributes& a) const { return convolution(a); }
  std::string operator()(const DepthwiseConv2dAttributes& a) const { return convolution(a); }
  std::string operator()(const TransposeConvAttributes& a) const {
    return Phrase()
        .add(filter_text(graph, node))
        .stride(a.stride_h, a.stride_w)
        .padding(a.padding)
        .activation(a.activation)
        .text();
  }
  std::string operator()(const Pool2dAttributes& a) const {
    return Phrase()
        .add(size_text(a.filter_h, a.filter_w))
        .stride(a.stride_h, a.stride_w)
        .padding(a.padding)
        .activation(a.activation)
        .text();
  }
  std::string operator()(const FullyConnectedAttributes& a) const {
    return Phrase().activation(a.activation).text();
  }
  std::string operator()(const ActivationAttributes& a) const {
    return Phrase().activation(a.activation).text();
  }
  std::string operator()(const SoftmaxAttributes& a) const {
    return a.beta == 1.0f ? "" : "beta " + std::to_string(a.beta);
  }
  std::string operator()(const LeakyReluAttributes& a) const { return "slope " + std::to_string(a.alpha); }
  std::string operator()(const AxisAttributes& a) const { return "axis " + std::to_string(a.axis); }
  std::string operator()(const ConcatenationAttributes& a) const {
    return Phrase().add("axis " + std::to_string(a.axis)).activation(a.activation).text();
  }
  std::string operator()(const GatherAttributes& a) const { return "axis " + std::to_string(a.axis); }
  std::string operator()(const ReduceAttributes& a) const { return a.keep_dims ? "keeps axes" : ""; }
  std::string operator()(const ResizeAttributes& a) const {
    return Phrase()
        .add(a.align_corners ? "align corners" : "")
        .add(a.half_pixel_centers ? "half pixels" : "")
        .text();
  }
  std::string operator()(const BatchMatMulAttributes& a) const {
    return Phrase().add(a.adjoint_a ? "a turned" : "").add(a.adjoint_b ? "b turned" : "").text();
  }
  std::string operator()(const SvdfAttributes& a) const {
    return Phrase().add("rank " + std::to_string(a.rank)).activation(a.activation).text();
  }
  template <class Silent>
  std::string operator()(const Silent&) const {
    return "";
  }
};

}  // namespace

std::string options_text(const Graph& graph, const Node& node) {
  return std::visit(Describe{graph, node}, node.attributes);
}

}  // namespace tadpole::ir
