// examples/wake_then_see: two public networks in one arena of one firmware; sound until the word is heard,
// then pictures. Whatever the board does, this computer does step by step with the same device code.
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "board/estimate.h"
#include "board/toolchain.h"
#include "board/virtual_board.h"
#include "convert/tflite.h"
#include "data/audio_file.h"
#include "device/app/cascade.h"
#include "device/app/frame.h"
#include "device/app/speech_input.h"
#include "features/feature_block.h"
#include "plan/plan.h"
#include "project/config.h"
#include "project/listening.h"
#include "project/prepare.h"
#include "tests/examples/baseline.h"

namespace tadpole {
namespace {

using Scores = std::vector<uint8_t>;

const std::string kReference = std::string(TADPOLE_SOURCE_DIR) + "/../shared/reference/";
constexpr const char* kBoard = "virtual-nano33ble";

const std::vector<std::string> kHearLabels = {"silence", "unknown", "yes", "no"};
const std::vector<std::string> kSeeLabels = {"no_person", "person"};

/// As in the example's main.cc.
constexpr app::CascadeConfig kCascade = {{153, 102, 1, 2}, 2000, 30000, 1000};
constexpr uint32_t kPictureMs = 500;

std::vector<int16_t> recording(const std::string& name) {
  return data::read_audio(kReference + "inputs/" + name + "_1000ms.wav", 16000)->audio.pcm;
}

/// A grey picture of the reference models, as the three channels that they take.
samples::Image picture(const std::string& name) {
  const auto bytes = data::read_file(kReference + "inputs/" + name + "_96x96.int8.bin");
  samples::Image image{96, 96, 3, {}};
  for (const uint8_t byte : *bytes)
    image.pixels.insert(image.pixels.end(), 3, static_cast<uint8_t>(byte ^ 0x80));
  return image;
}

/// One of the two models on this computer.
struct Half {
  Half(const std::string& toml, const std::string& model)
      : config(*project::parse_config(toml, "tadpole.toml")),
        block(*features::FeatureBlock::create(config.features)),
        graph(*project::read_model(model)),
        plan(*plan::lower(graph, {})),
        runner(plan) {
    const auto& input = graph.tensors[static_cast<size_t>(graph.inputs[0])].quantisation;
    quantiser = features::make_feature_quantiser(block.scale(), input->scales[0], input->zero_points[0]);
  }
  Scores run(const std::vector<uint8_t>& input) {
    Scores output(static_cast<size_t>(plan.output_bytes()));
    runner.run(input, output);
    return output;
  }

  project::ProjectConfig config;
  features::FeatureBlock block;
  dsp::FeatureQuantiser quantiser{};
  ir::Graph graph;
  plan::Plan plan;
  plan::Runner runner;
};

/// What main.cc does, with the host's kernels.
class HostCascade {
 public:
  HostCascade(const std::string& hear_toml, const std::string& see_toml)
      : hear(hear_toml, kReference + "micro_speech_int8.tflite"),
        see(see_toml, kReference + "vww_96_int8.tflite"),
        spotter(project::spotter_of(hear.config, kHearLabels)),
        stream_memory(dsp::stream_bytes(hear.block.device()) / 2 + 1),
        scratch(dsp::scratch_bytes(hear.block.device()) / 4 + 1),
        history(app::kSpotterResults * kHearLabels.size()) {
    const app::SpeechParts parts = {&hear.block.device(), &hear.quantiser, stream_memory.data(),
                                    scratch.data(),       &spotter,        history.data()};
    EXPECT_TRUE(ear.init(parts, static_cast<uint32_t>(hear.plan.input_bytes()),
                         static_cast<uint32_t>(hear.plan.output_bytes())));
    cascade.init(&kCascade, 0);
  }

  /// RESULT payloads until the cascade wakes or the sound ends.
  std::vector<std::vector<uint8_t>> listen(std::span<const int16_t> pcm, bool fresh) {
    if (fresh) {
      since = now;
      ear.reset(app::kStream);
    }
    std::vector<uint8_t> bytes(2 * pcm.size());
    for (size_t i = 0; i < pcm.size(); ++i) app::put_u16(bytes.data() + 2 * i, static_cast<uint16_t>(pcm[i]));
    std::vector<std::vector<uint8_t>> results;
    for (uint32_t at = 0; at < pcm.size();) {
      bool due = false;
      at += ear.push(bytes.data() + 2 * at, static_cast<uint32_t>(pcm.size()) - at, &due);
      if (!due) continue;
      std::vector<uint8_t> input(static_cast<size_t>(hear.plan.input_bytes()));
      ear.fill(reinterpret_cast<int8_t*>(input.data()));
      const Scores output = hear.run(input);
      std::vector<uint8_t> payload(6 + 2 * kHearLabels.size());
      ear.result(reinterpret_cast<const int8_t*>(output.data()), payload.data());
      now = since + app::get_u32(payload.data());
      cascade.hear(now, payload[4] == 2);
      results.push_back(payload);
    }
    return results;
  }

  /// Scores, whether a person is seen, and whether the cascade is awake.
  Scores look(const samples::Image& image) {
    Scores answer = see.run(project::model_input(see.graph, see.block, see.block.extract(image)));
    now += kPictureMs;
    answer.push_back(cascade.look(now, static_cast<int8_t>(answer[1]) + 128));
    answer.push_back(cascade.awake());
    if (!cascade.awake()) {
      since = now;
      ear.reset(app::kStream);
    }
    return answer;
  }

  Half hear, see;
  app::Cascade cascade;
  uint32_t now = 0, since = 0;

 private:
  app::SpotterConfig spotter;
  app::SpeechInput ear;
  std::vector<uint16_t> stream_memory;
  std::vector<uint32_t> scratch;
  std::vector<uint8_t> history;
};

/// A result as it was on the line.
std::vector<uint8_t> payload_of(const board::StreamResult& result) {
  std::vector<uint8_t> payload(6);
  app::put_u32(payload.data(), static_cast<uint32_t>(result.time_ms));
  payload[4] = static_cast<uint8_t>(result.detection);
  payload[5] = static_cast<uint8_t>(result.averaged.size());
  payload.insert(payload.end(), result.averaged.begin(), result.averaged.end());
  payload.insert(payload.end(), result.scores.begin(), result.scores.end());
  return payload;
}

class WakeThenSee : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!std::filesystem::exists(kReference)) return;
    example_ = std::make_unique<Example>("wake_then_see");
    // The public networks take the features of the classic firmware, and three channels.
    example_->edit("example/hear/tadpole.toml", "block = \"mfcc\"\nhigh_hz = 7600",
                   "block = \"micro_frontend\"");
    example_->edit("example/see/tadpole.toml", "colour = \"grey\"", "colour = \"rgb\"\npixels = \"unit\"");
    quantised("hear", "micro_speech_int8", kHearLabels);
    quantised("see", "vww_96_int8", kSeeLabels);
    exported_ = example_->tadpole({"export", "hear=" + example_->path("example/hear"),
                                   "see=" + example_->path("example/see"), "--to", example_->path("build"),
                                   "--main", example_->path("example/main.cc"), "--board", kBoard, "--json"});
  }
  static void TearDownTestSuite() { example_.reset(); }

  void SetUp() override {
    if (!example_) GTEST_SKIP() << "needs ../shared/reference";
    ASSERT_EQ(exported_.exit_code, 0) << exported_.err;
  }

  /// A run as training and quantising leave it, with a public model in the place of an own one.
  static void quantised(const std::string& half, const std::string& model,
                        const std::vector<std::string>& labels) {
    const std::string run = "example/" + half + "/runs/0001/";
    example_->write(run + "config.toml", example_->read("example/" + half + "/tadpole.toml"));
    example_->write(run + "report.json", nlohmann::json({{"data", {{"classes", labels}}}}).dump());
    std::filesystem::copy_file(kReference + model + ".tflite", example_->path(run + "model.tflite"));
  }

  static std::unique_ptr<board::VirtualBoard> boot() {
    auto booted = board::VirtualBoard::boot(*board::find_board(kBoard), example_->path("build/firmware.elf"));
    EXPECT_TRUE(booted.ok()) << booted.error().message();
    return booted.ok() ? std::move(*booted) : nullptr;
  }
  static HostCascade host() {
    return HostCascade(example_->read("example/hear/tadpole.toml"),
                       example_->read("example/see/tadpole.toml"));
  }

  static std::unique_ptr<Example> example_;
  static Printed exported_;
};

std::unique_ptr<Example> WakeThenSee::example_;
Printed WakeThenSee::exported_;

/// Sound to both, in pieces of 20 ms, until it wakes them; returns whether it has.
bool hear(board::VirtualBoard& machine, HostCascade& host, const std::vector<int16_t>& pcm,
          bool fresh = false) {
  constexpr size_t kPiece = 320;
  for (size_t at = 0; at < pcm.size() && !host.cascade.awake(); at += kPiece) {
    const std::span piece = std::span(pcm).subspan(at, std::min(kPiece, pcm.size() - at));
    const auto there = machine.stream(piece, fresh && at == 0);
    EXPECT_TRUE(there.ok()) << there.error().message();
    if (!there.ok()) return false;
    const auto here = host.listen(piece, fresh && at == 0);
    EXPECT_EQ(there->size(), here.size());
    for (size_t i = 0; i < std::min(there->size(), here.size()); ++i)
      EXPECT_EQ(payload_of((*there)[i]), here[i]) << "in the piece at " << at;
  }
  const auto hello = machine.greet();
  EXPECT_EQ(hello->sense, host.cascade.awake() ? app::kImage : app::kSound);
  return hello->sense == app::kImage;
}

/// A picture to both; returns what they answer alike.
Scores look(board::VirtualBoard& machine, HostCascade& host, const std::string& name) {
  const samples::Image image = picture(name);
  const auto there = machine.answer(host.see.block.sensor_bytes(image));
  EXPECT_TRUE(there.ok()) << there.error().message();
  const Scores here = host.look(image);
  EXPECT_EQ(*there, here) << name;
  EXPECT_EQ(machine.greet()->sense, host.cascade.awake() ? app::kImage : app::kSound);
  return here;
}

TEST_F(WakeThenSee, hears_its_word_looks_and_falls_asleep_as_this_computer_does) {
  const auto machine = boot();
  ASSERT_NE(machine, nullptr);
  HostCascade host = WakeThenSee::host();
  EXPECT_EQ(machine->hello().sense, app::kSound);
  EXPECT_FALSE(hear(*machine, host, recording("noise"), true));
  EXPECT_FALSE(hear(*machine, host, recording("no"))) << "another word";
  bool woken = false;
  for (int i = 0; i < 2 && !woken; ++i) woken = hear(*machine, host, recording("yes"));
  ASSERT_TRUE(woken);

  const Scores seen = look(*machine, host, "person");
  EXPECT_EQ(seen, (Scores{0x100 - 95, 95, 1, 1})) << "the golden bytes, a person, awake";
  EXPECT_EQ(look(*machine, host, "no_person"), (Scores{98, 0x100 - 98, 1, 1})) << "one such picture is none";
  EXPECT_EQ(look(*machine, host, "no_person"), (Scores{98, 0x100 - 98, 0, 1}));
  int pictures = 3;
  while (host.cascade.awake() && pictures < 20) {
    look(*machine, host, "no_person");
    ++pictures;
  }
  EXPECT_EQ(pictures, 6) << "2 s after the last picture in which it was sure";
  EXPECT_FALSE(hear(*machine, host, recording("silence")));
  EXPECT_EQ(host.cascade.awake_ms(), 6 * kPictureMs);
  EXPECT_GT(host.cascade.asleep_ms(), 3000u);
}

TEST_F(WakeThenSee, needs_the_arena_of_the_larger_model_only) {
  const nlohmann::json json = exported_.json();
  const HostCascade both = host();
  const int64_t ear = json["models"][0]["arena_bytes"], eye = json["models"][1]["arena_bytes"];
  EXPECT_EQ(json["arena_bytes"], std::max(ear, eye));
  EXPECT_EQ(json["arena_sum_bytes"], ear + eye);
  EXPECT_LE(json["ram_bytes"], json["ram_limit"]);
  expect_recorded_memory("wake_then_see", json);
  const auto machine = boot();
  ASSERT_NE(machine, nullptr);
  EXPECT_EQ(machine->hello().arena_bytes, json["arena_bytes"]);
  const auto firmware = board::read_firmware(example_->path("build/firmware.elf"));
  ASSERT_TRUE(firmware.ok());
  int64_t arenas = 0;
  for (const board::Symbol& symbol : firmware->symbols)
    if (symbol.name.find("arena_memory") != std::string::npos && symbol.kind == board::SymbolKind::object)
      arenas += symbol.size;
  EXPECT_EQ(arenas, json["arena_bytes"]) << "nothing else in the firmware is an arena";
}

TEST_F(WakeThenSee, costs_less_than_half_asleep_by_the_counted_instructions) {
  const auto machine = boot();
  ASSERT_NE(machine, nullptr);
  const board::Board board = *board::find_board(kBoard);
  HostCascade host = WakeThenSee::host();
  bool woken = hear(*machine, host, recording("yes"), true);
  for (int i = 0; i < 2 && !woken; ++i) woken = hear(*machine, host, recording("yes"));
  ASSERT_TRUE(woken);
  const board::InstructionCounts ear = machine->instructions();
  look(*machine, host, "person");
  const board::InstructionCounts eye = machine->instructions();
  const double stride_ms = host.hear.config.deploy.inference_stride_ms;
  const double frames = 1000.0 / host.hear.config.features.stride_ms, inferences = 1000 / stride_ms;
  const auto microjoules = [&](const board::Counts& counts) {
    return board::estimate(board, counts).microjoules_estimated;
  };
  const double asleep =
      frames * microjoules(ear.largest_feature_frame_counts) + inferences * microjoules(ear.inference_counts);
  const double awake =
      1000.0 / kPictureMs * (microjoules(eye.inference_counts) + microjoules(eye.feature_frame_counts));
  std::printf(
      "instructions: a row of sound %lld, hearing %lld, looking %lld; microjoules a second, estimated: "
      "asleep %.0f, awake %.0f\n",
      static_cast<long long>(ear.largest_feature_frame), static_cast<long long>(ear.inference),
      static_cast<long long>(eye.inference), asleep, awake);
  // Exact for one compiler; another release of it may choose other instructions.
  EXPECT_NEAR(static_cast<double>(ear.largest_feature_frame), 62'151, 0.05 * 62'151);
  EXPECT_NEAR(static_cast<double>(ear.inference), 409'813, 0.05 * 409'813);
  EXPECT_NEAR(static_cast<double>(eye.inference), 5'462'939, 0.05 * 5'462'939);
  EXPECT_NEAR(awake / asleep, 2.32, 0.2) << "two pictures a second against ten windows of sound";
}

}  // namespace
}  // namespace tadpole
