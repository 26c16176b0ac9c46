// What a generated library is made of, before anything is compiled.
#include "codegen/library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codegen/text.h"
#include "tests/conformance/random_graph.h"

namespace tadpole::codegen {
namespace {

using conformance::RandomGraph;
using testing::HasSubstr;
using testing::Not;

plan::Plan small_plan() {
  return *plan::lower(RandomGraph(Rng(1), true).make_dense(1, 6, 3, ir::Activation::relu), {"generic", true});
}

std::string text_of(const std::vector<File>& files, const std::string& path) {
  for (const File& file : files) {
    if (file.path == path) return file.text;
  }
  return "";
}

TEST(Library, has_the_names_that_the_firmware_links_against) {
  const plan::Plan plan = small_plan();
  const auto files = emit_library(plan, {"small", "0123456789abcdef", {}, true});
  ASSERT_TRUE(files.ok());
  const std::string header = text_of(*files, "model.h"), source = text_of(*files, "model.cc");
  EXPECT_THAT(header, HasSubstr("kInputBytes = 6"));
  EXPECT_THAT(header, HasSubstr("kOutputBytes = 3"));
  EXPECT_THAT(header, HasSubstr("kLayerCount = 1"));
  EXPECT_THAT(header, HasSubstr("kArenaBytes = " + std::to_string(plan.arena_bytes())));
  EXPECT_THAT(source, HasSubstr("void tadpole_layer_000()"));
  EXPECT_THAT(source, HasSubstr("const int8_t weights_000_weights[18]"));
  EXPECT_THAT(source, HasSubstr("\"0123456789abcdef\""));
  EXPECT_THAT(text_of(*files, "application.h"), HasSubstr("#define TADPOLE_HAS_SPEECH 0"));
  EXPECT_NE(text_of(*files, "device/app/session.h"), "");
}

TEST(Library, holds_no_kernel_that_the_model_does_not_use) {
  const auto files = emit_library(small_plan(), {"small", "", {}, false});
  ASSERT_TRUE(files.ok());
  for (const File& file : *files) {
    EXPECT_THAT(file.path, Not(HasSubstr("/ref/")));
    EXPECT_THAT(file.path, Not(HasSubstr("device/app")));
    EXPECT_THAT(file.path, Not(HasSubstr("device/port")));
  }
}

TEST(Library, is_the_same_text_for_the_same_plan) {
  const auto a = emit_library(small_plan(), {"small", "", {}, true});
  const auto b = emit_library(small_plan(), {"small", "", {}, true});
  ASSERT_EQ(a->size(), b->size());
  for (size_t i = 0; i < a->size(); ++i) EXPECT_EQ((*a)[i].text, (*b)[i].text);
}

TEST(Library, refuses_features_and_labels_that_do_not_fit_the_model) {
  SpeechApplication speech{};
  speech.features.frames = 2;
  speech.features.values_per_frame = 4;
  const auto features = emit_library(small_plan(), {"small", "", speech, true});
  ASSERT_FALSE(features.ok());
  EXPECT_EQ(features.error().code, Code::input_size);
  speech.features.values_per_frame = 3;
  speech.labels = {"one"};
  const auto labels = emit_library(small_plan(), {"small", "", speech, true});
  ASSERT_FALSE(labels.ok());
  EXPECT_THAT(labels.error().detail, HasSubstr("1 labels"));
}

TEST(Library, a_hostile_layer_name_cannot_leave_its_comment) {
  ir::Graph graph = RandomGraph(Rng(1), true).make_dense(1, 6, 3, ir::Activation::relu);
  graph.nodes[0].name = "evil\nint x; */ \?\?/\\";
  const auto files = emit_library(*plan::lower(graph, {}), {"small", "", {}, false});
  EXPECT_THAT(text_of(*files, "model.cc"), Not(HasSubstr("\nint x;")));
  EXPECT_THAT(text_of(*files, "model.cc"), Not(HasSubstr("?")));
}

TEST(Text, literals_read_back_as_the_same_number) {
  EXPECT_EQ(literal(int64_t{-128}), "-128");
  EXPECT_EQ(literal(int64_t{INT32_MIN}), "(-2147483647 - 1)");
  for (const float value : {1.0f, 0.1f, -3.402823466e38f, 1.17549435e-38f, 0.58470290899f, 123456789.0f}) {
    EXPECT_EQ(std::stof(literal(value)), value);
  }
  EXPECT_EQ(literal(2.0f), "2.0f");
}

TEST(Text, strings_are_escaped) {
  EXPECT_EQ(literal(std::string_view("a\"b\\c\n1?")), "\"a\\\"b\\\\c\\0121\\077\"");
}

TEST(Text, lines_of_arrays_stay_within_110_columns) {
  const std::vector<int32_t> values(100, -1234567890);
  const std::string text = array_definition("numbers", std::span<const int32_t>(values));
  size_t start = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    EXPECT_LE(end - start, 110u);
    start = end + 1;
  }
}

}  // namespace
}  // namespace tadpole::codegen
