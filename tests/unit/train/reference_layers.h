// The judge of layers that see one sample at a time: by their definitions, in double precision.
#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "ir/graph.h"

namespace tadpole::train {

/// A tensor of one sample.
struct Array {
  ir::Shape shape;
  std::vector<double> numbers;

  /// The place of a multi-index; dimensions of 1 are repeated, missing ones are the first.
  size_t place(const std::vector<int>& index) const {
    const size_t missing = index.size() - shape.size();
    size_t at = 0;
    for (size_t d = 0; d < shape.size(); ++d) {
      at = at * static_cast<size_t>(shape[d]) + static_cast<size_t>(shape[d] == 1 ? 0 : index[d + missing]);
    }
    return at;
  }
  double at(const std::vector<int>& index) const { return numbers[place(index)]; }
  double& at(const std::vector<int>& index) { return numbers[place(index)]; }
};

inline std::vector<std::vector<int>> indices_of(const ir::Shape& shape) {
  std::vector<std::vector<int>> all = {{}};
  for (const int length : shape) {
    std::vector<std::vector<int>> longer;
    for (const std::vector<int>& index : all) {
      for (int i = 0; i < length; ++i) {
        longer.push_back(index);
        longer.back().push_back(i);
      }
    }
    all = std::move(longer);
  }
  return all;
}

inline double reference_unary(const ir::Node& node, double x) {
  switch (node.op) {
    case ir::Op::logistic:
      return 1 / (1 + std::exp(-x));
    case ir::Op::tanh:
      return std::tanh(x);
    case ir::Op::leaky_relu:
      return x < 0 ? static_cast<double>(std::get<ir::LeakyReluAttributes>(node.attributes).alpha) * x : x;
    case ir::Op::hard_swish:
      return x * std::min(std::max(x + 3, 0.0), 6.0) / 6;
    case ir::Op::abs:
      return std::abs(x);
    case ir::Op::exp:
      return std::exp(x);
    case ir::Op::rsqrt:
      return 1 / std::sqrt(x);
    case ir::Op::relu:
      return std::max(x, 0.0);
    case ir::Op::relu6:
      return std::min(std::max(x, 0.0), 6.0);
    default:
      return x;
  }
}

inline double reference_binary(ir::Op op, double a, double b) {
  switch (op) {
    case ir::Op::add:
      return a + b;
    case ir::Op::sub:
      return a - b;
    case ir::Op::mul:
      return a * b;
    case ir::Op::maximum:
      return std::max(a, b);
    case ir::Op::minimum:
      return std::min(a, b);
    case ir::Op::prelu:
      return a < 0 ? a * b : a;
    default:
      return (a - b) * (a - b);
  }
}

/// y = activation(W x + R h + b), one gate of a recurrent layer; rows [first, first + units) of the matrices.
inline double reference_gate(const Array& weights, const Array* bias, const std::vector<double>& x, int row) {
  double sum = bias != nullptr && !bias->numbers.empty() ? bias->numbers[static_cast<size_t>(row)] : 0;
  for (size_t i = 0; i < x.size(); ++i) sum += weights.at({row, static_cast<int>(i)}) * x[i];
  return sum;
}

inline double reference_logistic(double x) { return 1 / (1 + std::exp(-x)); }

inline std::vector<double> reference_lstm(const std::vector<Array>& in) {
  const size_t features = static_cast<size_t>(in[0].shape.back()),
               units = in[5].numbers.size() / static_cast<size_t>(in[5].shape[1]);
  std::vector<double> h(units, 0), c(units, 0), out;
  for (size_t t = 0; t < in[0].numbers.size() / features; ++t) {
    const std::vector<double> x(in[0].numbers.begin() + static_cast<ptrdiff_t>(t * features),
                                in[0].numbers.begin() + static_cast<ptrdiff_t>((t + 1) * features));
    std::vector<double> next(units);
    for (size_t u = 0; u < units; ++u) {
      const auto gate = [&](size_t g) {
        return reference_gate(in[1 + g], &in[12 + g], x, static_cast<int>(u)) +
               reference_gate(in[5 + g], nullptr, h, static_cast<int>(u));
      };
      c[u] = reference_logistic(gate(1)) * c[u] + reference_logistic(gate(0)) * std::tanh(gate(2));
      next[u] = reference_logistic(gate(3)) * std::tanh(c[u]);
    }
    h = next;
    out.insert(out.end(), h.begin(), h.end());
  }
  return out;
}

inline std::vector<double> reference_gru(const std::vector<Array>& in, bool linear_before_reset) {
  const size_t features = static_cast<size_t>(in[0].shape.back()),
               units = static_cast<size_t>(in[2].shape[1]);
  const int count = static_cast<int>(units);
  const Array* bias = in.size() > 3 ? &in[3] : nullptr;
  const Array* recurrent_bias = in.size() > 4 ? &in[4] : nullptr;
  std::vector<double> h(units, 0), out;
  for (size_t t = 0; t < in[0].numbers.size() / features; ++t) {
    const std::vector<double> x(in[0].numbers.begin() + static_cast<ptrdiff_t>(t * features),
                                in[0].numbers.begin() + static_cast<ptrdiff_t>((t + 1) * features));
    std::vector<double> reset(units), gated(units), next(units);
    for (int u = 0; u < count; ++u) {
      reset[static_cast<size_t>(u)] = reference_logistic(reference_gate(in[1], bias, x, count + u) +
                                                         reference_gate(in[2], recurrent_bias, h, count + u));
      gated[static_cast<size_t>(u)] = reset[static_cast<size_t>(u)] * h[static_cast<size_t>(u)];
    }
    for (int u = 0; u < count; ++u) {
      const size_t unit = static_cast<size_t>(u);
      const double z =
          reference_logistic(reference_gate(in[1], bias, x, u) + reference_gate(in[2], recurrent_bias, h, u));
      const double recurrent = linear_before_reset
                                   ? reset[unit] * reference_gate(in[2], recurrent_bias, h, 2 * count + u)
                                   : reference_gate(in[2], recurrent_bias, gated, 2 * count + u);
      next[unit] =
          (1 - z) * std::tanh(reference_gate(in[1], bias, x, 2 * count + u) + recurrent) + z * h[unit];
    }
    h = next;
    out.insert(out.end(), h.begin(), h.end());
  }
  return out;
}

inline int reference_axis(int axis, const ir::Shape& shape) {
  return axis < 0 ? axis + static_cast<int>(shape.size()) : axis;
}

/// Operators that only move numbers: which input number an output reads. `constants` are the node's integers.
inline double reference_move(const ir::Node& node, const std::vector<Array>& in, const ir::Shape& out,
                             int output, std::vector<int> index) {
  const Array& from = in[node.op == ir::Op::split ? 1 : 0];
  const auto integer = [&](size_t input, size_t i) {
    return static_cast<int>(std::lround(in[input].numbers[i]));
  };
  std::vector<int> place(from.shape.size());
  switch (node.op) {
    case ir::Op::transpose:
      for (size_t d = 0; d < place.size(); ++d) place[static_cast<size_t>(integer(1, d))] = index[d];
      break;
    case ir::Op::pad:
    case ir::Op::pad_v2:
      for (size_t d = 0; d < place.size(); ++d) {
        place[d] = index[d] - integer(1, 2 * d);
        if (place[d] < 0 || place[d] >= from.shape[d]) return node.op == ir::Op::pad ? 0 : in[2].numbers[0];
      }
      break;
    case ir::Op::slice:
      for (size_t d = 0; d < place.size(); ++d) place[d] = index[d] + integer(1, d);
      break;
    case ir::Op::strided_slice:
      for (size_t d = 0; d < place.size(); ++d) place[d] = integer(1, d) + index[d] * integer(3, d);
      break;
    case ir::Op::split: {
      const size_t axis = static_cast<size_t>(reference_axis(integer(0, 0), from.shape));
      place = index;
      place[axis] += output * out[axis];
      break;
    }
    case ir::Op::unpack: {
      const int axis = reference_axis(std::get<ir::AxisAttributes>(node.attributes).axis, from.shape);
      place = index;
      place.insert(place.begin() + axis, output);
      break;
    }
    case ir::Op::gather: {
      const int axis = reference_axis(std::get<ir::GatherAttributes>(node.attributes).axis, from.shape);
      place = index;
      place[static_cast<size_t>(axis)] = integer(1, static_cast<size_t>(index[static_cast<size_t>(axis)]));
      break;
    }
    default:  // nearest, with corners neither aligned nor centred
      place = {0, index[1] * from.shape[1] / out[1], index[2] * from.shape[2] / out[2], index[3]};
  }
  return from.at(place);
}

/// Bilinear with half-pixel centres.
inline double reference_bilinear(const Array& in, const ir::Shape& out, const std::vector<int>& index) {
  double sum = 0;
  const auto near = [](int at, int from, int to, int pixel) {
    const double place = (at + 0.5) * from / to - 0.5;
    const double inside = std::min(std::max(place, 0.0), from - 1.0);
    return std::max(0.0, 1 - std::abs(inside - pixel));
  };
  for (int y = 0; y < in.shape[1]; ++y) {
    for (int x = 0; x < in.shape[2]; ++x) {
      sum += near(index[1], in.shape[1], out[1], y) * near(index[2], in.shape[2], out[2], x) *
             in.at({0, y, x, index[3]});
    }
  }
  return sum;
}

inline std::vector<double> reference_reduce(const ir::Node& node, const std::vector<Array>& in) {
  ir::Shape kept = in[0].shape;
  double count = 1;
  for (const double axis : in[1].numbers) {
    const size_t d = static_cast<size_t>(reference_axis(static_cast<int>(std::lround(axis)), kept));
    count *= kept[d];
    kept[d] = 1;
  }
  Array sum{kept, std::vector<double>(static_cast<size_t>(ir::element_count(kept)), 0.0)};
  for (const std::vector<int>& index : indices_of(in[0].shape))
    sum.at(index) += in[0].at(index) / (node.op == ir::Op::mean ? count : 1);
  return sum.numbers;
}

inline std::vector<double> reference_matmul(const ir::Node& node, const std::vector<Array>& in,
                                            const ir::Shape& out) {
  const auto& a = std::get<ir::BatchMatMulAttributes>(node.attributes);
  const auto entry = [](const Array& matrix, bool adjoint, std::vector<int> index) {
    if (adjoint) std::swap(index[index.size() - 1], index[index.size() - 2]);
    return matrix.at(index);
  };
  const int depth = in[0].shape[in[0].shape.size() - (a.adjoint_a ? 2 : 1)];
  std::vector<double> made;
  for (const std::vector<int>& index : indices_of(out)) {
    double sum = 0;
    for (int k = 0; k < depth; ++k) {
      std::vector<int> left = index, right = index;
      left[left.size() - 1] = k;
      right[right.size() - 2] = k;
      sum += entry(in[0], a.adjoint_a, left) * entry(in[1], a.adjoint_b, right);
    }
    made.push_back(sum);
  }
  return made;
}

inline std::vector<double> reference_transpose_conv(const ir::Node& node, const std::vector<Array>& in,
                                                    const ir::Shape& out) {
  const auto& a = std::get<ir::TransposeConvAttributes>(node.attributes);
  const Array &weights = in[1], &image = in[2];
  const int top = ir::window_of(out[1], weights.shape[1], a.stride_h, 1, a.padding).pad_before;
  const int left = ir::window_of(out[2], weights.shape[2], a.stride_w, 1, a.padding).pad_before;
  Array made{out, std::vector<double>(static_cast<size_t>(ir::element_count(out)), 0.0)};
  for (const std::vector<int>& at : indices_of(image.shape)) {
    for (const std::vector<int>& tap : indices_of({out[3], weights.shape[1], weights.shape[2]})) {
      const int y = at[1] * a.stride_h + tap[1] - top, x = at[2] * a.stride_w + tap[2] - left;
      if (y < 0 || y >= out[1] || x < 0 || x >= out[2]) continue;
      made.at({0, y, x, tap[0]}) += image.at(at) * weights.at({tap[0], tap[1], tap[2], at[3]});
    }
  }
  for (size_t i = 0; in.size() > 3 && i < made.numbers.size(); ++i)
    made.numbers[i] += in[3].numbers[i % in[3].numbers.size()];
  return made.numbers;
}

inline std::vector<double> reference_join(const ir::Node& node, const std::vector<Array>& in,
                                          const ir::Shape& out) {
  const bool packs = node.op == ir::Op::pack;
  const int wanted = packs ? std::get<ir::AxisAttributes>(node.attributes).axis
                           : std::get<ir::ConcatenationAttributes>(node.attributes).axis;
  const size_t axis = static_cast<size_t>(reference_axis(wanted, out));
  std::vector<double> made;
  for (std::vector<int> index : indices_of(out)) {
    size_t part = 0;
    if (packs) {
      part = static_cast<size_t>(index[axis]);
      index.erase(index.begin() + static_cast<ptrdiff_t>(axis));
    } else {
      for (; index[axis] >= in[part].shape[axis]; ++part) index[axis] -= in[part].shape[axis];
    }
    made.push_back(in[part].at(index));
  }
  return made;
}

inline std::vector<double> reference_softmax(const ir::Node& node, const Array& in) {
  const double beta = static_cast<double>(std::get<ir::SoftmaxAttributes>(node.attributes).beta);
  const size_t width = static_cast<size_t>(in.shape.back());
  std::vector<double> made = in.numbers;
  for (size_t row = 0; row < made.size(); row += width) {
    double total = 0;
    for (size_t i = row; i < row + width; ++i) total += made[i] = std::exp(beta * in.numbers[i]);
    for (size_t i = row; i < row + width; ++i) made[i] /= total;
  }
  return made;
}

/// The output'th output of a node for one sample; absent inputs are empty arrays.
inline std::vector<double> reference_layer(const ir::Node& node, const std::vector<Array>& in,
                                           const ir::Shape& out, int output) {
  std::vector<double> made;
  switch (node.op) {
    case ir::Op::add:
    case ir::Op::sub:
    case ir::Op::mul:
    case ir::Op::maximum:
    case ir::Op::minimum:
    case ir::Op::squared_difference:
    case ir::Op::prelu:
      for (const std::vector<int>& index : indices_of(out))
        made.push_back(reference_binary(node.op, in[0].at(index), in[1].at(index)));
      return made;
    case ir::Op::mean:
    case ir::Op::sum:
      return reference_reduce(node, in);
    case ir::Op::softmax:
      return reference_softmax(node, in[0]);
    case ir::Op::batch_matmul:
      return reference_matmul(node, in, out);
    case ir::Op::transpose_conv:
      return reference_transpose_conv(node, in, out);
    case ir::Op::concatenation:
    case ir::Op::pack:
      return reference_join(node, in, out);
    case ir::Op::unidirectional_sequence_lstm:
      return reference_lstm(in);
    case ir::Op::gru:
      return reference_gru(in, std::get<ir::GruAttributes>(node.attributes).linear_before_reset);
    case ir::Op::resize_bilinear:
      for (const std::vector<int>& index : indices_of(out))
        made.push_back(reference_bilinear(in[0], out, index));
      return made;
    case ir::Op::transpose:
    case ir::Op::pad:
    case ir::Op::pad_v2:
    case ir::Op::slice:
    case ir::Op::strided_slice:
    case ir::Op::split:
    case ir::Op::unpack:
    case ir::Op::gather:
    case ir::Op::resize_nearest_neighbor:
      for (const std::vector<int>& index : indices_of(out))
        made.push_back(reference_move(node, in, out, output, index));
      return made;
    default:
      for (const double x : in[0].numbers) made.push_back(reference_unary(node, x));
      return made;
  }
}

}  // namespace tadpole::train
