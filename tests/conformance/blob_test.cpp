// Networks as data: the runner gives the host plan's bytes, and takes nothing that was damaged.
#include "codegen/blob.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "base/hash.h"
#include "codegen/device_sources.h"
#include "device/runtime/runner.h"
#include "plan/plan.h"
#include "tests/conformance/generated_library.h"
#include "tests/conformance/random_graph.h"
#include "tests/conformance/reference_models.h"

namespace tadpole::conformance {
namespace {

std::vector<uint8_t> must_emit_blob(const plan::Plan& plan) {
  auto blob = codegen::emit_blob(plan, "some model", "0123456789abcdef");
  EXPECT_TRUE(blob.ok()) << blob.error().message();
  return std::move(blob).value();
}

std::vector<codegen::File> must_emit_library(const plan::Plan& plan) {
  codegen::LibraryOptions options{"some model", "0123456789abcdef", {}, false};
  options.form = codegen::Form::blob;
  auto files = codegen::emit_library(plan, options);
  EXPECT_TRUE(files.ok()) << files.error().message();
  return std::move(files).value();
}

class BlobOfReferenceModel : public testing::TestWithParam<std::string> {};

TEST_P(BlobOfReferenceModel, gives_the_golden_bytes) {
  const auto model = load_reference(GetParam());
  if (!model) GTEST_SKIP() << "needs ../shared/reference/" << GetParam() << ".golden.json";
  const plan::Plan plan = *plan::lower(model->graph, {"cortex_m_dsp", true});
  GeneratedLibrary library(GetParam() + "_blob", must_emit_library(plan));
  library.write("main.cc", kDriver);
  ASSERT_EQ(library.compile("g++", "main.cc"), "");
  std::vector<uint8_t> inputs, expected;
  for (const GoldenCase& golden : model->cases) {
    inputs.insert(inputs.end(), golden.input.begin(), golden.input.end());
    expected.insert(expected.end(), golden.output.begin(), golden.output.end());
  }
  EXPECT_EQ(library.run(inputs), expected);
}

INSTANTIATE_TEST_SUITE_P(All, BlobOfReferenceModel,
                         testing::Values("kws", "vww", "ic", "ad", "hello", "micro_speech"),
                         [](const auto& info) { return info.param; });

TEST(Blob, gives_the_bytes_of_the_host_plan_on_random_graphs) {
  Rng rng(23);
  const char* const kernels[] = {"ref", "generic", "cortex_m_dsp", "cortex_m0", "rv32", "cortex_m_helium"};
  for (int i = 0; i < 6; ++i) {
    const ir::Graph graph = RandomGraph(rng.fork(std::to_string(i)), i % 4 != 3).make(6);
    const plan::Plan plan = *plan::lower(graph, {kernels[i], true});
    GeneratedLibrary library("blob_" + std::to_string(i), must_emit_library(plan));
    library.write("main.cc", kDriver);
    ASSERT_EQ(library.compile("g++", "main.cc"), "") << "graph " << i;
    plan::Runner runner(plan);
    std::vector<uint8_t> inputs, expected, out(static_cast<size_t>(plan.output_bytes()));
    for (int j = 0; j < 4; ++j) {
      const auto in = random_input(graph, rng);
      inputs.insert(inputs.end(), in.begin(), in.end());
      runner.run(in, out);
      expected.insert(expected.end(), out.begin(), out.end());
    }
    EXPECT_EQ(library.run(inputs), expected) << "graph " << i;
  }
}

TEST(Blob, kernels_have_different_numbers) {
  std::map<uint32_t, std::string> seen;
  for (const codegen::DeviceSource& source : codegen::device_sources()) {
    if (!source.path.starts_with("device/kernels/") || !source.path.ends_with(".h")) continue;
    for (const std::string& function : codegen::kernels_in(source.text)) {
      const auto [found, added] = seen.try_emplace(runtime::kernel_id(function.c_str()), function);
      EXPECT_TRUE(added || found->second == function) << function << " and " << found->second;
    }
  }
  EXPECT_GT(seen.size(), 20u);
  EXPECT_EQ(codegen::kernels_in("\nvoid one(const OneParams& p, int8_t* out);\nvoid other(int a);\n"
                                "void two(\n    const TwoParams& params, const int8_t* in);\n"),
            (std::set<std::string>{"one", "two"}));
}

/// A plan of kernels that this test links, and everything to open its blob.
class OpenBlob : public testing::Test {
 protected:
  OpenBlob() : plan_(*plan::lower(RandomGraph(Rng(5), true).make(1), {"ref", true})) {
    const std::vector<uint8_t> bytes = must_emit_blob(plan_);
    blob_bytes_ = bytes.size();
    blob_.resize(bytes.size() / sizeof(Chunk) + 1);
    std::memcpy(blob(), bytes.data(), bytes.size());
    arena_.resize(static_cast<size_t>(plan_.arena_bytes()) / sizeof(Chunk) + 1);
    for (const plan::Step& step : plan_.steps()) {
      // Every parameter is taken as it comes: these tests are about what the runner checks before a kernel.
      kernels_.push_back({runtime::kernel_id(std::string(step.call->name().function).c_str()),
                          static_cast<uint32_t>(step.operands.size()),
                          [](runtime::ParamsReader&, uint8_t* const*) { return true; }});
    }
  }

  uint8_t* blob() { return reinterpret_cast<uint8_t*>(blob_.data()); }
  runtime::BlobHeader& header() { return *reinterpret_cast<runtime::BlobHeader*>(blob()); }
  void seal() {
    constexpr size_t kCovered = offsetof(runtime::BlobHeader, crc32) + 4;
    header().crc32 = base::crc32({blob() + kCovered, header().total_bytes - kCovered});
  }
  runtime::Status open() { return open_with(blob_bytes_, "ref", static_cast<size_t>(plan_.arena_bytes())); }
  runtime::Status open_with(size_t bytes, const char* target, size_t arena_bytes) {
    return runner_.open(blob(), bytes, target, kernels_.data(), kernels_.size(),
                        reinterpret_cast<uint8_t*>(arena_.data()), arena_bytes);
  }

  struct alignas(16) Chunk {
    uint8_t bytes[16];
  };
  plan::Plan plan_;
  size_t blob_bytes_ = 0;
  std::vector<Chunk> blob_, arena_;
  std::vector<runtime::KernelEntry> kernels_;
  runtime::Runner runner_;
};

TEST_F(OpenBlob, tells_name_hash_and_sizes) {
  ASSERT_EQ(open(), runtime::kOk);
  EXPECT_STREQ(runner_.name(), "some model");
  EXPECT_EQ(std::string(runner_.header().hash, 16), "0123456789abcdef");
  EXPECT_EQ(runner_.input_bytes(0), plan_.input_bytes());
  EXPECT_EQ(runner_.output_bytes(0), plan_.output_bytes());
}

TEST_F(OpenBlob, is_refused_by_name) {
  EXPECT_EQ(open_with(10, "ref", 1 << 20), runtime::kNotABlob);
  EXPECT_EQ(open_with(blob_bytes_ - 16, "ref", 1 << 20), runtime::kDamaged);
  EXPECT_EQ(open_with(blob_bytes_, "cortex_m_dsp", 1 << 20), runtime::kOtherTarget);
  EXPECT_EQ(open_with(blob_bytes_, "ref", static_cast<size_t>(plan_.arena_bytes()) - 1),
            runtime::kArenaTooSmall);
  EXPECT_EQ(runner_.open(blob() + 4, blob_bytes_, "ref", nullptr, 0, nullptr, 0), runtime::kBadAddress);
  const std::vector<runtime::KernelEntry> all = std::exchange(kernels_, {});
  EXPECT_EQ(open(), runtime::kUnknownKernel);
  kernels_ = all;
  header().version = runtime::kBlobVersion + 1;
  EXPECT_EQ(open(), runtime::kOtherVersion);
  header().version = runtime::kBlobVersion;
  header().magic = 0;
  EXPECT_EQ(open(), runtime::kNotABlob);
}

TEST_F(OpenBlob, notices_every_flipped_bit) {
  for (size_t byte = 0; byte < blob_bytes_; ++byte) {
    blob()[byte] ^= 1;
    EXPECT_NE(open(), runtime::kOk) << "byte " << byte;
    blob()[byte] ^= 1;
  }
  EXPECT_EQ(open(), runtime::kOk);
}

TEST_F(OpenBlob, stays_inside_when_every_word_is_wild_and_the_checksum_right) {
  for (size_t at = 16; at + 4 <= blob_bytes_; at += 4) {
    uint32_t kept = 0;
    std::memcpy(&kept, blob() + at, 4);
    for (const uint32_t wild : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu, kept + 4, kept - 4}) {
      std::memcpy(blob() + at, &wild, 4);
      seal();
      (void)open();  // under the address sanitizer this is the test
    }
    std::memcpy(blob() + at, &kept, 4);
  }
  seal();
  EXPECT_EQ(open(), runtime::kOk);
}

}  // namespace
}  // namespace tadpole::conformance
