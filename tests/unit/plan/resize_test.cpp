// Resizing against the definition, in real numbers, and against integers without shortcuts.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/unit/plan/one_node.h"

namespace tadpole::plan {
namespace {

using testing::HasSubstr;

ir::Graph resize(ir::Op op, const ir::Shape& in, int32_t height, int32_t width, ir::DType type,
                 const ir::ResizeAttributes& attributes = {}) {
  return one_node(op, attributes, {activation(in, type), numbers({height, width})}, {activation({}, type)});
}

int range(Rng& rng, int low, int high) {
  return low + static_cast<int>(rng.below(static_cast<uint32_t>(high - low + 1)));
}

struct Case {
  ir::Shape in;
  int32_t height, width;
  ir::ResizeAttributes attributes;
};

Case random_case(Rng& rng) {
  Case made{{range(rng, 1, 2), range(rng, 1, 6), range(rng, 1, 6), range(rng, 1, 3)},
            range(rng, 1, 14),
            range(rng, 1, 14),
            {}};
  const int kind = range(rng, 0, 2);
  made.attributes.align_corners = kind == 1;
  made.attributes.half_pixel_centers = kind == 2;
  return made;
}

TEST(ResizeNearest, takes_the_pixel_that_numpy_would) {
  std::vector<int8_t> in = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(run_as<int8_t>(resize(ir::Op::resize_nearest_neighbor, {1, 2, 3, 1}, 4, 3, ir::DType::int8), in),
            (std::vector<int8_t>{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  EXPECT_EQ(run_as<int8_t>(resize(ir::Op::resize_nearest_neighbor, {1, 1, 6, 1}, 1, 4, ir::DType::int8), in),
            (std::vector<int8_t>{1, 2, 4, 5}));  // floor(0, 1.5, 3, 4.5)
  EXPECT_EQ(run_as<int8_t>(resize(ir::Op::resize_nearest_neighbor, {1, 1, 6, 1}, 1, 4, ir::DType::int8,
                                  {.half_pixel_centers = true}),
                           in),
            (std::vector<int8_t>{1, 3, 4, 6}));  // floor(0.75, 2.25, 3.75, 5.25)
  EXPECT_EQ(run_as<int8_t>(resize(ir::Op::resize_nearest_neighbor, {1, 1, 6, 1}, 1, 4, ir::DType::int8,
                                  {.align_corners = true}),
                           in),
            (std::vector<int8_t>{1, 3, 4, 6}));  // round(0, 1.67, 3.33, 5)
}

TEST(ResizeNearest, moves_whole_pixels_of_every_type) {
  for (const ir::DType type : {ir::DType::int8, ir::DType::int16, ir::DType::float32, ir::DType::int64}) {
    Rng rng(1);
    for (int i = 0; i < 20; ++i) {
      const Case c = random_case(rng);
      const ir::Graph bytes =
          resize(ir::Op::resize_nearest_neighbor, c.in, c.height, c.width, type, c.attributes);
      ir::Shape wide = c.in;
      wide[3] *= byte_size(type);
      const ir::Graph same =
          resize(ir::Op::resize_nearest_neighbor, wide, c.height, c.width, ir::DType::uint8, c.attributes);
      const auto in = random_bytes(input_bytes(bytes), rng);
      EXPECT_EQ(run(bytes, in), run(same, in));
    }
  }
}

TEST(ResizeBilinear, gives_the_values_that_TFLites_own_tests_expect) {
  const ir::Graph floats = resize(ir::Op::resize_bilinear, {1, 2, 2, 1}, 3, 3, ir::DType::float32);
  EXPECT_THAT(run_as<float>(floats, {3, 6, 9, 12}),
              testing::Pointwise(testing::FloatNear(1e-5f), {3, 5, 6, 7, 9, 10, 9, 11, 12}));
  const ir::Graph bytes = resize(ir::Op::resize_bilinear, {1, 2, 2, 1}, 3, 3, ir::DType::int8);
  EXPECT_EQ(run_as<int8_t>(bytes, {3, 6, 9, 12}), (std::vector<int8_t>{3, 5, 6, 7, 9, 10, 9, 11, 12}));
}

/// The weighted mean in double; position p of an axis is that of TFLite's definition.
double position(int i, int in, int out, const ir::ResizeAttributes& a) {
  const double scale = a.align_corners && out > 1 ? double(in - 1) / (out - 1) : double(in) / out;
  return a.half_pixel_centers ? (i + 0.5) * scale - 0.5 : i * scale;
}

template <class T>
std::vector<double> by_definition(const Case& c, const std::vector<T>& in) {
  const auto [n, h, w, d] = std::tuple(c.in[0], c.in[1], c.in[2], c.in[3]);
  const auto at = [&](int b, double y, double x, int k) {
    const int row = std::clamp(static_cast<int>(y), 0, h - 1),
              column = std::clamp(static_cast<int>(x), 0, w - 1);
    return static_cast<double>(in[static_cast<size_t>(((b * h + row) * w + column) * d + k)]);
  };
  std::vector<double> out;
  for (int b = 0; b < n; ++b) {
    for (int y = 0; y < c.height; ++y) {
      for (int x = 0; x < c.width; ++x) {
        const double py = std::clamp<double>(position(y, h, c.height, c.attributes), 0, h - 1);
        const double px = std::clamp<double>(position(x, w, c.width, c.attributes), 0, w - 1);
        const double fy = py - std::floor(py), fx = px - std::floor(px);
        for (int k = 0; k < d; ++k) {
          const double top = at(b, std::floor(py), std::floor(px), k) * (1 - fx) +
                             at(b, std::floor(py), std::floor(px) + 1, k) * fx;
          const double bottom = at(b, std::floor(py) + 1, std::floor(px), k) * (1 - fx) +
                                at(b, std::floor(py) + 1, std::floor(px) + 1, k) * fx;
          out.push_back(top * (1 - fy) + bottom * fy);
        }
      }
    }
  }
  return out;
}

TEST(ResizeBilinear, is_the_weighted_mean_of_four_pixels) {
  Rng rng(2);
  for (int i = 0; i < 200; ++i) {
    const Case c = random_case(rng);
    std::vector<float> in(static_cast<size_t>(ir::element_count(c.in)));
    for (float& value : in) value = rng.normal();
    const auto floats = run_as<float>(
        resize(ir::Op::resize_bilinear, c.in, c.height, c.width, ir::DType::float32, c.attributes), in);
    const auto expected = by_definition(c, in);
    for (size_t k = 0; k < floats.size(); ++k)
      ASSERT_NEAR(floats[k], expected[k], 2e-5) << i;  // positions up to 6 and values up to 6, both float

    std::vector<int16_t> words(in.size());
    for (int16_t& value : words) value = static_cast<int16_t>(rng.below(65536));
    const auto integers = run_as<int16_t>(
        resize(ir::Op::resize_bilinear, c.in, c.height, c.width, ir::DType::int16, c.attributes), words);
    const auto expected_words = by_definition(c, words);
    // A position is off by up to 14 * 0.5 + 0.5 of 1/1024, on two axes, and a slope is up to 65535.
    for (size_t k = 0; k < integers.size(); ++k)
      ASSERT_NEAR(integers[k], expected_words[k], 65535 * 15.0 / 1024);
  }
}

/// TFLite's integers with nothing simplified, but for rows and columns that it would read outside of the map.
std::vector<int8_t> in_1024ths(const Case& c, const std::vector<int8_t>& in) {
  const auto [n, h, w, d] = std::tuple(c.in[0], c.in[1], c.in[2], c.in[3]);
  struct At {
    int64_t scaled, low, high;
  };
  const auto axis = [&](int i, int from, int to) {
    int64_t scale = (1024 * from + to / 2) / to;
    if (c.attributes.align_corners && to > 1) scale = (1024 * (from - 1) + (to - 1) / 2) / (to - 1);
    const int64_t scaled = i * scale + (c.attributes.half_pixel_centers ? scale / 2 - 512 : 0);
    return At{scaled, std::clamp<int64_t>(scaled / 1024, 0, from - 1),
              std::min<int64_t>((scaled + 1023) / 1024, from - 1)};
  };
  std::vector<int8_t> out;
  for (int b = 0; b < n; ++b) {
    for (int i = 0; i < c.height * c.width * d; ++i) {
      const At y = axis(i / d / c.width, h, c.height), x = axis(i / d % c.width, w, c.width);
      const auto value = [&](int64_t row, int64_t column) {
        return int64_t{in[static_cast<size_t>(((b * h + row) * w + column) * d + i % d)]};
      };
      const int64_t fy = y.scaled - 1024 * y.low, fx = x.scaled - 1024 * x.low;
      const int64_t sum = value(y.low, x.low) * (1024 - fy) * (1024 - fx) +
                          value(y.high, x.low) * fy * (1024 - fx) + value(y.low, x.high) * (1024 - fy) * fx +
                          value(y.high, x.high) * fy * fx;
      out.push_back(static_cast<int8_t>((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20)));
    }
  }
  return out;
}

TEST(ResizeBilinear, int8_has_the_bits_of_TFLites_integers) {
  Rng rng(3);
  for (int i = 0; i < 300; ++i) {
    Case c = random_case(rng);
    if (i % 10 == 0) c = {{1, 1, 2, 1}, 1, range(rng, 1000, 3000), c.attributes};  // scales below 1/1024
    const ir::Graph graph =
        resize(ir::Op::resize_bilinear, c.in, c.height, c.width, ir::DType::int8, c.attributes);
    const auto bytes = random_bytes(input_bytes(graph), rng);
    const std::vector<int8_t> in(bytes.begin(), bytes.end());
    ASSERT_EQ(run_as<int8_t>(graph, in), in_1024ths(c, in)) << i;
  }
}

TEST(Resize, refuses_what_contradicts_itself_or_has_no_kernel) {
  EXPECT_THAT(refusal(resize(ir::Op::resize_bilinear, {1, 2, 2, 1}, 3, 3, ir::DType::float32, {true, true})),
              HasSubstr("only one may be set"));
  EXPECT_THAT(refusal(resize(ir::Op::resize_bilinear, {1, 2, 2, 1}, 3, 3, ir::DType::int32)),
              HasSubstr("is of int32; float32, int8 or int16 is needed."));
  EXPECT_THAT(refusal(resize(ir::Op::resize_nearest_neighbor, {1, 2, 2, 1}, 3, 40000, ir::DType::int8)),
              HasSubstr("up to 32767 are supported"));
}

}  // namespace
}  // namespace tadpole::plan
