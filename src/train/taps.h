// Layers that only move, repeat or average numbers: each output is a fixed weighted sum of inputs of the
// sample. Private to this room.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace tadpole::train {

/// Output o = fill + sum of weight[k] * in[from[k]] over k in [begin[o], begin[o + 1]).
struct Taps {
  std::vector<int> begin = {0};  ///< outputs + 1
  std::vector<int> from;
  std::vector<float> weight;
  float fill = 0;  ///< of outputs without a tap

  void tap(int index, float share = 1) {
    from.push_back(index);
    weight.push_back(share);
  }
  void end_output() { begin.push_back(static_cast<int>(from.size())); }
};

/// Steps from one index of a dimension to the next in a row-major tensor.
std::vector<int> strides_of(const ir::Shape& shape);

/// body(index) for every multi-index of `shape`, the last dimension fastest.
template <class Body>
void each_index(const ir::Shape& shape, Body&& body) {
  std::vector<int> index(shape.size(), 0);
  for (int64_t left = ir::element_count(shape); left > 0; --left) {
    body(index);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
}

/// Of pad, pad_v2, transpose, slice, strided_slice, split, unpack, gather, resize_nearest_neighbor,
/// resize_bilinear, mean and sum nodes (checked; their parameters are constants); `output` of several.
Taps taps_of(const ir::Graph& graph, const ir::Node& node, int output);

}  // namespace tadpole::train
