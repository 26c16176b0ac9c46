// tadpole export: model files become one library; what cannot be is refused before anything is written.
#include "tests/e2e/tadpole_program.h"

namespace tadpole {
namespace {

const std::string kReference = std::string(TADPOLE_SOURCE_DIR) + "/../shared/reference/";

TEST(Export, makes_a_library_of_two_model_files_that_a_computer_compiles_and_runs) {
  if (!std::filesystem::exists(kReference)) GTEST_SKIP() << "needs ../shared/reference";
  const Folder folder;
  const Printed made = folder.tadpole({"export", "words=" + kReference + "micro_speech_int8.tflite",
                                       "sine=" + kReference + "hello_int8.tflite", "--to", "out", "--json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const nlohmann::json json = made.json();
  EXPECT_EQ(json["arena_bytes"],
            std::max(json["models"][0]["arena_bytes"], json["models"][1]["arena_bytes"]));
  // Golden outputs of inputs that are all zero points: each model in turn, twice, in the same memory.
  folder.write(
      "main.cc",
      "#include <stdio.h>\n#include <string.h>\n#include \"sine/model.h\"\n#include \"words/model.h\"\n"
      "int main() {\n  for (int i = 0; i < 2; ++i) {\n"
      "    memset(words::input(), words::kInputZeroPoint, words::kInputBytes);\n    words::invoke();\n"
      "    for (int o = 0; o < words::kOutputBytes; ++o) printf(\"%d \", "
      "static_cast<int8_t>(words::output()[o]));\n"
      "    memset(sine::input(), 127, sine::kInputBytes);\n    sine::invoke();\n"
      "    printf(\"%d\\n\", static_cast<int8_t>(sine::output()[0]));\n  }\n}\n");
  const Printed built = folder.run(
      {"/bin/sh", "-c", "g++ -std=c++14 -O1 -Iout/library main.cc $(find out/library -name '*.cc') -o both"});
  // The kernels are the board's: they run here through their portable twins.
  ASSERT_EQ(built.exit_code, 0) << built.err;
  const std::string said = folder.run({folder.path("both")}).out;
  const std::string first = said.substr(0, said.find('\n') + 1);
  EXPECT_EQ(first.substr(0, 16), "-64 -64 -64 -64 ");
  EXPECT_EQ(said, first + first);
}

TEST(Export, refuses_names_models_and_folders_that_cannot_be) {
  const Folder folder;
  folder.write("out/library/mine.txt", "mine");
  folder.write("broken.tflite", "no model");
  EXPECT_EQ(folder.tadpole({"export", "sine", "--to", "new"}).exit_code, 2);
  expect_error(folder.tadpole({"export", "a=missing.tflite", "--to", "new"}), "E0010", {"missing.tflite"});
  EXPECT_EQ(folder.tadpole({"export", "a=broken.tflite", "--to", "new"}).exit_code, 1);
  EXPECT_FALSE(folder.has("new"));
  const Printed taken = folder.tadpole({"export", "a=broken.tflite", "--to", "out"});
  EXPECT_NE(taken.err.find("no earlier export"), std::string::npos) << taken.err;
  EXPECT_EQ(folder.read("out/library/mine.txt"), "mine");
}

}  // namespace
}  // namespace tadpole
