// The kernels for WebAssembly with vectors, under Node: wasm/ is built by em++ with the other test programs.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/conformance/reference_models.h"

namespace tadpole::conformance {
namespace {

#ifdef TADPOLE_WASM_COMPARE
const std::string kCompare = TADPOLE_WASM_COMPARE;
#else
const std::string kCompare;
#endif

class Wasm : public testing::Test {
 protected:
  void SetUp() override {
    if (kCompare.empty())
      GTEST_SKIP() << "needs em++, node and node-acorn: ./dev setup test. Sanitizer builds leave it out";
    ASSERT_TRUE(std::filesystem::exists(kCompare)) << kCompare << " was not built: ninja test_programs";
  }

  /// What `compare ARGUMENTS` said on both streams, with its exit code in front unless that is 0.
  static std::string compare(const std::string& arguments) {
    const std::string said = kCompare + ".said.txt";
    const int status =
        std::system(("node '" + kCompare + "' " + arguments + " > '" + said + "' 2>&1").c_str());
    const auto bytes = read_bytes(said);
    const std::string text(bytes.begin(), bytes.end());
    return status == 0 ? text : "exit " + std::to_string(status) + ": " + text;
  }
};

TEST_F(Wasm, random_layers_and_graphs_equal_the_reference) { EXPECT_EQ(compare("random"), "1000 equal\n"); }

TEST_F(Wasm, reference_models_give_the_golden_bytes) {
  for (const char* name : {"kws", "vww", "ic", "ad", "hello", "micro_speech"}) {
    const auto model = load_reference(name);
    if (!model) GTEST_SKIP() << "needs ../shared/reference";
    const std::string in = kCompare + ".in.bin", out = kCompare + ".out.bin";
    std::vector<uint8_t> expected;
    std::ofstream inputs(in, std::ios::binary);
    for (const GoldenCase& golden : model->cases) {
      inputs.write(reinterpret_cast<const char*>(golden.input.data()), std::ssize(golden.input));
      expected.insert(expected.end(), golden.output.begin(), golden.output.end());
    }
    inputs.close();
    std::filesystem::remove(out);
    EXPECT_EQ(compare("run '" + reference_file(name).string() + "' '" + in + "' '" + out + "'"), "") << name;
    EXPECT_EQ(read_bytes(out), expected) << name;
  }
}

}  // namespace
}  // namespace tadpole::conformance
