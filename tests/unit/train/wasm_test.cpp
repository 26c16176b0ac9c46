// The trainer built for WebAssembly with vectors, under Node: it learns the same as the machine's own build.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/conformance/wasm/train_losses.h"

namespace tadpole::train {
namespace {

#ifdef TADPOLE_WASM_TRAINING
const std::string kProgram = TADPOLE_WASM_TRAINING;
#else
const std::string kProgram;  // em++, Node or node-acorn is missing, or this is a sanitizer build
#endif

TEST(Wasm, training_under_node_has_the_losses_of_the_native_build) {
  if (kProgram.empty()) GTEST_SKIP() << "needs em++, node and node-acorn: ./dev setup test";
  constexpr int kUpdates = 30;
  const std::vector<double> native = training_losses(*supported_kernels().front(), kUpdates);
  ASSERT_EQ(native.size(), static_cast<size_t>(kUpdates));
  EXPECT_LT(native.back(), 0.7 * native.front()) << "it must learn for its losses to say something";
  const std::string said = kProgram + ".losses.txt";
  const std::string command = "node '" + kProgram + "' " + std::to_string(kUpdates) + " > '" + said + "'";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream lines(said);
  std::vector<double> wasm;
  for (double loss = 0; lines >> loss;) wasm.push_back(loss);
  ASSERT_EQ(wasm.size(), native.size());
  for (size_t i = 0; i < native.size(); ++i) {
    // Both round every product and sum to float in the same order; only exp and log of the loss come from two
    // libraries, a last bit apart, which each update of Adam may make some times larger.
    EXPECT_NEAR(wasm[i], native[i], 1e-4 * native[i]) << "update " << i;
  }
}

}  // namespace
}  // namespace tadpole::train
