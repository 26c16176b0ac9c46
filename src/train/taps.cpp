// Works out where each output comes from once; the passes then know nothing of axes.
#include "train/taps.h"

#include <algorithm>
#include <cmath>

#include "train/layer.h"

namespace tadpole::train {

namespace {

using ir::Op;

/// Integers of a constant of either width.
std::vector<int64_t> integers(const ir::Tensor& tensor) {
  std::vector<int64_t> values;
  if (tensor.type == ir::DType::int64) {
    for (const int64_t value : tensor.values<int64_t>()) values.push_back(value);
  } else {
    for (const int32_t value : tensor.values<int32_t>()) values.push_back(value);
  }
  return values;
}

/// One tap for each output: source(index of the output) is the place in the input, -1 for none.
template <class Source>
Taps one_tap(const ir::Shape& out, Source&& source) {
  Taps taps;
  each_index(out, [&](const std::vector<int>& index) {
    if (const int from = source(index); from >= 0) taps.tap(from);
    taps.end_output();
  });
  return taps;
}

Taps pad_taps(const ir::Graph& graph, const ir::Node& node) {
  const ir::Shape& in = graph.input_of(node, 0).shape;
  const std::vector<int64_t> pads = integers(graph.input_of(node, 1));
  const std::vector<int> stride = strides_of(in);
  Taps taps = one_tap(graph.output_of(node).shape, [&](const std::vector<int>& index) {
    int from = 0;
    for (size_t d = 0; d < in.size(); ++d) {
      const int at = index[d] - static_cast<int>(pads[2 * d]);
      if (at < 0 || at >= in[d]) return -1;
      from += at * stride[d];
    }
    return from;
  });
  if (node.op == Op::pad_v2) taps.fill = graph.input_of(node, 2).values<float>()[0];
  return taps;
}

Taps transpose_taps(const ir::Graph& graph, const ir::Node& node) {
  const ir::Shape& in = graph.input_of(node, 0).shape;
  const std::vector<int64_t> permutation = integers(graph.input_of(node, 1));
  const std::vector<int> stride = strides_of(in);
  return one_tap(graph.output_of(node).shape, [&](const std::vector<int>& index) {
    int from = 0;
    for (size_t d = 0; d < in.size(); ++d) {
      const size_t source = static_cast<size_t>(ir::wrapped_axis(permutation[d], in.size()));
      from += index[d] * stride[source];
    }
    return from;
  });
}

Taps slice_taps(const ir::Graph& graph, const ir::Node& node) {
  const ir::Slice slice = *ir::slice_of(graph, node);  // check_graph has worked it out before
  const std::vector<int> stride = strides_of(graph.input_of(node, 0).shape);
  const ir::Shape count(slice.count.begin(), slice.count.end());
  return one_tap(count, [&](const std::vector<int>& index) {
    int from = 0;
    for (size_t d = 0; d < count.size(); ++d) from += (slice.begin[d] + index[d] * slice.step[d]) * stride[d];
    return from;
  });
}

/// The output'th of equal parts along an axis; unpack's parts are one wide.
Taps part_taps(const ir::Shape& in, int axis, int parts, int output) {
  const std::vector<int> stride = strides_of(in);
  ir::Shape part = in;
  part[static_cast<size_t>(axis)] /= parts;
  const int start = output * part[static_cast<size_t>(axis)] * stride[static_cast<size_t>(axis)];
  return one_tap(part, [&](const std::vector<int>& index) {
    int from = start;
    for (size_t d = 0; d < in.size(); ++d) from += index[d] * stride[d];
    return from;
  });
}

/// Without batch dimensions; indices outside of the axis give 0.
Taps gather_taps(const ir::Graph& graph, const ir::Node& node) {
  const ir::Shape& in = graph.input_of(node, 0).shape;
  const std::vector<int64_t> indices = integers(graph.input_of(node, 1));
  const int axis = ir::wrapped_axis(std::get<ir::GatherAttributes>(node.attributes).axis, in.size());
  const int inner = strides_of(in)[static_cast<size_t>(axis)], length = in[static_cast<size_t>(axis)];
  const int outer = static_cast<int>(ir::element_count(in)) / (inner * length);
  Taps taps;
  for (int o = 0; o < outer; ++o) {
    for (const int64_t index : indices) {
      for (int i = 0; i < inner; ++i) {
        if (index >= 0 && index < length) taps.tap((o * length + static_cast<int>(index)) * inner + i);
        taps.end_output();
      }
    }
  }
  return taps;
}

/// Where an output position of a resize reads: `share` of the way from low to high.
struct Between {
  int low, high;
  float share;
};

/// Source: TFLite reference resize_nearest_neighbor.h and resize_bilinear.h.
std::vector<Between> resize_axis(int in, int out, const ir::ResizeAttributes& how, bool nearest) {
  const bool corners = how.align_corners && out > 1;
  const float scale = corners ? static_cast<float>(in - 1) / static_cast<float>(out - 1)
                              : static_cast<float>(in) / static_cast<float>(out);
  std::vector<Between> axis;
  for (int i = 0; i < out; ++i) {
    const float half = how.half_pixel_centers ? 0.5f : 0.0f;
    if (nearest) {
      const float at = (static_cast<float>(i) + half) * scale;
      const int place = static_cast<int>(how.align_corners ? std::round(at) : std::floor(at));
      axis.push_back({std::clamp(place, 0, in - 1), std::clamp(place, 0, in - 1), 0});
      continue;
    }
    const float at = (static_cast<float>(i) + half) * scale - half;
    const int low = std::clamp(static_cast<int>(std::floor(at)), 0, in - 1);
    const int high = std::clamp(static_cast<int>(std::ceil(at)), 0, in - 1);
    axis.push_back({low, high, low == high ? 0 : at - static_cast<float>(low)});
  }
  return axis;
}

Taps resize_taps(const ir::Graph& graph, const ir::Node& node) {
  const ir::Shape& in = graph.input_of(node, 0).shape;
  const ir::Shape& out = graph.output_of(node).shape;
  const auto& how = std::get<ir::ResizeAttributes>(node.attributes);
  const bool nearest = node.op == Op::resize_nearest_neighbor;
  const std::vector<Between> rows = resize_axis(in[1], out[1], how, nearest);
  const std::vector<Between> columns = resize_axis(in[2], out[2], how, nearest);
  Taps taps;
  for (const Between& row : rows) {
    for (const Between& column : columns) {
      for (int c = 0; c < in[3]; ++c) {
        const auto corner = [&](int y, int x, float share) {
          if (share != 0) taps.tap((y * in[2] + x) * in[3] + c, share);
        };
        corner(row.low, column.low, (1 - row.share) * (1 - column.share));
        corner(row.high, column.low, row.share * (1 - column.share));
        corner(row.low, column.high, (1 - row.share) * column.share);
        corner(row.high, column.high, row.share * column.share);
        taps.end_output();
      }
    }
  }
  return taps;
}

Taps reduce_taps(const ir::Graph& graph, const ir::Node& node) {
  const ir::Shape& in = graph.input_of(node, 0).shape;
  ir::Shape kept = in, reduced(in.size(), 1);
  for (const int64_t axis : integers(graph.input_of(node, 1))) {
    const size_t place = static_cast<size_t>(ir::wrapped_axis(axis, in.size()));
    kept[place] = 1;
    reduced[place] = in[place];
  }
  const std::vector<int> stride = strides_of(in);
  const float share = node.op == Op::mean ? 1.0f / static_cast<float>(ir::element_count(reduced)) : 1.0f;
  const auto place = [&](const std::vector<int>& index) {
    int at = 0;
    for (size_t d = 0; d < in.size(); ++d) at += index[d] * stride[d];
    return at;
  };
  Taps taps;
  each_index(kept, [&](const std::vector<int>& outer) {
    const int base = place(outer);
    each_index(reduced, [&](const std::vector<int>& inner) { taps.tap(base + place(inner), share); });
    taps.end_output();
  });
  return taps;
}

class TapsLayer final : public Layer {
 public:
  TapsLayer(const LayerInputs& from)
      : Layer(from.node.name),
        taps_(taps_of(from.graph, from.node, from.output)),
        in_size_(static_cast<size_t>(ir::element_count(from.graph.tensors[from.data_input()].shape))) {
    if (std::all_of(taps_.weight.begin(), taps_.weight.end(), [](float w) { return w == 1; }))
      taps_.weight.clear();
  }
  size_t scratch_floats() const override { return in_size_ + taps_.begin.size(); }

  void forward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* from = read_value(*in[0].value, sample, 1, *shard.kernels, shard.scratch);
      float* to = out->sample(sample);
      for (size_t o = 0; o + 1 < taps_.begin.size(); ++o) {
        const size_t begin = first(o), end = first(o + 1);
        float sum = begin == end ? taps_.fill : 0;
        for (size_t k = begin; k < end; ++k) sum += weight(k) * from[taps_.from[k]];
        to[o] = sum;
      }
      finish_output(*out, shard, sample, 1);
    }
  }

  void backward(const Shard& shard) override {
    if (!in[0].value->needs_gradient) return;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* from = read_gradient(*out, sample, 1, *shard.kernels, shard.scratch + in_size_);
      float* target = gradient_target(in[0], sample, shard.scratch);
      std::memset(target, 0, in_size_ * sizeof(float));
      for (size_t o = 0; o + 1 < taps_.begin.size(); ++o) {
        for (size_t k = first(o); k < first(o + 1); ++k) target[taps_.from[k]] += weight(k) * from[o];
      }
      finish_gradient(in[0], shard, sample, 1, target);
    }
  }

 private:
  size_t first(size_t output) const { return static_cast<size_t>(taps_.begin[output]); }
  float weight(size_t tap) const { return taps_.weight.empty() ? 1 : taps_.weight[tap]; }

  Taps taps_;
  size_t in_size_;
};

}  // namespace

std::vector<int> strides_of(const ir::Shape& shape) {
  std::vector<int> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

Taps taps_of(const ir::Graph& graph, const ir::Node& node, int output) {
  const ir::Shape& in = graph.input_of(node, 0).shape;
  switch (node.op) {
    case Op::pad:
    case Op::pad_v2:
      return pad_taps(graph, node);
    case Op::transpose:
      return transpose_taps(graph, node);
    case Op::slice:
    case Op::strided_slice:
      return slice_taps(graph, node);
    case Op::gather:
      return gather_taps(graph, node);
    case Op::split: {
      const ir::Shape& whole = graph.input_of(node, 1).shape;
      const int axis = ir::wrapped_axis(integers(graph.input_of(node, 0))[0], whole.size());
      return part_taps(whole, axis, static_cast<int>(node.outputs.size()), output);
    }
    case Op::unpack: {
      const int axis = ir::wrapped_axis(std::get<ir::AxisAttributes>(node.attributes).axis, in.size());
      return part_taps(in, axis, static_cast<int>(node.outputs.size()), output);
    }
    case Op::resize_nearest_neighbor:
    case Op::resize_bilinear:
      return resize_taps(graph, node);
    default:
      return reduce_taps(graph, node);
  }
}

/// The mean over height and width is a pool.
std::unique_ptr<Layer> make_reduce(const LayerInputs& from) {
  const ir::Shape& in = from.graph.input_of(from.node, 0).shape;
  std::vector<int> axes;
  for (const int64_t axis : integers(from.graph.input_of(from.node, 1)))
    axes.push_back(ir::wrapped_axis(axis, in.size()));
  std::sort(axes.begin(), axes.end());
  const bool pools =
      from.node.op == Op::mean && in.size() == 4 && in[0] == 1 && axes == std::vector<int>{1, 2};
  return pools ? make_mean(from) : make_taps(from);
}

std::unique_ptr<Layer> make_taps(const LayerInputs& from) { return std::make_unique<TapsLayer>(from); }

}  // namespace tadpole::train
