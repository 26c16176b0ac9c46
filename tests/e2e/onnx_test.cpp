// Networks exported by PyTorch, where it is installed, give PyTorch's outputs.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/e2e/tadpole_program.h"

namespace tadpole {
namespace {

std::vector<float> floats_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

class PytorchModels : public testing::TestWithParam<int> {};

TEST_P(PytorchModels, give_pytorchs_outputs) {
  // Debian's python3-torch belongs to Debian's python.
  constexpr const char* kPython = "/usr/bin/python3";
  if (std::system((std::string(kPython) + " -c 'import torch' >/dev/null 2>&1").c_str()) != 0)
    GTEST_SKIP() << "needs python3-torch";
  const Folder folder;
  const std::string script = TADPOLE_SOURCE_DIR "/tests/e2e/torch_models.py";
  const Printed made = folder.run({kPython, script, folder.path(), std::to_string(GetParam())});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  std::istringstream names(made.out);
  int count = 0;
  for (std::string name; std::getline(names, name); ++count) {
    const std::string base = folder.path(name);
    const Printed ran =
        folder.tadpole({"run", base + ".onnx", "--input", base + ".in", "--output", base + ".made"});
    ASSERT_EQ(ran.exit_code, 0) << name << ": " << ran.err;
    const std::vector<float> expected = floats_of(base + ".out"), answer = floats_of(base + ".made");
    ASSERT_EQ(answer.size(), expected.size()) << name;
    for (size_t i = 0; i < answer.size(); ++i) {
      // Sums are taken in another order, and exp and tanh are our own: both are below this for values
      // around 1.
      ASSERT_NEAR(answer[i], expected[i], 1e-4) << name << " at " << i;
    }
  }
  EXPECT_GT(count, 20);
}

INSTANTIATE_TEST_SUITE_P(Opset, PytorchModels, testing::Values(11, 13, 15),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace tadpole
