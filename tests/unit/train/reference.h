// The judge of the trainer: a float graph computed for a whole batch in double precision by the definitions,
// slowly, with the loss that training minimises. Gradients are judged by central differences of this loss.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "ir/graph.h"
#include "reference_layers.h"
#include "reference_loss.h"

namespace tadpole::train {

class Reference {
 public:
  using Numbers = std::vector<double>;

  explicit Reference(const ir::Graph& graph) : graph_(graph), constants_(graph.tensors.size()) {
    for (size_t i = 0; i < graph.tensors.size(); ++i) {
      const ir::Tensor& tensor = graph.tensors[i];
      if (!tensor.is_constant() || tensor.type != ir::DType::float32) continue;
      for (const float value : tensor.values<float>()) constants_[i].push_back(static_cast<double>(value));
    }
  }

  /// The constant numbers of a tensor, to be nudged.
  Numbers& constant(int tensor) { return constants_[static_cast<size_t>(tensor)]; }

  /// Mean loss over a batch.
  double loss(const Batch& batch, const LossOptions& options, bool training) {
    batch_ = static_cast<int>(batch.labels.size());
    values_.assign(graph_.tensors.size(), {});
    values_[static_cast<size_t>(graph_.inputs[0])].assign(batch.features.begin(), batch.features.end());
    for (const ir::Node& node : graph_.nodes) run(node, training);
    return reference_loss(answers(), batch, options, is_classifier(), training);
  }

  bool is_classifier() const {
    return graph_.nodes.back().op == ir::Op::softmax && graph_.nodes.back().outputs[0] == graph_.outputs[0];
  }
  const Numbers& answers() { return values_[static_cast<size_t>(graph_.outputs[0])]; }

 private:
  Numbers& output(const ir::Node& node) { return values_[static_cast<size_t>(node.outputs[0])]; }
  const Numbers& value(const ir::Node& node, int index) {
    const size_t tensor = static_cast<size_t>(node.inputs[static_cast<size_t>(index)]);
    return graph_.tensors[tensor].is_constant() ? constants_[tensor] : values_[tensor];
  }
  const ir::Shape& shape(const ir::Node& node, int index) { return graph_.input_of(node, index).shape; }

  static void activate(Numbers& values, ir::Activation activation) {
    for (double& v : values) {
      if (activation == ir::Activation::relu) v = std::max(v, 0.0);
      if (activation == ir::Activation::relu6) v = std::clamp(v, 0.0, 6.0);
      if (activation == ir::Activation::relu_n1_to_1) v = std::clamp(v, -1.0, 1.0);
    }
  }

  /// body(sample, out y, out x, filter y, filter x, in y, in x) for every tap inside the image.
  template <class Body>
  void each_tap(const ir::Shape& in, const ir::Shape& out, int kh, int kw, int sh, int sw, int dh, int dw,
                ir::Padding padding, Body&& body) {
    const ir::Window rows = ir::window_of(in[1], kh, sh, dh, padding);
    const ir::Window columns = ir::window_of(in[2], kw, sw, dw, padding);
    for (int n = 0; n < batch_; ++n) {
      for (int y = 0; y < out[1]; ++y) {
        for (int x = 0; x < out[2]; ++x) {
          for (int ky = 0; ky < kh; ++ky) {
            for (int kx = 0; kx < kw; ++kx) {
              const int iy = y * sh + ky * dh - rows.pad_before, ix = x * sw + kx * dw - columns.pad_before;
              if (iy < 0 || iy >= in[1] || ix < 0 || ix >= in[2]) continue;
              body(n, y, x, ky, kx, iy, ix);
            }
          }
        }
      }
    }
  }

  static size_t at(const ir::Shape& s, int n, int y, int x, int c) {
    return ((static_cast<size_t>(n) * static_cast<size_t>(s[1]) + static_cast<size_t>(y)) *
                static_cast<size_t>(s[2]) +
            static_cast<size_t>(x)) *
               static_cast<size_t>(s[3]) +
           static_cast<size_t>(c);
  }

  void run(const ir::Node& node, bool training) {
    if (node.inputs[0] >= 0 && graph_.input_of(node, 0).type != ir::DType::float32) return run_samples(node);
    const ir::Shape& in = shape(node, 0);
    const ir::Shape& out = graph_.output_of(node).shape;
    const Numbers& from = value(node, 0);
    Numbers to(static_cast<size_t>(ir::element_count(out)) * static_cast<size_t>(batch_), 0.0);
    switch (node.op) {
      case ir::Op::conv_2d: {
        const auto& a = std::get<ir::Conv2dAttributes>(node.attributes);
        const ir::Shape& w = shape(node, 1);
        const Numbers& weights = value(node, 1);
        each_tap(in, out, w[1], w[2], a.stride_h, a.stride_w, a.dilation_h, a.dilation_w, a.padding,
                 [&](int n, int y, int x, int ky, int kx, int iy, int ix) {
                   for (int o = 0; o < out[3]; ++o) {
                     for (int c = 0; c < in[3]; ++c) {
                       to[at(out, n, y, x, o)] += from[at(in, n, iy, ix, c)] * weights[at(w, o, ky, kx, c)];
                     }
                   }
                 });
        add_bias(node, to);
        activate(to, a.activation);
        break;
      }
      case ir::Op::depthwise_conv_2d: {
        const auto& a = std::get<ir::DepthwiseConv2dAttributes>(node.attributes);
        const ir::Shape& w = shape(node, 1);
        const Numbers& weights = value(node, 1);
        each_tap(in, out, w[1], w[2], a.stride_h, a.stride_w, a.dilation_h, a.dilation_w, a.padding,
                 [&](int n, int y, int x, int ky, int kx, int iy, int ix) {
                   for (int o = 0; o < out[3]; ++o) {
                     to[at(out, n, y, x, o)] +=
                         from[at(in, n, iy, ix, o / a.depth_multiplier)] * weights[at(w, 0, ky, kx, o)];
                   }
                 });
        add_bias(node, to);
        activate(to, a.activation);
        break;
      }
      case ir::Op::fully_connected: {
        const size_t units = static_cast<size_t>(shape(node, 1)[0]),
                     width = static_cast<size_t>(shape(node, 1)[1]);
        const Numbers& weights = value(node, 1);
        for (size_t i = 0; i < to.size(); ++i) {
          for (size_t k = 0; k < width; ++k) {
            to[i] += from[i / units * width + k] * weights[i % units * width + k];
          }
        }
        add_bias(node, to);
        activate(to, std::get<ir::FullyConnectedAttributes>(node.attributes).activation);
        break;
      }
      case ir::Op::average_pool_2d:
      case ir::Op::max_pool_2d: {
        const auto& a = std::get<ir::Pool2dAttributes>(node.attributes);
        const bool maximum = node.op == ir::Op::max_pool_2d;
        Numbers count(to.size(), 0.0);
        if (maximum) std::fill(to.begin(), to.end(), -1e300);
        each_tap(in, out, a.filter_h, a.filter_w, a.stride_h, a.stride_w, 1, 1, a.padding,
                 [&](int n, int y, int x, int, int, int iy, int ix) {
                   for (int c = 0; c < in[3]; ++c) {
                     double& cell = to[at(out, n, y, x, c)];
                     const double v = from[at(in, n, iy, ix, c)];
                     cell = maximum ? std::max(cell, v) : cell + v;
                     count[at(out, n, y, x, c)] += 1;
                   }
                 });
        for (size_t i = 0; !maximum && i < to.size(); ++i) to[i] /= count[i];
        activate(to, a.activation);
        break;
      }
      case ir::Op::batch_norm:
        run_batch_norm(node, from, to, training);
        break;
      default:
        return run_samples(node);
    }
    output(node) = to;
  }

  /// Sample by sample.
  void run_samples(const ir::Node& node) {
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      const ir::Tensor& out = graph_.output_of(node, static_cast<int>(o));
      Numbers& all = values_[static_cast<size_t>(node.outputs[o])];
      for (int sample = 0; sample < batch_; ++sample) {
        std::vector<Array> in;
        for (const int tensor : node.inputs) in.push_back(of_sample(tensor, sample));
        const Numbers one = reference_layer(node, in, out.shape, static_cast<int>(o));
        all.insert(all.end(), one.begin(), one.end());
      }
      std::visit(
          [&](const auto& a) {
            if constexpr (requires { a.activation; }) activate(all, a.activation);
          },
          node.attributes);
    }
  }

  Array of_sample(int index, int sample) {
    if (index < 0) return {};
    const size_t place = static_cast<size_t>(index);
    const ir::Tensor& tensor = graph_.tensors[place];
    if (tensor.is_constant() && tensor.type == ir::DType::int32) {
      const auto values = tensor.values<int32_t>();
      return {tensor.shape, Numbers(values.begin(), values.end())};
    }
    if (tensor.is_constant()) return {tensor.shape, constants_[place]};
    const size_t size = static_cast<size_t>(ir::element_count(tensor.shape));
    if (values_[place].empty()) return {tensor.shape, Numbers(size, 0.0)};  // a state
    const auto begin = values_[place].begin() + static_cast<ptrdiff_t>(static_cast<size_t>(sample) * size);
    return {tensor.shape, Numbers(begin, begin + static_cast<ptrdiff_t>(size))};
  }

  void add_bias(const ir::Node& node, Numbers& to) {
    if (!ir::Graph::has_input(node, 2)) return;
    const Numbers& bias = value(node, 2);
    for (size_t i = 0; i < to.size(); ++i) to[i] += bias[i % bias.size()];
  }

  void run_batch_norm(const ir::Node& node, const Numbers& from, Numbers& to, bool training) {
    const size_t channels = value(node, 1).size();
    const double epsilon = static_cast<double>(std::get<ir::BatchNormAttributes>(node.attributes).epsilon);
    for (size_t c = 0; c < channels; ++c) {
      double mean = value(node, 3)[c], variance = value(node, 4)[c];
      if (training) {
        const double count = static_cast<double>(from.size() / channels);
        mean = variance = 0;
        for (size_t i = c; i < from.size(); i += channels) mean += from[i] / count;
        for (size_t i = c; i < from.size(); i += channels)
          variance += (from[i] - mean) * (from[i] - mean) / count;
      }
      for (size_t i = c; i < from.size(); i += channels) {
        to[i] = (from[i] - mean) / std::sqrt(variance + epsilon) * value(node, 1)[c] + value(node, 2)[c];
      }
    }
  }

  const ir::Graph& graph_;
  std::vector<Numbers> constants_, values_;
  int batch_ = 0;
};

}  // namespace tadpole::train
