// Every feature block, compiled for the virtual board, gives the host's bits; and what a row of sound costs
// there.
#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <numbers>

#include "base/rng.h"
#include "block_source.h"
#include "features/feature_block.h"
#include "fixture.h"

namespace tadpole::board {
namespace {

using features::FeatureBlock;
using features::FeatureConfig;
using features::SignalKind;

constexpr size_t kSampleBytes = 32000, kOutputBytes = 8000, kScratchBytes = 8192;

struct Case {
  std::string name;
  FeatureConfig config;
  samples::Signal signal;
  FeatureBlock block() const { return *FeatureBlock::create(config); }
};

samples::Audio sound() {
  Rng rng(11);
  samples::Audio audio{16000, {}};
  for (int n = 0; n < 16000; ++n) {
    const double loudness = 30 + 6000.0 * (n / 4000) / 4;
    audio.pcm.push_back(static_cast<int16_t>(loudness * rng.normal() +
                                             3000 * std::sin(2 * std::numbers::pi * 440 * n / 16000)));
  }
  return audio;
}

samples::Series motion() {
  Rng rng(12);
  samples::Series series{100, {"x", "y", "z"}, {}};
  for (int i = 0; i < 128 * 3; ++i) series.values.push_back(static_cast<float>(rng.normal() + (i % 3) * 4.9));
  return series;
}

samples::Image photograph() {
  Rng rng(13);
  samples::Image image{60, 50, 3, {}};
  for (int i = 0; i < 60 * 50 * 3; ++i) image.pixels.push_back(static_cast<uint8_t>(rng.below(256)));
  return image;
}

samples::Stroke drawing() {
  Rng rng(14);
  samples::Stroke stroke;
  float x = 0, y = 0;
  for (int i = 0; i < 120; ++i) {
    x += rng.uniform(-0.1f, 0.1f);
    y += rng.uniform(-0.1f, 0.1f);
    stroke.points.push_back({x, y});
  }
  return stroke;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> list;
    for (const char* name : {"mfcc", "log_mel", "mfe", "micro_frontend", "wavelet"}) {
      list.push_back({name, features::default_config(name), sound()});
    }
    FeatureConfig lines = features::default_config("spectrogram");
    lines.high_hz = 1500;
    list.push_back({"spectrogram", lines, sound()});
    for (const char* format : {"", "rgb565_swapped", "yuyv", "bayer_grbg"}) {
      FeatureConfig image = features::default_config("image");
      image.width = image.height = 20;
      image.colour = *format == 'y' ? "grey" : "rgb";
      image.resize = *format == 'b' ? "bilinear" : "area";
      image.sensor_format = format;
      if (*format != 0) image.sensor_width = 44, image.sensor_height = 36;
      list.push_back({"image " + image.sensor_format, image, photograph()});
    }
    list.push_back({"stroke", features::default_config("stroke"), drawing()});
    for (const char* name : {"raw", "statistics", "spectral"}) {
      for (const char* filter : {"none", "gravity", "low_pass"}) {
        FeatureConfig series = features::default_config(name);
        series.axes = {"x", "y", "z"};
        series.rate_hz = 100;
        series.steps = 128;
        series.filter = filter;
        series.cutoff_hz = 8;
        series.normalise = *filter == 'g' ? "window" : "none";
        list.push_back({std::string(name) + " " + filter, series, motion()});
      }
    }
    return list;
  }();
  return all;
}

/// A model whose input is the number of a case, how many samples there are, and the samples.
void write_model(const std::string& library) {
  std::ofstream(library + "/application.h") << "#define TADPOLE_HAS_SPEECH 0\n#define TADPOLE_HAS_SIGNAL 0\n";
  std::ofstream(library + "/model.h")
      << "#pragma once\n#include <stdint.h>\nnamespace model {\nenum { kInputBytes = 8 + " << kSampleBytes
      << ", kOutputBytes = " << kOutputBytes
      << ", kArenaBytes = kInputBytes + kOutputBytes, kLayerCount = 1 };\n"
         "uint8_t* input();\nconst uint8_t* output();\nvoid invoke();\n"
         "void write_input(uint32_t offset, const uint8_t* bytes, uint32_t count);\n"
         "void read_output(uint32_t offset, uint8_t* bytes, uint32_t count);\nvoid reset();\n"
         "const uint8_t* arena();\nextern const char kName[];\nextern const char kHash[];\n}\n";
  std::ofstream out(library + "/model.cc");
  out << "#include \"model.h\"\n#include <string.h>\n";
  std::ostringstream blocks, calls;
  for (size_t i = 0; i < cases().size(); ++i) {
    const FeatureBlock block = cases()[i].block();
    const features::DeviceConstants constants = block.device_constants();
    copy_block_sources(constants, library);
    out << "#include \"" << constants.header << "\"\n";
    const std::string name = "block_" + std::to_string(i);
    blocks << block_source(constants, name);
    calls << "    case " << i << ":\n      ";
    if (block.kind() == SignalKind::audio) {
      blocks << "constexpr tadpole::dsp::SpeechFeatures sound_" << i << " = tadpole::dsp::" << constants.view
             << "(" << name << ");\n";
      calls << "tadpole::dsp::extract_clip(sound_" << i
            << ", static_cast<const int16_t*>(static_cast<const void*>(samples)), scratch, out);\n";
    } else {
      calls << "tadpole::dsp::extract(" << name << ", samples, count, scratch, out);\n";
    }
    calls << "      break;\n";
  }
  out << "namespace model {\nnamespace {\n"
      << blocks.str() << "alignas(8) uint8_t arena_[kArenaBytes];\nalignas(8) uint8_t scratch["
      << kScratchBytes
      << "];\nvoid run(uint32_t which, const uint8_t* samples, uint32_t count, int16_t* out) {\n  switch "
         "(which) {\n"
      << calls.str()
      << "    default:\n      break;\n  }\n}\n}\nconst char kName[] = \"blocks\";\nconst char kHash[] = "
         "\"0123456789abcdef\";\nuint8_t* input() { return arena_; }\nconst uint8_t* output() { return "
         "arena_ + "
         "kInputBytes; }\nconst uint8_t* arena() { return arena_; }\n"
         "void write_input(uint32_t offset, const uint8_t* bytes, uint32_t count) { memcpy(arena_ + offset, "
         "bytes, "
         "count); }\nvoid read_output(uint32_t offset, uint8_t* bytes, uint32_t count) { memcpy(bytes, "
         "arena_ + "
         "kInputBytes + offset, count); }\nvoid reset() {}\n}\n"
         "extern \"C\" __attribute__((noinline)) void tadpole_layer_000() {\n  using namespace model;\n  "
         "uint32_t "
         "head[2];\n  memcpy(head, arena_, sizeof(head));\n  memset(arena_ + kInputBytes, 0, "
         "kOutputBytes);\n  "
         "run(head[0], arena_ + 8, head[1], static_cast<int16_t*>(static_cast<void*>(arena_ + "
         "kInputBytes)));\n}\n"
         "void model::invoke() {\n  tadpole_layer_000();\n  __asm__ volatile(\"\" ::: \"memory\");\n}\n";
}

struct Blocks {
  Blocks() : library(scratch / "library") {
    std::filesystem::create_directories(library);
    write_model(library);
    firmware.emplace(build_firmware(*find_board("virtual-nano33ble"), library, scratch / "work"));
    if (*firmware) board.emplace(VirtualBoard::boot(*find_board("virtual-nano33ble"), (*firmware)->elf_path));
  }
  Scratch scratch;
  std::string library;
  std::optional<Result<Firmware>> firmware;
  std::optional<Result<std::unique_ptr<VirtualBoard>>> board;
};

std::string test_name(const testing::TestParamInfo<size_t>& info) {
  std::string name = cases()[info.param].name;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

class BlockOnBoard : public testing::TestWithParam<size_t> {
 protected:
  static void SetUpTestSuite() { blocks_ = std::make_unique<Blocks>(); }
  static void TearDownTestSuite() { blocks_.reset(); }
  static std::unique_ptr<Blocks> blocks_;
};

std::unique_ptr<Blocks> BlockOnBoard::blocks_;

TEST_P(BlockOnBoard, gives_the_bits_of_the_host) {
  ASSERT_TRUE(*blocks_->firmware) << blocks_->firmware->error().message();
  ASSERT_TRUE(*blocks_->board) << blocks_->board->error().message();
  const Case& one = cases()[GetParam()];
  const FeatureBlock block = one.block();
  const std::vector<uint8_t> sensor = block.sensor_bytes(one.signal);
  const uint32_t sample_bytes = block.kind() == SignalKind::audio ? 2 : block.device_constants().sample_bytes;
  ASSERT_LE(sensor.size(), kSampleBytes);
  std::vector<uint8_t> input(8 + kSampleBytes, 0);
  const uint32_t head[2] = {static_cast<uint32_t>(GetParam()),
                            static_cast<uint32_t>(sensor.size()) / sample_bytes};
  std::memcpy(input.data(), head, sizeof(head));
  std::memcpy(input.data() + sizeof(head), sensor.data(), sensor.size());
  VirtualBoard& board = *(*blocks_->board).value();
  const auto output = board.infer(input);
  ASSERT_TRUE(output) << output.error().message();
  const std::vector<int16_t> expected = block.extract(one.signal);
  ASSERT_LE(2 * expected.size(), output->size());
  std::vector<int16_t> found(expected.size());
  std::memcpy(found.data(), output->data(), 2 * found.size());
  EXPECT_EQ(found, expected);
  RecordProperty("instructions", std::to_string(board.instructions().inference));
  if (block.kind() == SignalKind::audio) {
    const int64_t row = board.instructions().inference / block.frames();
    RecordProperty("instructions_a_row", std::to_string(row));
    EXPECT_LE(row, 120'000);  // the bar for one 20 ms hop
  }
}

INSTANTIATE_TEST_SUITE_P(All, BlockOnBoard, testing::Range(size_t{0}, cases().size()), test_name);

}  // namespace
}  // namespace tadpole::board
