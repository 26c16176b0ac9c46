#include "sample_report.h"

#include <cmath>

#include "base/rng.h"
#include "evaluate/classification.h"
#include "evaluate/stream.h"

namespace tadpole::evaluate {
namespace {

using nlohmann::json;

const std::vector<std::string> kNames = {"silence", "unknown", "yes", "no", "up", "down", "stop", "go"};

ClassificationResult invented(uint64_t seed, float error) {
  Rng rng(seed);
  std::vector<int> targets, answers;
  for (int i = 0; i < 190; ++i) {
    targets.push_back(i < 24 ? 0 : 1 + static_cast<int>(rng.below(7)));
    const bool wrong = targets.back() != 0 && rng.uniform() < error;
    answers.push_back(!wrong ? targets.back() : targets.back() == 7 ? 3 : 1 + static_cast<int>(rng.below(7)));
  }
  return evaluate_answers(answers, targets, kNames).value();
}

json epochs() {
  Rng rng(3);
  json out = json::array();
  for (int i = 1; i <= 60; ++i) {
    const double t = i / 60.0, wobble = 0.02 * (rng.uniform() - 0.5f);
    out.push_back({{"epoch", i},
                   {"update", i * 50},
                   {"learning_rate", 0.0005 * (1 + std::cos(3.14159 * t))},
                   {"train_loss", 0.12 + 1.9 * std::exp(-5 * t)},
                   {"train_accuracy", 0.97 - 0.8 * std::exp(-5 * t)},
                   {"validation_loss", 0.52 + 1.5 * std::exp(-6 * t) + 0.12 * t + 2 * wobble},
                   {"validation_accuracy", 0.86 - 0.68 * std::exp(-6 * t) + wobble}});
  }
  return out;
}

json picture(int clip) {
  json values = json::array();
  Rng rng(clip);
  for (int f = 0; f < 49; ++f) {
    for (int band = 0; band < 40; ++band) {
      const double voice = std::exp(-std::pow((f - 22 - clip) / 9.0, 2));
      const double formant = std::cos((band - clip * 2 - f * 0.12 * (clip % 3)) * 0.55);
      values.push_back(voice * (6 + 5 * formant - band * 0.1) + 1.2 * rng.uniform());
    }
  }
  const bool wrong = clip == 7;
  return {{"class", kNames[clip]},
          {"id", kNames[clip] + "/invented_" + std::to_string(clip) + ".wav"},
          {"frames", 49},
          {"values_per_frame", 40},
          {"values", values},
          {"answer", wrong ? "no" : kNames[clip]},
          {"score", wrong ? 0.41 : 0.99 - 0.03 * clip},
          {"kind", "log_mel"}};
}

struct Layer {
  const char* name;
  const char* op;
  std::vector<int> shape;
  int parameters, macs, instructions;
  double db;
};
const std::vector<Layer> kLayers = {
    {"conv_1", "conv_2d", {1, 25, 5, 64}, 2624, 320000, 402113, 38.2},
    {"block_1_depthwise", "depthwise_conv_2d", {1, 25, 5, 64}, 640, 72000, 131072, 33.9},
    {"block_1_pointwise", "conv_2d", {1, 25, 5, 64}, 4160, 512000, 471102, 31.4},
    {"block_2_depthwise", "depthwise_conv_2d", {1, 25, 5, 64}, 640, 72000, 131080, 29.7},
    {"block_2_pointwise", "conv_2d", {1, 25, 5, 64}, 4160, 512000, 471166, 28.8},
    {"block_3_depthwise", "depthwise_conv_2d", {1, 25, 5, 64}, 640, 72000, 131077, 27.5},
    {"block_3_pointwise", "conv_2d", {1, 25, 5, 64}, 4160, 512000, 471154, 26.9},
    {"pool", "average_pool_2d", {1, 1, 1, 64}, 0, 0, 21044, 30.5},
    {"dense", "fully_connected", {1, 8}, 520, 512, 1901, 25.1},
    {"softmax", "softmax", {1, 8}, 0, 0, 812, 9.4}};

json model() {
  json layers = json::array();
  for (const Layer& l : kLayers) {
    layers.push_back({{"name", l.name},
                      {"op", l.op},
                      {"output_shape", l.shape},
                      {"parameters", l.parameters},
                      {"macs", l.macs}});
  }
  return {{"architecture", "ds_cnn_s"}, {"parameters", 17544}, {"macs", 2072512}, {"layers", layers}};
}

json quantisation() {
  json layers = json::array();
  for (const Layer& l : kLayers) {
    layers.push_back({{"layer", l.name},
                      {"op", l.op},
                      {"signal_to_noise_db", l.db},
                      {"low", -l.db / 8},
                      {"high", l.db / 6}});
  }
  return {{"layers", layers}, {"tflite_bytes", 29184}, {"float_bytes", 70176}};
}

json board() {
  json layers = json::array();
  for (const Layer& l : kLayers) {
    layers.push_back({{"name", l.name}, {"op", l.op}, {"macs", l.macs}, {"instructions", l.instructions}});
  }
  const auto part = [](const char* name, int bytes) { return json{{"name", name}, {"bytes", bytes}}; };
  return {{"name", "virtual-nano33ble"},
          {"title", "Virtual Nano 33 BLE Sense (Cortex-M4F)"},
          {"clock_hz", 64000000},
          {"ram",
           {{"limit", 262144},
            {"parts",
             {part("arena of the model", 16384), part("sound buffer", 8192), part("features", 6144),
              part("serial", 4096), part("stack", 8192), part("other", 1180)}}}},
          {"flash",
           {{"limit", 983040},
            {"parts",
             {part("weights", 18920), part("kernels and model", 11204), part("features", 9620),
              part("system", 6240)}}}},
          {"arena_bytes", 16384},
          {"arena_lower_bound_bytes", 16000},
          {"stack_high_water_bytes", 1912},
          {"instructions_per_inference", 2232521},
          {"instructions_features_per_hop", 61234},
          {"cycles_estimated", 2701350.0},
          {"milliseconds_estimated", 42.2086},
          {"microjoules_estimated", 633.1},
          {"real_time_factor", 0.231},
          {"layers", layers}};
}

json stream() {
  json curve = json::array();
  for (int i = 0; i <= 18; ++i) {
    const double t = 0.05 + 0.05 * i;
    curve.push_back({{"threshold", t},
                     {"false_accepts_per_hour", std::floor(260 * std::exp(-4.6 * t))},
                     {"false_reject_rate", 0.03 + 0.72 * std::pow(t, 4)}});
  }
  const auto score = [](int hits, int misses, int alarms) {
    metrics::EventScore counts{hits + misses, hits, misses, alarms, 1, 0, 0, {}, 300};
    counts.delay = metrics::Delay{212, 480, 655};
    return to_json(counts);
  };
  return {{"seconds", 300},
          {"events", 52},
          {"curve", curve},
          {"chosen_threshold", curve[13]["threshold"]},
          {"float", score(43, 9, 1)},
          {"int8", score(43, 9, 1)},
          {"board", score(42, 10, 1)},
          {"duty_cycle_estimated", 0.43}};
}

json threshold() {
  const json stream_now = stream();
  const auto score = [&](const char* place, double cost) {
    json counts = stream_now[place];
    counts["cost_per_hour"] = cost;
    return counts;
  };
  const json curve = stream_now["curve"];
  return {
      {"costs", {{"miss", 1}, {"false_accept", 2.5}, {"events_per_hour", 0}}},
      {"threshold", 0.643},
      {"settings", {{"deploy.threshold", "0.643"}}},
      {"before", {{"deploy.threshold", "0.6"}}},
      {"validation", {{"curve", curve}, {"score", score("float", 27)}, {"score_before", score("int8", 39)}}},
      {"test",
       {{"curve", curve},
        {"score", score("board", 120)},
        {"groups",
         {{"figure", "words heard"},
          {"rows",
           {{{"group", "0ab3c<b>"}, {"count", 4}, {"value", 0.5}},
            {{"group", "f01"}, {"count", 6}, {"value", 1.0}}}}}}}},
      {"test_before", score("int8", 114)}};
}

json data() {
  json table = json::array();
  for (size_t i = 0; i < kNames.size(); ++i) {
    const int n = 60 + static_cast<int>(i * 37 % 50);
    table.push_back({{"class", kNames[i]},
                     {"train", n * 8 / 10},
                     {"validation", n / 10},
                     {"test", n / 10},
                     {"seconds", n * 0.98},
                     {"groups", i == 0 ? 0 : 41 + static_cast<int>(i)}});
  }
  return {{"classes", kNames},
          {"table", table},
          {"split_story",
           "This is an invented example. The 312 speakers were dealt out by the seed 1 so that nobody is "
           "heard on two sides: 250 "
           "to learn from, 31 to choose by, 31 to test with."},
          {"warnings",
           {"go/invented_3.wav is clipped: 214 samples are at full scale.",
            "stop/invented_9.wav and stop/invented_11.wav are the same recording."}},
          {"conversions",
           {"12 recordings had 44,100 samples a second and were resampled to 16,000.",
            "3 stereo recordings were mixed to one channel."}}};
}

}  // namespace

json sample_report() {
  json spectrograms = json::array();
  for (size_t i = 0; i < kNames.size(); ++i) spectrograms.push_back(picture(static_cast<int>(i)));
  const ClassificationResult full = invented(11, 0.16f), small = invented(11, 0.17f);
  return {{"format", 1},
          {"project",
           {{"name", "invented example"},
            {"task", "keyword"},
            {"tadpole_version", "0.1.0"},
            {"created_utc", "2001-02-03 04:05 UTC"},
            {"command_lines",
             {"tadpole new yes-no --task keyword --data recordings", "tadpole train", "tadpole quantise",
              "tadpole deploy --board virtual-nano33ble"}}}},
          {"synthetic", true},
          {"data", data()},
          {"features",
           {{"block", "log_mel"},
            {"sample_rate_hz", 16000},
            {"window_ms", 30},
            {"stride_ms", 20},
            {"frames", 49},
            {"values_per_frame", 40},
            {"bands", 40},
            {"ram_bytes", 6144}}},
          {"model", model()},
          {"train",
           {{"epochs", epochs()},
            {"best_epoch", 47},
            {"seconds", 61.3},
            {"samples_per_second", 4410.0},
            {"seed", 1},
            {"threads", 2}}},
          {"evaluation", {{"float", to_json(full)}, {"int8", to_json(small)}, {"board", to_json(small)}}},
          {"agreement", {{"int8_equals_float", 188}, {"board_equals_host", 190}, {"count", 190}}},
          {"quantisation", quantisation()},
          {"spectrograms", spectrograms},
          {"board", board()},
          {"stream", stream()},
          {"threshold", threshold()}};
}

}  // namespace tadpole::evaluate
