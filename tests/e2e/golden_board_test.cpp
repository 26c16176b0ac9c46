// The public reference models through the program: this computer and the virtual board give the golden bytes.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "codegen/blob.h"
#include "data/files.h"
#include "plan/plan.h"
#include "tests/conformance/random_graph.h"
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

std::vector<int> numbers_in(const std::string& path) {
  const auto bytes = data::read_file(path);
  EXPECT_TRUE(bytes.ok());
  std::vector<int> values;
  for (size_t i = 0; bytes.ok() && i < bytes->size(); ++i)
    values.push_back(static_cast<int8_t>(bytes->at(i)));
  return values;
}

/// A layer of one of seven kinds; what is in assembly runs on the board alone.
ir::Graph random_layer(conformance::RandomGraph& r, int kind) {
  const ir::Activation activation = r.activation_kind();
  const int stride = r.range(1, 2);
  const auto channels = [&](int most) { return r.range(0, 1) ? 4 * r.range(1, most / 4) : r.range(1, most); };
  switch (kind) {
    case 0:
      return r.make_conv({1, r.range(5, 12), r.range(5, 12), r.range(1, 18)}, channels(18), r.range(1, 5),
                         r.range(1, 5), {r.padding(), stride, stride, 1, 1, activation});
    case 1:
      return r.make_conv({1, r.range(1, 9), r.range(1, 9), r.range(1, 70)}, channels(70), 1, 1,
                         {ir::Padding::same, 1, 1, 1, 1, activation});
    case 2:
      return r.make_depthwise({1, r.range(4, 12), r.range(4, 12), r.range(1, 70)}, 2, r.range(2, 4),
                              {r.padding(), stride, stride, 1, 1, 1, activation});
    case 3:
      return r.make_depthwise({1, r.range(4, 12), r.range(4, 12), 8 * r.range(1, 5)}, 3, 3,
                              {r.padding(), stride, stride, 1, 1, 1, activation});
    case 4:
      return r.make_dense(r.range(1, 4), r.range(1, 200), r.range(1, 40), activation);
    case 5:
      return r.make_pool(r.range(0, 1) ? ir::Op::average_pool_2d : ir::Op::max_pool_2d,
                         {1, r.range(5, 12), r.range(5, 12), r.range(1, 70)},
                         {r.padding(), r.range(1, 5), r.range(1, 5), stride, stride, activation});
    default:
      return r.make_add({1, r.range(1, 6), r.range(1, 6), r.range(2, 70)}, activation);
  }
}

void expect_reference_bytes_of_random_layers(const Folder& folder, const std::string& runner,
                                             const std::string& board, const std::string& kernels) {
  Rng rng(31);
  for (int i = 0; i < 14; ++i) {
    conformance::RandomGraph random(rng.fork(std::to_string(i)), true);
    const ir::Graph graph = random_layer(random, i % 7);
    ASSERT_FALSE(graph.nodes.empty()) << "layer " << i;
    const auto in = conformance::random_input(graph, rng);
    const auto reference = plan::lower(graph, {"ref", false}), plan = plan::lower(graph, {kernels});
    ASSERT_TRUE(reference.ok() && plan.ok());
    std::vector<uint8_t> expected(static_cast<size_t>(reference->output_bytes()));
    plan::Runner(*reference).run(in, expected);
    const auto blob = codegen::emit_blob(*plan, "layer", "0123456789abcdef");
    ASSERT_TRUE(blob.ok() && data::write_file(folder.path("layer.blob"), *blob).ok() &&
                data::write_file(folder.path("in.bin"), in).ok());
    const Printed result = folder.tadpole({"run", "layer.blob", "--input", "in.bin", "--output", "out.bin",
                                           "--board", board, "--firmware", runner});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(*data::read_file(folder.path("out.bin")), expected)
        << "layer " << i << ": " << plan->steps()[0].call->name().function;
  }
}

class OnEveryBoard : public testing::TestWithParam<const char*> {};

TEST_P(OnEveryBoard, reference_models_give_the_golden_bytes_as_blobs_in_one_firmware) {
  const std::string board = GetParam();
  const Folder folder;
  for (const std::string name : {"kws", "vww", "ic", "ad", "hello", "micro_speech"}) {
    const auto text = data::read_text(kReference + "/" + name + ".golden.json");
    if (!text.ok()) GTEST_SKIP() << "needs ../shared/reference";
    const nlohmann::json golden = nlohmann::json::parse(*text);
    const std::string model = kReference + "/" + (name == "vww" ? "vww_96" : name) + "_int8.tflite";
    const Printed converted = folder.tadpole({"convert", model, "model.blob", "--board", board});
    ASSERT_EQ(converted.exit_code, 0) << converted.err;
    size_t size = 1;
    for (const int dimension : golden["input"]["shape"]) size *= static_cast<size_t>(dimension);
    // A model with a case for each of its 256 inputs runs them all on the host; here one of sixteen is
    // enough.
    const nlohmann::json& cases = golden["cases"];
    const size_t step = cases.size() > 32 ? 16 : 1;
    for (size_t i = 0; i < cases.size(); i += step) {
      const nlohmann::json& test = cases[i];
      ASSERT_TRUE(data::write_file(folder.path("in.bin"), input_of(test, size)).ok());
      const Printed result = folder.tadpole({"run", "model.blob", "--input", "in.bin", "--output", "out.bin",
                                             "--board", board, "--firmware", "runner.elf"});
      ASSERT_EQ(result.exit_code, 0) << result.err;
      EXPECT_EQ(numbers_in(folder.path("out.bin")), test["output"].get<std::vector<int>>())
          << name << " " << test["name"];
    }
  }
  const std::string kernels = board == "virtual-m55"         ? "cortex_m_helium"
                              : board == "virtual-nano33ble" ? "cortex_m_dsp"
                                                             : "";
  if (!kernels.empty()) expect_reference_bytes_of_random_layers(folder, "runner.elf", board, kernels);
}

INSTANTIATE_TEST_SUITE_P(All, OnEveryBoard,
                         testing::Values("virtual-nano33ble", "virtual-m0plus", "virtual-m55",
                                         "virtual-rv32"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(ReferenceModel, a_damaged_blob_is_refused_by_the_board) {
  const Folder folder;
  const std::string model = kReference + "/hello_int8.tflite";
  if (!data::read_file(model).ok()) GTEST_SKIP() << "needs ../shared/reference";
  ASSERT_EQ(folder.tadpole({"convert", model, "model.blob", "--board", "virtual-nano33ble"}).exit_code, 0);
  auto blob = *data::read_file(folder.path("model.blob"));
  blob[blob.size() / 2] ^= 1;
  ASSERT_TRUE(data::write_file(folder.path("model.blob"), blob).ok());
  ASSERT_TRUE(data::write_file(folder.path("in.bin"), std::vector<uint8_t>(1)).ok());
  expect_error(folder.tadpole({"run", "model.blob", "--input", "in.bin", "--output", "out.bin", "--board",
                               "virtual-nano33ble"}),
               "E0504", {"the blob is damaged"});
}

TEST(ReferenceModel, kws_gives_the_golden_bytes_here_and_on_the_board) {
  expect_golden("kws.golden.json", "kws_int8.tflite");
}

TEST(ReferenceModel, micro_speech_gives_the_golden_bytes_here_and_on_the_board) {
  expect_golden("micro_speech.golden.json", "micro_speech_int8.tflite");
}

}  // namespace
}  // namespace tadpole
