// The public reference models through the program: this computer and the virtual board give the golden bytes.
#include <gtest/gtest.h>

#include "data/files.h"
#include "tests/e2e/tadpole_program.h"

namespace tadpole {
namespace {

const std::string kReference = TADPOLE_SOURCE_DIR "/../shared/reference";

/// The input of a golden case; see the README beside the models.
std::vector<uint8_t> input_of(const nlohmann::json& test, size_t size) {
  std::vector<uint8_t> input(size);
  const std::string kind = test["kind"];
  if (kind == "lcg") {
    uint32_t state = test["seed"];
    for (uint8_t& value : input) value = static_cast<uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
  } else if (kind == "const") {
    for (uint8_t& value : input) value = static_cast<uint8_t>(test["value"].get<int>());
  } else {
    const auto bytes = data::read_file(kReference + "/" + test["file"].get<std::string>());
    EXPECT_TRUE(bytes.ok());
    const size_t repeat = test.value("repeat", 1);
    for (size_t i = 0; i < size && bytes.ok(); ++i) input[i] = bytes->at(i / repeat);
  }
  return input;
}

void expect_golden(const std::string& golden_file, const std::string& model) {
  const auto text = data::read_text(kReference + "/" + golden_file);
  if (!text.ok()) GTEST_SKIP() << "needs ../shared/reference";
  const nlohmann::json golden = nlohmann::json::parse(*text);
  size_t size = 1;
  for (const int dimension : golden["input"]["shape"]) size *= static_cast<size_t>(dimension);
  const Folder folder;
  for (const nlohmann::json& test : golden["cases"]) {
    ASSERT_TRUE(data::write_file(folder.path("in.bin"), input_of(test, size)).ok());
    for (const char* board : {"", "virtual-nano33ble"}) {
      std::vector<std::string> command = {"run",    kReference + "/" + model, "--input", "in.bin", "--output",
                                          "out.bin"};
      if (*board != '\0') command.insert(command.end(), {"--board", board});
      const Printed result = folder.tadpole(command);
      ASSERT_EQ(result.exit_code, 0) << result.err;
      const auto output = data::read_file(folder.path("out.bin"));
      ASSERT_TRUE(output.ok());
      std::vector<int> values;
      for (const uint8_t byte : *output) values.push_back(static_cast<int8_t>(byte));
      EXPECT_EQ(values, test["output"].get<std::vector<int>>()) << test["name"] << " on " << board;
    }
  }
}

TEST(ReferenceModel, kws_gives_the_golden_bytes_here_and_on_the_board) {
  expect_golden("kws.golden.json", "kws_int8.tflite");
}

TEST(ReferenceModel, micro_speech_gives_the_golden_bytes_here_and_on_the_board) {
  expect_golden("micro_speech.golden.json", "micro_speech_int8.tflite");
}

}  // namespace
}  // namespace tadpole
