// What the computer may lack or do in the middle of the work: no space, missing programs, an emulator that
// hangs, Ctrl-C. A clear message in bounded time; nothing half-written; what was there before stays.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/e2e/trained_project.h"

namespace tadpole {
namespace {

bool looks_unfinished(const std::string& path) {
  return path.find(".tmp") != std::string::npos || path.find("/build") != std::string::npos;
}

void expect_nothing_unfinished(const Folder& folder) {
  for (const auto& [path, bytes] : folder.snapshot()) EXPECT_FALSE(looks_unfinished(path)) << path;
}

/// Runs a step of a copy of the trained project on a disk of 40 MB that was filled up before. The disk is a
/// tmpfs in a namespace of its own; what differs afterwards is printed between two lines.
Printed on_full_disk(const Folder& folder, const std::string& step) {
  const std::string script =
      "mount -t tmpfs -o size=40m tmpfs disk || exit 77\n"
      "cp -a p disk/p && rm -rf disk/p/.cache && cp -a disk/p before && export TMPDIR=$PWD/disk\n"
      "cat /dev/zero > disk/fill 2> /dev/null\n"
      "\"$0\" " +
      step +
      " --project disk/p; code=$?\n"
      "echo changed; diff -r -x .cache before disk/p; ls disk | grep -v -e '^p$' -e '^fill$'; echo end; exit "
      "$code\n";
  const std::string unshare =
      "unshare -m true 2> /dev/null && exec unshare -m sh -c \"$1\" \"$0\"\n"
      "unshare -rm true 2> /dev/null && exec unshare -rm sh -c \"$1\" \"$0\"\nexit 77";
  folder.make("disk");
  return folder.run({"/bin/sh", "-c", unshare, kTadpole, script});
}

TEST(FullDisk, every_step_says_so_and_leaves_what_was_there_unchanged) {
  for (const char* step : {"train --updates 20", "quantise", "deploy"}) {
    const TrainedCopy folder;
    const Printed printed = on_full_disk(folder, step);
    if (printed.exit_code == 77) GTEST_SKIP() << "needs the right to mount a tmpfs in a namespace";
    expect_error(printed, "E0013", {"No space left on device", "df -h"});
    EXPECT_NE(printed.out.find("changed\nend\n"), std::string::npos) << step << "\n" << printed.out;
  }
}

TEST(FullDisk, a_limit_on_the_size_of_files_is_an_error_and_not_the_end_of_the_program) {
  const TrainedCopy folder;
  const std::string model = folder.read(std::string(kRun) + "model.tflite");
  const Printed printed =
      folder.run({"/bin/sh", "-c", "ulimit -f 8; exec \"$0\" quantise --project p", kTadpole});
  expect_error(printed, "E0012", {"model.tflite", "File too large"});
  EXPECT_EQ(folder.read(std::string(kRun) + "model.tflite"), model);
  expect_nothing_unfinished(folder);
}

TEST(FullDisk, output_that_cannot_be_written_is_not_success) {
  const Folder folder;
  const Printed printed = folder.run({"/bin/sh", "-c", "exec \"$0\" board --json > /dev/full", kTadpole});
  expect_error(printed, "E0012", {"standard output"});
}

TEST(MissingProgram, is_named_with_the_command_that_installs_it_and_the_old_firmware_stays) {
  const TrainedCopy folder;
  const auto before = folder.snapshot("p/runs");
  expect_error(folder.tadpole_with({"PATH=/nowhere"}, {"deploy", "--project", "p"}), "E0020",
               {"arm-none-eabi-g++", "apt-get install --no-install-recommends gcc-arm-none-eabi"});
  EXPECT_EQ(folder.snapshot("p/runs"), before);
  expect_error(folder.tadpole_with({"PATH=/nowhere"}, {"run", "--test", "--project", "p"}), "E0020",
               {"qemu-system-arm", "apt-get install"});
  expect_error(folder.tadpole_with({"PATH=/nowhere"}, {"data", "starter", "s"}), "E0020",
               {"espeak-ng", "apt-get install"});
  EXPECT_EQ(folder.snapshot("p/runs"), before);
  EXPECT_FALSE(folder.has("s"));
  const Printed doctor = folder.tadpole_with({"PATH=/nowhere"}, {"doctor"});
  EXPECT_NE(doctor.out.find("apt-get install --no-install-recommends gcc-arm-none-eabi "
                            "libnewlib-arm-none-eabi qemu-system-arm gcc-riscv64-unknown-elf "
                            "picolibc-riscv64-unknown-elf qemu-system-misc espeak-ng flite"),
            std::string::npos)
      << doctor.out;
}

/// A program that stands where QEMU is searched first.
class BadEmulator : public ::testing::Test {
 protected:
  TrainedCopy folder;

  Printed test_with(const std::string& script) {
    folder.write("bin/qemu-system-arm", "#!/bin/sh\necho $$ >> " + folder.path("pids") + "\n" + script);
    std::filesystem::permissions(folder.path("bin/qemu-system-arm"), std::filesystem::perms::owner_all);
    const auto begin = std::chrono::steady_clock::now();
    const Printed printed =
        folder.tadpole_with({"PATH=" + folder.path("bin") + ":/usr/bin:/bin", "TADPOLE_BOARD_TIMEOUT_S=1"},
                            {"run", "--test", "--project", "p"});
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
    const Printed alive =
        folder.run({"/bin/sh", "-c", "for p in $(cat pids); do kill -0 $p && echo $p; done"});
    EXPECT_EQ(alive.out, "") << "an emulator goes on without its master";
    return printed;
  }
};

TEST_F(BadEmulator, that_hangs_is_given_up_with_its_last_words) {
  expect_error(test_with("echo 'qemu: waiting for Godot' >&2; exec sleep 600"), "E0605",
               {"within 1", "qemu: waiting for Godot", "TADPOLE_BOARD_TIMEOUT_S"});
}

TEST_F(BadEmulator, that_talks_rubbish_is_given_up) {
  expect_error(test_with("yes rubbish | head -c 100000; echo 'qemu: lost my mind' >&2; exec sleep 600"),
               "E0605", {"qemu: lost my mind"});
}

TEST_F(BadEmulator, that_crashes_is_reported_with_its_exit_code_and_last_words) {
  expect_error(test_with("echo 'qemu: cannot set up guest memory' >&2; exit 3"), "E0021",
               {"exit code 3", "qemu: cannot set up guest memory"});
  expect_error(test_with("kill -SEGV $$"), "E0021", {"signal 11"});
}

TEST_F(BadEmulator, that_hangs_can_be_stopped_with_one_interrupt) {
  folder.write("bin/qemu-system-arm", "#!/bin/sh\necho $$ >> " + folder.path("pids") + "\nexec sleep 600");
  std::filesystem::permissions(folder.path("bin/qemu-system-arm"), std::filesystem::perms::owner_all);
  setenv("PATH", (folder.path("bin") + ":" + std::getenv("PATH")).c_str(), 1);
  const auto begin = std::chrono::steady_clock::now();
  expect_error(folder.tadpole_interrupted("test -s pids", {"run", "--test", "--project", "p"}), "E0001");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
  setenv("PATH", std::string(std::getenv("PATH")).substr(folder.path("bin").size() + 1).c_str(), 1);
}

TEST_F(BadEmulator, a_patience_that_is_no_number_is_refused) {
  expect_error(folder.tadpole_with({"TADPOLE_BOARD_TIMEOUT_S=soon"}, {"run", "--test", "--project", "p"}),
               "E0703", {"TADPOLE_BOARD_TIMEOUT_S", "\"soon\"", "seconds"});
}

TEST(Interrupt, of_a_training_keeps_a_checkpoint_from_which_the_same_model_comes) {
  const TrainedCopy folder;
  const std::vector<std::string> train = {"train", "--project", "p",        "--updates",
                                          "300",   "--arch",    "tiny_conv"};
  const Printed stopped = folder.tadpole_interrupted("test -e p/runs/0002/checkpoint.bin", train);
  expect_error(stopped, "E0001", {"passes over the data", "tadpole train --resume"});
  expect_nothing_unfinished(folder);
  EXPECT_FALSE(folder.has("p/runs/0002/model_float.tflite"));
  const Printed resumed = folder.tadpole({"train", "--project", "p", "--resume"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  ASSERT_EQ(folder.tadpole(train).exit_code, 0);
  EXPECT_EQ(folder.read("p/runs/0002/model_float.tflite"), folder.read("p/runs/0003/model_float.tflite"));
}

TEST(Interrupt, of_a_training_before_its_first_checkpoint_leaves_no_run) {
  const TrainedCopy folder;
  const Printed stopped =
      folder.tadpole_interrupted("test -e p/runs/0002/config.toml", {"train", "--project", "p"});
  expect_error(stopped, "E0001");
  EXPECT_FALSE(folder.has("p/runs/0002"));
  expect_nothing_unfinished(folder);
}

TEST(Interrupt, of_a_starter_set_leaves_no_folder) {
  const Folder folder;
  const Printed stopped =
      folder.tadpole_interrupted("test -n \"$(ls -d s.tmp*/yes/*.wav)\"", {"data", "starter", "s"});
  if (stopped.err.find("[E0020]") != std::string::npos) GTEST_SKIP() << "needs espeak-ng and flite";
  expect_error(stopped, "E0001", {"starter set was stopped"});
  EXPECT_TRUE(folder.snapshot().empty());
}

TEST(Interrupt, of_a_deployment_keeps_the_firmware_of_before) {
  const TrainedCopy folder;
  const auto before = folder.snapshot("p/runs");
  expect_error(folder.tadpole_interrupted(std::string("test -e ") + kRun + "build/objects",
                                          {"deploy", "--project", "p"}),
               "E0001");
  EXPECT_EQ(folder.snapshot("p/runs"), before);
}

TEST(Interrupt, of_a_test_on_the_board_keeps_the_report_of_before) {
  const TrainedCopy folder;
  const auto before = folder.snapshot("p/runs");
  // The stream takes seconds; by then the board has answered every recording.
  expect_error(
      folder.tadpole_interrupted("grep -q 'test on the board' err.txt", {"run", "--test", "--project", "p"}),
      "E0001");
  EXPECT_EQ(folder.snapshot("p/runs"), before);
}

}  // namespace
}  // namespace tadpole
