// Several models in one library: names that do not meet, one arena.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codegen/library.h"
#include "tests/conformance/random_graph.h"

namespace tadpole::codegen {
namespace {

using conformance::RandomGraph;
using testing::HasSubstr;
using testing::Not;

Member member(const std::string& space, int inputs, uint64_t seed = 1) {
  return {*plan::lower(RandomGraph(Rng(seed), true).make_dense(1, inputs, 3, ir::Activation::relu),
                       {"generic", true}),
          {.name = space + "-model", .hash = "0123456789abcdef", .speech = {}, .space = space}};
}

std::string text_of(const std::vector<File>& files, const std::string& path) {
  for (const File& file : files) {
    if (file.path == path) return file.text;
  }
  return "";
}

TEST(Models, share_an_arena_as_large_as_the_largest_needs) {
  const std::vector<Member> members = {member("ear", 6), member("eye", 600)};
  ASSERT_LT(members[0].plan.arena_bytes(), members[1].plan.arena_bytes());
  const auto files = emit_models(members);
  ASSERT_TRUE(files.ok()) << files.error().message();
  EXPECT_THAT(text_of(*files, "arena.h"),
              HasSubstr("kArenaBytes = " + std::to_string(members[1].plan.arena_bytes())));
  int arrays = 0;
  for (const File& file : *files)
    arrays += file.text.find("uint8_t arena_memory[kArenaBytes]") != std::string::npos;
  EXPECT_EQ(arrays, 2) << "declared once, defined once";
  EXPECT_THAT(text_of(*files, "ear/model.cc"), HasSubstr("arena_memory = models::arena_memory"));
}

TEST(Models, have_names_of_their_own) {
  const auto files = emit_models(std::vector<Member>{member("ear", 6), member("eye", 9)});
  ASSERT_TRUE(files.ok());
  EXPECT_THAT(text_of(*files, "ear/model.h"), HasSubstr("#ifndef TADPOLE_EAR_MODEL_H_"));
  EXPECT_THAT(text_of(*files, "ear/model.h"), HasSubstr("namespace ear {"));
  EXPECT_THAT(text_of(*files, "eye/model.cc"), HasSubstr("void tadpole_layer_eye_000()"));
  for (const char* path : {"ear/model.h", "ear/model.cc", "eye/model.h", "eye/model.cc"})
    EXPECT_THAT(text_of(*files, path), Not(HasSubstr("namespace model ")));
  EXPECT_NE(text_of(*files, "device/app/cascade.h"), "");
}

TEST(Models, refuse_names_that_cannot_be) {
  for (const char* name : {"", "Ear", "2nd", "a b", "../up", "device", "model", "class", "a__b"}) {
    const auto files = emit_models(std::vector<Member>{member(name, 6)});
    ASSERT_FALSE(files.ok()) << name;
    EXPECT_EQ(files.error().code, Code::config_bad_value);
    EXPECT_THAT(files.error().detail, HasSubstr("'" + std::string(name) + "'"));
  }
  const auto twice = emit_models(std::vector<Member>{member("ear", 6), member("ear", 9)});
  ASSERT_FALSE(twice.ok());
  EXPECT_THAT(twice.error().detail, HasSubstr("two models are called 'ear'"));
  EXPECT_FALSE(emit_models({}).ok());
}

}  // namespace
}  // namespace tadpole::codegen
