// Operators that move values, against maps of single indices written here.
#include <gmock/gmock.h>

#include <cstring>
#include <functional>
#include <numeric>

#include "tests/unit/plan/one_node.h"

namespace tadpole::plan {
namespace {

using Index = std::vector<int32_t>;
using testing::HasSubstr;

constexpr ir::DType kTypes[] = {ir::DType::int8,  ir::DType::uint8, ir::DType::boolean, ir::DType::int16,
                                ir::DType::int32, ir::DType::int64, ir::DType::float32};

ir::Shape random_shape(Rng& rng, int rank) {
  ir::Shape shape;
  for (int i = 0; i < rank; ++i) shape.push_back(1 + static_cast<int32_t>(rng.below(4)));
  return shape;
}

int range(Rng& rng, int low, int high) {
  return low + static_cast<int>(rng.below(static_cast<uint32_t>(high - low + 1)));
}

size_t flat(const ir::Shape& shape, const Index& index) {
  size_t at = 0;
  for (size_t i = 0; i < shape.size(); ++i)
    at = at * static_cast<size_t>(shape[i]) + static_cast<size_t>(index[i]);
  return at;
}

/// Calls visit(index) for every element of `shape` in row-major order.
void for_each_index(const ir::Shape& shape, const std::function<void(const Index&)>& visit) {
  Index index(shape.size(), 0);
  for (int64_t i = 0; i < ir::element_count(shape); ++i) {
    visit(index);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
}

/// Where an output element comes from: which of the graph's inputs, and where in it.
struct From {
  size_t input;
  Index index;
};

/// Runs the graph on random bytes, and expects of output element `index` of output `o` the bytes of from(o,
/// index).
void expect_moves(const ir::Graph& graph, Rng& rng, const std::function<From(size_t, const Index&)>& from) {
  const auto in = random_bytes(input_bytes(graph), rng);
  std::vector<size_t> start = {0};
  for (const int input : graph.inputs)
    start.push_back(start.back() + static_cast<size_t>(graph.tensors[static_cast<size_t>(input)].bytes()));
  std::vector<uint8_t> expected;
  for (size_t o = 0; o < graph.outputs.size(); ++o) {
    const ir::Tensor& out = graph.tensors[static_cast<size_t>(graph.outputs[o])];
    const auto size = static_cast<size_t>(byte_size(out.type));
    for_each_index(out.shape, [&](const Index& index) {
      const From source = from(o, index);
      const ir::Tensor& tensor = graph.tensors[static_cast<size_t>(graph.inputs[source.input])];
      const uint8_t* bytes = in.data() + start[source.input] + flat(tensor.shape, source.index) * size;
      expected.insert(expected.end(), bytes, bytes + size);
    });
  }
  EXPECT_EQ(run(graph, in, {"ref", true}), expected);
  EXPECT_EQ(run(graph, in, {"ref", false, false}), expected);
}

TEST(Moves, transpose_moves_every_element_up_to_rank_6_and_of_every_type) {
  Rng rng(1);
  for (int i = 0; i < 140; ++i) {
    const int rank = 1 + i % 6;
    const ir::DType type = kTypes[i % 7];
    std::vector<int32_t> order(static_cast<size_t>(rank));
    std::iota(order.begin(), order.end(), 0);
    for (size_t j = order.size(); j > 1; --j)
      std::swap(order[j - 1], order[rng.below(static_cast<uint32_t>(j))]);
    const ir::Graph graph =
        one_node(ir::Op::transpose, ir::NoAttributes{},
                 {activation(random_shape(rng, rank), type), numbers(order)}, {activation({}, type)});
    expect_moves(graph, rng, [&](size_t, const Index& out) {
      Index in(out.size());
      for (size_t d = 0; d < out.size(); ++d) in[static_cast<size_t>(order[d])] = out[d];
      return From{0, in};
    });
  }
}

TEST(Moves, concatenation_of_up_to_12_inputs_keeps_every_element) {
  Rng rng(2);
  for (int i = 0; i < 100; ++i) {
    const ir::DType type = kTypes[i % 7];
    ir::Shape shape = random_shape(rng, range(rng, 1, 5));
    const int axis = range(rng, 0, static_cast<int>(shape.size()) - 1);
    std::vector<ir::Tensor> inputs;
    std::vector<int32_t> ends;
    for (int j = range(rng, 1, 12); j > 0; --j) {
      shape[static_cast<size_t>(axis)] = range(rng, 1, 4);
      ends.push_back(shape[static_cast<size_t>(axis)] + (ends.empty() ? 0 : ends.back()));
      inputs.push_back(activation(shape, type));
    }
    const int given = rng.below(2) ? axis : axis - static_cast<int>(shape.size());
    const ir::Graph graph =
        one_node(ir::Op::concatenation, ir::ConcatenationAttributes{given}, inputs, {activation({}, type)});
    expect_moves(graph, rng, [&](size_t, const Index& out) {
      Index in = out;
      size_t input = 0;
      while (out[static_cast<size_t>(axis)] >= ends[input]) ++input;
      if (input > 0) in[static_cast<size_t>(axis)] -= ends[input - 1];
      return From{input, in};
    });
  }
}

TEST(Moves, split_pack_and_unpack_keep_every_element) {
  Rng rng(3);
  for (int i = 0; i < 100; ++i) {
    const ir::DType type = kTypes[i % 7];
    const int parts = range(rng, 1, 4);
    ir::Shape shape = random_shape(rng, range(rng, 1, 4));
    const auto axis = static_cast<size_t>(range(rng, 0, static_cast<int>(shape.size()) - 1));
    const int32_t size = shape[axis];
    const std::vector<ir::Tensor> outputs(static_cast<size_t>(parts), activation({}, type));

    ir::Shape whole = shape;
    whole[axis] *= parts;
    expect_moves(one_node(ir::Op::split, ir::NoAttributes{},
                          {numbers({static_cast<int32_t>(axis)}), activation(whole, type)}, outputs),
                 rng, [&](size_t o, const Index& out) {
                   Index in = out;
                   in[axis] += static_cast<int32_t>(o) * size;
                   return From{0, in};
                 });

    const std::vector<ir::Tensor> inputs(static_cast<size_t>(parts), activation(shape, type));
    expect_moves(
        one_node(ir::Op::pack, ir::AxisAttributes{static_cast<int>(axis)}, inputs, {activation({}, type)}),
        rng, [&](size_t, const Index& out) {
          Index in = out;
          in.erase(in.begin() + static_cast<long>(axis));
          return From{static_cast<size_t>(out[axis]), in};
        });

    ir::Shape stacked = shape;
    stacked.insert(stacked.begin() + static_cast<long>(axis), parts);
    expect_moves(one_node(ir::Op::unpack, ir::AxisAttributes{static_cast<int>(axis)},
                          {activation(stacked, type)}, outputs),
                 rng, [&](size_t o, const Index& out) {
                   Index in = out;
                   in.insert(in.begin() + static_cast<long>(axis), static_cast<int32_t>(o));
                   return From{0, in};
                 });
  }
}

TEST(Moves, slices_with_any_step_take_every_element_that_they_name) {
  Rng rng(4);
  for (int i = 0; i < 200; ++i) {
    const ir::DType type = kTypes[i % 7];
    ir::Shape shape = random_shape(rng, range(rng, 1, 5));
    for (int32_t& size : shape) size += 2;
    std::vector<int32_t> begin, end, step, count;
    for (const int32_t size : shape) {
      const int32_t by = i % 2 ? 1 : (rng.below(2) ? 1 : -1) * range(rng, 1, 3);
      const int32_t first = range(rng, 0, size - 1);
      const int32_t room = by > 0 ? (size - 1 - first) / by : first / -by;
      const int32_t taken = range(rng, 1, room + 1);
      begin.push_back(first);
      step.push_back(by);
      count.push_back(taken);
      const int32_t stop = first + taken * by;
      end.push_back(by > 0 ? std::min(stop, size) : std::max(stop, -1));
    }
    int end_mask = 0;
    for (size_t d = 0; d < end.size(); ++d) end_mask |= end[d] < 0 ? 1 << d : 0;
    ir::StridedSliceAttributes attributes;
    attributes.end_mask = end_mask;
    const ir::Graph graph =
        i % 2 ? one_node(ir::Op::slice, ir::NoAttributes{},
                         {activation(shape, type), numbers(begin), numbers(count)}, {activation({}, type)})
              : one_node(ir::Op::strided_slice, attributes,
                         {activation(shape, type), numbers(begin), numbers(end), numbers(step)},
                         {activation({}, type)});
    expect_moves(graph, rng, [&](size_t, const Index& out) {
      Index in = out;
      for (size_t d = 0; d < in.size(); ++d) in[d] = begin[d] + out[d] * step[d];
      return From{0, in};
    });
  }
}

TEST(Moves, strided_slice_follows_its_masks) {
  // NumPy: arange(24).reshape(2, 3, 4)[..., newaxis, 3:0:-2] and [1, :, 2]
  std::vector<int32_t> values(24);
  std::iota(values.begin(), values.end(), 0);
  ir::StridedSliceAttributes attributes;
  attributes.ellipsis_mask = 1;
  attributes.new_axis_mask = 2;
  const ir::Tensor in = activation({2, 3, 4}, ir::DType::int32);
  const ir::Tensor out = activation({}, ir::DType::int32);
  ir::Graph graph = one_node(ir::Op::strided_slice, attributes,
                             {in, numbers({0, 0, 3}), numbers({0, 0, 0}), numbers({1, 1, -2})}, {out});
  EXPECT_EQ(graph.output_of(graph.nodes[0]).shape, (ir::Shape{2, 3, 1, 2}));
  EXPECT_EQ(run_as<int32_t>(graph, values),
            (std::vector<int32_t>{3, 1, 7, 5, 11, 9, 15, 13, 19, 17, 23, 21}));
  attributes = {};
  attributes.begin_mask = attributes.end_mask = 2;
  attributes.shrink_axis_mask = 5;
  graph = one_node(ir::Op::strided_slice, attributes,
                   {in, numbers({1, 9, 2}), numbers({2, 9, 3}), numbers({1, 1, 1})}, {out});
  EXPECT_EQ(graph.output_of(graph.nodes[0]).shape, (ir::Shape{3}));
  EXPECT_EQ(run_as<int32_t>(graph, values), (std::vector<int32_t>{14, 18, 22}));
}

TEST(Moves, pad_puts_the_real_0_around_the_input_and_pad_v2_its_value) {
  Rng rng(5);
  for (int i = 0; i < 140; ++i) {
    const ir::DType type = kTypes[i % 7];
    const ir::Shape shape = random_shape(rng, range(rng, 1, 5));
    std::vector<int32_t> pads;
    for (size_t d = 0; d < 2 * shape.size(); ++d) pads.push_back(range(rng, 0, 2));
    ir::Tensor around = numbers(pads);
    around.shape = {static_cast<int32_t>(shape.size()), 2};
    const auto size = static_cast<size_t>(byte_size(type));
    std::vector<uint8_t> value(size, 0);
    std::vector<ir::Tensor> inputs = {activation(shape, type, 0.1f, type == ir::DType::int8 ? -7 : 0),
                                      around};
    const bool given = rng.below(2) != 0;
    if (given) {
      value = random_bytes(static_cast<int64_t>(size), rng);
      inputs.push_back(
          activation({}, type, 0.1f, inputs[0].quantisation ? inputs[0].quantisation->zero_points[0] : 0));
      inputs.back().constant = std::make_shared<const std::vector<uint8_t>>(value);
    } else if (type == ir::DType::int8) {
      value[0] = static_cast<uint8_t>(-7);
    }
    ir::Tensor out = inputs[0];
    out.shape = {};
    const ir::Graph graph = one_node(given ? ir::Op::pad_v2 : ir::Op::pad, ir::NoAttributes{}, inputs, {out});
    const auto in = random_bytes(input_bytes(graph), rng);
    std::vector<uint8_t> expected;
    for_each_index(graph.output_of(graph.nodes[0]).shape, [&](const Index& index) {
      Index from = index;
      bool inside = true;
      for (size_t d = 0; d < from.size(); ++d) {
        from[d] -= pads[2 * d];
        inside = inside && from[d] >= 0 && from[d] < shape[d];
      }
      const uint8_t* bytes = inside ? in.data() + flat(shape, from) * size : value.data();
      expected.insert(expected.end(), bytes, bytes + size);
    });
    EXPECT_EQ(run(graph, in), expected) << i;
  }
}

TEST(Moves, gather_takes_what_its_indices_name_along_any_axis_and_batches) {
  Rng rng(6);
  for (int i = 0; i < 150; ++i) {
    const ir::DType type = kTypes[i % 7];
    const ir::Shape shape = random_shape(rng, range(rng, 1, 4));
    const int rank = static_cast<int>(shape.size());
    const int axis = range(rng, 0, rank - 1), batch = range(rng, 0, axis);
    ir::Shape indices(shape.begin(), shape.begin() + batch);
    for (int j = range(rng, batch == 0 ? 0 : 1, 2); j > 0; --j) indices.push_back(range(rng, 1, 3));
    const auto count = static_cast<size_t>(ir::element_count(indices));
    std::vector<int32_t> values(count);
    for (int32_t& value : values) value = range(rng, 0, shape[static_cast<size_t>(axis)] - 1);
    const bool wide = rng.below(2) != 0;
    const ir::Tensor at = wide ? constant<int64_t>(indices, ir::DType::int64, {values.begin(), values.end()})
                               : constant<int32_t>(indices, ir::DType::int32, values);
    ir::Graph graph;
    try {
      graph = one_node(ir::Op::gather, ir::GatherAttributes{axis, batch}, {activation(shape, type), at},
                       {activation({}, type)});
    } catch (const std::runtime_error&) {
      continue;  // more batch dimensions than the indices have
    }
    expect_moves(graph, rng, [&](size_t, const Index& out) {
      Index in(out.begin(), out.begin() + axis);
      Index index(out.begin(), out.begin() + batch);
      const long own = static_cast<long>(indices.size()) - batch;
      index.insert(index.end(), out.begin() + axis, out.begin() + axis + own);
      in.push_back(values[flat(indices, index)]);
      in.insert(in.end(), out.begin() + axis + own, out.end());
      return From{0, in};
    });
  }
}

TEST(Moves, gather_never_leaves_its_tensor_whatever_the_indices) {
  const std::vector<int32_t> wild = {INT32_MIN, -1, 0, 2, 3, INT32_MAX};
  std::vector<uint8_t> in = {10, 20, 30};
  ir::Graph graph = one_node(ir::Op::gather, ir::GatherAttributes{},
                             {activation({3}, ir::DType::uint8), activation({6}, ir::DType::int32)},
                             {activation({}, ir::DType::uint8)});
  const auto narrow = *ir::make_constant<int32_t>(wild);
  in.insert(in.end(), narrow.begin(), narrow.end());
  EXPECT_EQ(run(graph, in), (std::vector<uint8_t>{10, 10, 10, 30, 30, 30}));

  graph = one_node(ir::Op::gather, ir::GatherAttributes{},
                   {activation({3}, ir::DType::uint8), activation({6}, ir::DType::int64)},
                   {activation({}, ir::DType::uint8)});
  const auto wide = *ir::make_constant<int64_t>(
      std::vector<int64_t>{INT64_MIN, -1, 1, int64_t{1} << 32, -(int64_t{1} << 32), INT64_MAX});
  in.resize(3);
  in.insert(in.end(), wide.begin(), wide.end());
  EXPECT_EQ(run(graph, in), (std::vector<uint8_t>{10, 10, 20, 30, 10, 30}));

  graph = one_node(ir::Op::gather, ir::GatherAttributes{},
                   {activation({3}, ir::DType::uint8), numbers({1, 3})}, {activation({}, ir::DType::uint8)});
  EXPECT_THAT(refusal(graph), HasSubstr("takes position 3 of a dimension of 3; needs 0 to 2."));
}

TEST(Moves, of_a_constant_are_copied_so_that_they_can_be_outputs) {
  const ir::Tensor table = constant<int32_t>({2, 2}, ir::DType::int32, {1, 2, 3, 4});
  ir::Graph graph =
      one_node(ir::Op::concatenation, ir::ConcatenationAttributes{1},
               {activation({2, 1}, ir::DType::int32), table}, {activation({}, ir::DType::int32)});
  EXPECT_EQ(run_as<int32_t>(graph, {8, 9}), (std::vector<int32_t>{8, 1, 2, 9, 3, 4}));

  ir::Tensor flat_table = activation({4}, ir::DType::int32);
  flat_table.name = "flat";
  graph.tensors.push_back(flat_table);
  graph.nodes.push_back({ir::Op::reshape, "flatten", {1}, {3}, ir::NoAttributes{}});
  graph.outputs.push_back(3);
  EXPECT_EQ(run_as<int32_t>(graph, {8, 9}, {"ref", true, false}),
            (std::vector<int32_t>{8, 1, 2, 9, 3, 4, 1, 2, 3, 4}));
}

TEST(Moves, that_change_no_byte_have_no_step) {
  const ir::Tensor in = activation({1, 3, 1, 5}, ir::DType::int8), out = activation({}, ir::DType::int8);
  EXPECT_EQ(
      lower(one_node(ir::Op::transpose, ir::NoAttributes{}, {in, numbers({1, 0, 3, 2})}, {out}), {"ref"})
          ->steps()
          .size(),
      0u);
  EXPECT_EQ(lower(one_node(ir::Op::squeeze, ir::SqueezeAttributes{}, {in}, {out}), {"ref"})->steps().size(),
            0u);
  EXPECT_EQ(lower(one_node(ir::Op::expand_dims, ir::NoAttributes{}, {in, numbers({0})}, {out}), {"ref"})
                ->steps()
                .size(),
            0u);
}

TEST(Moves, a_slice_lies_over_its_input_when_nothing_else_needs_it) {
  // relu so that the input may be given up; slice; the arena holds the larger one only.
  ir::Graph graph = one_node(ir::Op::slice, ir::NoAttributes{},
                             {activation({64, 8}, ir::DType::int8), numbers({16, 2}), numbers({32, 4})},
                             {activation({}, ir::DType::int8)});
  ir::Tensor middle = graph.tensors[0];
  middle.name = "middle";
  graph.tensors.push_back(middle);
  graph.nodes[0].inputs[0] = 4;
  graph.nodes.insert(graph.nodes.begin(), {ir::Op::relu, "relu", {0}, {4}, ir::NoAttributes{}});
  const auto plan = lower(graph, {"ref", true});
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  EXPECT_EQ(plan->arena_bytes(), 64 * 8);
  Rng rng(7);
  const auto in = random_bytes(64 * 8, rng);
  EXPECT_EQ(run(graph, in, {"ref", true}), run(graph, in, {"ref", false, false}));
}

TEST(Moves, are_refused_with_what_to_do) {
  ir::Tensor a = activation({2}, ir::DType::int8, 0.5f), b = activation({2}, ir::DType::int8, 0.25f);
  ir::Tensor out = activation({}, ir::DType::int8, 0.5f);
  EXPECT_THAT(refusal(one_node(ir::Op::concatenation, ir::ConcatenationAttributes{}, {a, b}, {out})),
              HasSubstr("'in_1' has another scale or zero point than the output"));
  EXPECT_THAT(refusal(one_node(ir::Op::concatenation, ir::ConcatenationAttributes{0, ir::Activation::relu},
                               {a, a}, {out})),
              HasSubstr("fused activation"));
  EXPECT_THAT(refusal(one_node(ir::Op::slice, ir::NoAttributes{}, {a, numbers({0}), numbers({1})},
                               {activation({}, ir::DType::int16)})),
              HasSubstr("goes from int8 to int16"));
  const ir::Shape seven = {2, 2, 2, 2, 2, 2, 2};
  EXPECT_THAT(refusal(one_node(ir::Op::transpose, ir::NoAttributes{},
                               {activation(seven, ir::DType::int8), numbers({6, 5, 4, 3, 2, 1, 0})}, {out})),
              HasSubstr("along 7 dimensions; up to 6 are supported"));
}

}  // namespace
}  // namespace tadpole::plan
