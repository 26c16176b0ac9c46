// The picture of a network: where boxes and arrows go, and that nothing of a model file gets through
// unescaped.
#include "project/draw_graph.h"

#include <gmock/gmock.h>

#include "base/rng.h"
#include "project/graph_layout.h"

namespace tadpole::project {
namespace {

using testing::HasSubstr;
using testing::Not;

bool apart(const PictureBox& a, const PictureBox& b) {
  return a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
}

TEST(GraphLayout, boxes_of_random_networks_do_not_touch_and_arrows_lead_down_or_to_the_next_column) {
  Rng rng(3);
  for (int round = 0; round < 60; ++round) {
    const int count = 2 + round;
    std::vector<PictureBox> boxes;
    std::vector<PictureArrow> arrows;
    for (int i = 0; i < count; ++i) {
      boxes.push_back(
          {100.0 + static_cast<double>(rng.below(120)), 50.0 + static_cast<double>(rng.below(60))});
      const int sources = i == 0 ? 0 : 1 + (rng.below(4) == 0 ? 1 : 0);
      for (int s = 0; s < sources; ++s) {
        const int from = std::max(0, i - 1 - (s == 0 ? 0 : static_cast<int>(rng.below(6))));
        if (s == 0 || from != i - 1) arrows.push_back({from, i});
      }
    }
    const PictureSize size = lay_out_picture(boxes, arrows);
    for (int a = 0; a < count; ++a) {
      const PictureBox& box = boxes[static_cast<size_t>(a)];
      EXPECT_GE(box.x, -0.01);
      EXPECT_GE(box.y, -0.01);
      EXPECT_LE(box.x + box.width, size.width + 0.01);
      EXPECT_LE(box.y + box.height, size.height + 0.01);
      for (int b = 0; b < a; ++b)
        ASSERT_TRUE(apart(box, boxes[static_cast<size_t>(b)])) << round << " " << a << " " << b;
    }
    for (const PictureArrow& arrow : arrows) {
      const PictureBox &from = boxes[static_cast<size_t>(arrow.from)],
                       &to = boxes[static_cast<size_t>(arrow.to)];
      if (arrow.next_column) {
        EXPECT_GT(to.x, from.x + from.width);
        EXPECT_GT(arrow.gutter_x, from.x + from.width);
      } else {
        EXPECT_GT(to.y, from.y + from.height);
      }
    }
  }
}

TEST(GraphLayout, branches_stand_side_by_side) {
  std::vector<PictureBox> boxes(4, PictureBox{100, 50});
  std::vector<PictureArrow> arrows = {{0, 1}, {0, 2}, {1, 3}, {2, 3}};
  lay_out_picture(boxes, arrows);
  EXPECT_DOUBLE_EQ(boxes[1].y, boxes[2].y);
  EXPECT_DOUBLE_EQ(boxes[0].x, boxes[3].x);
  EXPECT_NEAR(boxes[0].x, (boxes[1].x + boxes[2].x) / 2, 0.01);
}

ir::Graph two_inputs_one_branch() {
  ir::Graph graph;
  const auto tensor = [&](const char* name) {
    ir::Tensor made;
    made.name = name;
    made.shape = {1, 4};
    graph.tensors.push_back(std::move(made));
    return static_cast<int>(graph.tensors.size()) - 1;
  };
  const int a = tensor("a"), b = tensor("b"), sum = tensor("sum"), left = tensor("left"),
            right = tensor("right");
  graph.nodes.push_back({ir::Op::add, "both", {a, b}, {sum}, ir::ActivationAttributes{ir::Activation::relu}});
  graph.nodes.push_back({ir::Op::tanh, "x/left;x/other", {sum}, {left}, ir::NoAttributes{}});
  graph.nodes.push_back({ir::Op::relu, "<script>&\"\x01\xff", {sum}, {right}, ir::NoAttributes{}});
  graph.inputs = {a, b};
  graph.outputs = {left, right};
  return graph;
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(DrawGraph, shows_every_input_output_layer_and_arrow) {
  const std::string svg = draw_graph(two_inputs_one_branch(), "two.tflite");
  EXPECT_EQ(count(svg, ">input</text>"), 2u);
  EXPECT_EQ(count(svg, ">output</text>"), 2u);
  EXPECT_EQ(count(svg, ">add</text>"), 1u);
  EXPECT_EQ(count(svg, ">left</text>"), 2u);  // the layer by its short name, and the output
  EXPECT_EQ(count(svg, "marker-end"), 6u);
  EXPECT_THAT(svg, HasSubstr("two.tflite"));
  EXPECT_THAT(svg, HasSubstr(">relu</text>"));
}

TEST(DrawGraph, writes_nothing_of_a_name_that_svg_would_read) {
  const std::string svg = draw_graph(two_inputs_one_branch(), "<b>&");
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("<b>")));
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;&amp;&quot;__"));
  for (const char c : svg) ASSERT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f));
}

TEST(LayerNames, are_cut_to_their_telling_end) {
  EXPECT_EQ(short_layer_name("model/block/conv2d_3/Relu;model/bn/add", 20), "Relu");
  EXPECT_EQ(short_layer_name("a_very_long_name_of_a_layer_7", 10), "~a_layer_7");
  EXPECT_EQ(short_layer_name("scope/", 10), "scope/");
}

}  // namespace
}  // namespace tadpole::project
