// A classifier behind an anomaly gate, in firmware that sleeps: from a project to the virtual board's
// answers.
#include <gtest/gtest.h>

#include <cmath>

#include "data/byte_stream.h"
#include "data/series_file.h"
#include "project/deployable.h"
#include "project/firmware.h"
#include "tests/e2e/tadpole_program.h"

namespace tadpole {
namespace {

/// A second of motion at 50 Hz with two axes.
std::string movement(const std::string& kind, int number) {
  Rng rng(static_cast<uint64_t>(number), 1 + kind.size());
  const double phase = rng.uniform(0, 6.28f), size = rng.uniform(0.9f, 1.1f);
  std::string text = "time_s,ax,ay\n";
  for (int t = 0; t < 50; ++t) {
    double x = size * std::sin(t / 8.0 + phase), y = size * std::cos(t / 8.0 + phase);
    if (kind == "shake") x = t / 3 % 2 == 0 ? size : -size, y = 0.1;
    if (kind == "tumble") x = 6 * size * std::sin(t + phase), y = -4;
    char line[64];
    std::snprintf(line, sizeof line, "%.2f,%.4f,%.4f\n", t / 50.0, x + 0.05 * double{rng.normal()},
                  y + 0.05 * double{rng.normal()});
    text += line;
  }
  return text;
}

constexpr int kStrangers = 5;

/// Learns circles and shakes; never sees a tumble.
class GatedProject : public Folder {
 public:
  GatedProject() {
    for (int i = 0; i < 30; ++i) {
      const std::string name = "/" + std::to_string(100 + i) + ".csv";
      for (const std::string kind : {"circle", "shake"}) write("data/" + kind + name, movement(kind, i));
      if (i < kStrangers) write("strange" + name, movement("tumble", i));
    }
    step({"new", "p", "--task", "gesture", "--data", "data"});
    edit("p/tadpole.toml", "block = \"raw\"", "block = \"statistics\"");
    edit("p/tadpole.toml", "arch = \"cnn_1d\"", "arch = \"mlp\"");
    edit("p/tadpole.toml", "train = 80, validation = 10, test = 10",
         "train = 40, validation = 30, test = 30");
    step({"train", "--project", "p", "--updates", "60"});
  }

  Printed step(const std::vector<std::string>& command) const {
    Printed printed = tadpole(command);
    EXPECT_EQ(printed.exit_code, 0) << command[0] << "\n" << printed.err;
    return printed;
  }
};

samples::Signal read_movement(const std::string& path) {
  const auto stream = data::open_stream(path);
  return samples::Signal(data::read_series(**stream, path)->series);
}

TEST(Gate, before_a_classifier_answers_on_the_board_as_on_this_computer_strangers_included) {
  const GatedProject folder;
  folder.edit("p/tadpole.toml", "method = \"none\"",
              "method = \"k_means\"\nfalse_refusals = 10\ncentres = 4 ");
  folder.edit("p/tadpole.toml", "wake_every_ms = 0",
              "wake_every_ms = 5000\nsleep_microamps = 5\nbattery_mah = 220 ");
  folder.step({"quantise", "--project", "p"});
  auto report = nlohmann::json::parse(folder.read("p/runs/0001/report.json"));
  const double chosen_on = report["gate"]["validation"]["count"];
  EXPECT_GT(chosen_on, 10);
  EXPECT_LE(report["gate"]["validation"]["refused"].get<double>(), 0.1 * chosen_on);

  const nlohmann::json deployed = folder.step({"deploy", "--project", "p", "--json"}).json();
  const nlohmann::json duty = deployed["duty"];
  // Between one and two wakes of some milliseconds every 5 s: hardly more than asleep, 15 microwatts.
  EXPECT_GT(duty["average_microwatts_estimated"], 15.0);
  EXPECT_LT(duty["average_microwatts_estimated"], 30.0);
  EXPECT_NEAR(
      duty["battery_days_estimated"].get<double>() * duty["average_microwatts_estimated"].get<double>(),
      220e3 * 3 / 24, 1);
  EXPECT_NE(folder.read("p/runs/0001/report.html").find("So long the battery lasts"), std::string::npos);
  EXPECT_GT(deployed["instructions"], 500) << "of the network, not of the gate alone";

  const nlohmann::json tested = folder.step({"run", "--test", "--project", "p", "--json"}).json();
  EXPECT_EQ(tested["board_equals_host"], true);
  report = nlohmann::json::parse(folder.read("p/runs/0001/report.json"));
  EXPECT_EQ(report["gate"]["board"], report["gate"]["test"]);

  const auto project = project::Project::open(folder.path("p"));
  const auto found = project::read_deployable(*project);
  ASSERT_TRUE(found.ok()) << found.error().message();
  Silent quiet;
  const auto machine =
      project::boot(*board::find_board("virtual-nano33ble"), folder.path("p/runs/0001/firmware.elf"), quiet);
  ASSERT_TRUE(machine.ok()) << machine.error().message();
  for (int i = 0; i < kStrangers; ++i) {
    const std::string path = folder.path("strange/" + std::to_string(100 + i) + ".csv");
    const Printed said = folder.step({"run", path, "--project", "p", "--json"});
    EXPECT_EQ(said.json()["label"], "not seen before");
    const auto answer = project::answer_on_board(**machine, *found->block, read_movement(path));
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(*answer, project::refusal(2)) << path;
  }
  const std::string known = folder.path("data/shake/100.csv");
  EXPECT_EQ(folder.step({"run", known, "--project", "p", "--json"}).json()["label"], "shake");
  EXPECT_NE(*project::answer_on_board(**machine, *found->block, read_movement(known)), project::refusal(2));

  // A gate of another model is not used, and without one there is none.
  folder.edit("p/runs/0001/gate.json", "\"input_scale\":", "\"input_scale\":1");
  expect_error(folder.tadpole({"deploy", "--project", "p"}), "E0712", {"tadpole quantise"});
  folder.edit("p/tadpole.toml", "wake_every_ms = 5000", "wake_every_ms = 900");
  folder.edit("p/tadpole.toml", "method = \"k_means\"", "method = \"none\"");
  folder.step({"quantise", "--project", "p"});
  EXPECT_FALSE(folder.has("p/runs/0001/gate.json"));
  expect_error(folder.tadpole({"deploy", "--project", "p"}), "E0703", {"1000 ms"});
}

}  // namespace
}  // namespace tadpole
