// Generated libraries, compiled and run as programs, against the host's plans.
#include <gtest/gtest.h>

#include "features/feature_block.h"
#include "plan/plan.h"
#include "tests/conformance/generated_library.h"
#include "tests/conformance/random_graph.h"
#include "tests/conformance/reference_models.h"

namespace tadpole::conformance {
namespace {

std::vector<codegen::File> must_emit(const plan::Plan& plan, const codegen::LibraryOptions& options) {
  auto files = codegen::emit_library(plan, options);
  EXPECT_TRUE(files.ok()) << files.error().message();
  return std::move(files).value();
}

std::vector<uint8_t> host_outputs(const plan::Plan& plan, const std::vector<uint8_t>& inputs) {
  plan::Runner runner(plan);
  const auto size = static_cast<size_t>(plan.input_bytes());
  std::vector<uint8_t> outputs, out(static_cast<size_t>(plan.output_bytes()));
  for (size_t at = 0; at + size <= inputs.size(); at += size) {
    runner.run(std::span(inputs).subspan(at, size), out);
    outputs.insert(outputs.end(), out.begin(), out.end());
  }
  return outputs;
}

TEST(GeneratedLibrary, gives_the_bytes_of_the_host_plan_on_random_graphs) {
  Rng rng(11);
  const char* const kernels[] = {"ref", "generic", "cortex_m_dsp"};
  for (int i = 0; i < 6; ++i) {
    const ir::Graph graph = RandomGraph(rng.fork(std::to_string(i)), i % 4 != 3, i > 2).make(6);
    const plan::Plan plan = *plan::lower(graph, {kernels[i % 3], true});
    GeneratedLibrary library("random_" + std::to_string(i),
                             must_emit(plan, {"random", "0123456789abcdef", {}, false}));
    library.write("main.cc", kDriver);
    ASSERT_EQ(library.compile("g++", "main.cc"), "") << "graph " << i;
    std::vector<uint8_t> inputs;
    for (int j = 0; j < 4; ++j) {
      const auto in = random_input(graph, rng);
      inputs.insert(inputs.end(), in.begin(), in.end());
    }
    EXPECT_EQ(library.run(inputs), host_outputs(plan, inputs)) << "graph " << i;
  }
}

class GeneratedReferenceModel : public testing::TestWithParam<std::string> {};

TEST_P(GeneratedReferenceModel, gives_the_golden_bytes) {
  const auto model = load_reference(GetParam());
  if (!model) GTEST_SKIP() << "needs ../shared/reference/" << GetParam() << ".golden.json";
  for (const char* kernels : {"generic", "cortex_m_dsp"}) {
    const plan::Plan plan = *plan::lower(model->graph, {kernels, true});
    GeneratedLibrary library(GetParam() + "_" + kernels,
                             must_emit(plan, {GetParam(), "0123456789abcdef", {}, false}));
    library.write("main.cc", kDriver);
    ASSERT_EQ(library.compile("g++", "main.cc"), "");
    std::vector<uint8_t> inputs, expected;
    for (const GoldenCase& golden : model->cases) {
      inputs.insert(inputs.end(), golden.input.begin(), golden.input.end());
      expected.insert(expected.end(), golden.output.begin(), golden.output.end());
    }
    EXPECT_EQ(library.run(inputs), expected) << kernels;
  }
}

INSTANTIATE_TEST_SUITE_P(All, GeneratedReferenceModel,
                         testing::Values("kws", "vww", "ic", "ad", "hello", "micro_speech"),
                         [](const auto& info) { return info.param; });

TEST(GeneratedLibrary, compiles_with_the_compilers_of_boards_and_hosts) {
  for (const bool int8 : {true, false}) {
    const ir::Graph graph = RandomGraph(Rng(3), int8).make(8);
    const plan::Plan plan = *plan::lower(graph, {"cortex_m_dsp", true});
    GeneratedLibrary library(int8 ? "compilers_int8" : "compilers_float",
                             must_emit(plan, {"compilers", "0123456789abcdef", {}, true}));
    EXPECT_EQ(library.compile("g++", "examples/main.cc"), "");
    if (GeneratedLibrary::has("clang++")) {
      EXPECT_EQ(library.compile("clang++", "examples/main.cc"), "");
    }
    if (GeneratedLibrary::has("arm-none-eabi-g++")) {
      EXPECT_EQ(library.compile_objects("arm-none-eabi-g++ -mcpu=cortex-m4 -mthumb"), "");
      EXPECT_EQ(library.compile_objects("arm-none-eabi-g++ -mcpu=cortex-m0plus -mthumb"), "");
    }
  }
}

/// Reads 16-bit PCM, prints the model's int8 input made of it.
const char* const kSpeechDriver = R"(#include <stdio.h>
#include "application.h"
alignas(8) static uint8_t stream_memory[model::kFeatureStreamBytes];
alignas(8) static uint8_t scratch[model::kFeatureScratchBytes];
static int16_t rows[model::kInputBytes];
int main() {
  tadpole::dsp::SpeechStream stream;
  stream.init(&model::kFeatures, stream_memory, scratch);
  int16_t sample;
  while (fread(&sample, 2, 1, stdin) == 1) stream.push(&sample, 1);
  stream.latest(rows);
  for (int i = 0; i < model::kInputBytes; ++i) {
    const int8_t value = tadpole::dsp::quantise_feature(rows[i], model::kFeatureQuantiser);
    fwrite(&value, 1, 1, stdout);
  }
  for (int i = 0; i < model::kOutputBytes; ++i) fputs(model::kLabels[i], stdout);
  return model::kSpotter.labels == model::kOutputBytes ? 0 : 1;
}
)";

TEST(GeneratedLibrary, computes_the_features_of_the_host_from_its_own_tables) {
  const auto block = features::FeatureBlock::create({});
  ASSERT_TRUE(block.ok()) << block.error().message();
  const ir::Graph graph = RandomGraph(Rng(4), true).make_dense(1, block->size(), 4, ir::Activation::none);
  const plan::Plan plan = *plan::lower(graph, {"generic", true});
  codegen::SpeechApplication speech;
  speech.features = block->device();
  speech.constants = block->device_constants();
  speech.quantiser = features::make_feature_quantiser(block->scale(), 0.5847f, 83);
  speech.spotter = {4, 2, 1000, 3, 250, 1500, 200, 5};
  speech.labels = {"silence", "unknown", "ja \"\\ \?\?/", "nein\xc3\xa4"};
  GeneratedLibrary library("speech", must_emit(plan, {"speech", "0123456789abcdef", speech, true}));
  library.write("main.cc", kSpeechDriver);
  ASSERT_EQ(library.compile("g++", "main.cc"), "");

  Rng rng(5);
  std::vector<int16_t> pcm(static_cast<size_t>(block->clip_samples()));
  for (int16_t& sample : pcm) sample = static_cast<int16_t>(rng.below(65536));
  std::vector<int8_t> expected =
      features::quantise_features(block->extract(pcm), block->scale(), 0.5847f, 83);
  std::vector<uint8_t> bytes(expected.begin(), expected.end());
  for (const std::string& label : speech.labels) bytes.insert(bytes.end(), label.begin(), label.end());
  EXPECT_EQ(library.run(*ir::make_constant<int16_t>(pcm)), bytes);
}

}  // namespace
}  // namespace tadpole::conformance
