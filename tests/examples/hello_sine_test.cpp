// examples/hello_sine: a regression of one number, and the program around it.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "tests/examples/baseline.h"

namespace tadpole {
namespace {

const Example& example() {
  static const Example made("hello_sine");
  return made;
}

const WholeWay& whole_way() {
  static const WholeWay way = [] {
    EXPECT_EQ(example().make_data().exit_code, 0);
    return example().run_all();
  }();
  return way;
}

TEST(HelloSine, learns_the_sine_and_keeps_it_in_eight_bits_on_the_board) {
  const WholeWay& way = whole_way();
  EXPECT_GT(way.train.value("test_r_squared", 0.0), 0.99);
  EXPECT_GT(way.quantise.value("int8_r_squared", 0.0), 0.985);
  EXPECT_EQ(way.board.value("board_r_squared", 0.0), way.quantise.value("int8_r_squared", 1.0));
  expect_board_equals_host(way);
}

TEST(HelloSine, is_tiny) {
  EXPECT_LE(whole_way().quantise.value("tflite_bytes", 1 << 20), 4000);
  EXPECT_LE(whole_way().deploy.value("arena_bytes", 1 << 20), 64);
  expect_recorded_memory("hello_sine", whole_way().deploy);
}

TEST(HelloSine, fades_a_light_with_its_own_main) {
  const std::string run = example().path("example/runs/0001/library");
  const std::string program = example().path("hello");
  const Printed built =
      example().run({"/bin/sh", "-c",
                     "g++ -std=c++14 -O1 -I" + run + " " + example().path("example/main.cc") + " $(find " +
                         run + " -name '*.cc' -not -path '*/examples/*') -o " + program});
  ASSERT_EQ(built.exit_code, 0) << built.err;
  std::istringstream levels(example().run({program}).out);
  int step = 0;
  for (int level = 0; levels >> level; ++step) {
    const double wanted = 127.5 * (std::sin(2 * 3.14159265358979 * step / 20) + 1);
    EXPECT_NEAR(level, wanted, 20) << "one in 13 of full scale is what eyes do not see; step " << step;
  }
  EXPECT_EQ(step, 21);
}

}  // namespace
}  // namespace tadpole
