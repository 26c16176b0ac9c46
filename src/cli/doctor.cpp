// tadpole doctor: what this computer has and lacks, and the exact command that installs it.
#include <array>

#include "cli/commands.h"
#include "data/process.h"

namespace tadpole::cli {

namespace {

/// A program that some step starts.
struct Needed {
  std::string_view program, package, used_for;
};

constexpr std::array<Needed, 6> kPrograms = {{
    {"arm-none-eabi-g++", "gcc-arm-none-eabi libnewlib-arm-none-eabi",
     "tadpole deploy: compiles the firmware"},
    {"qemu-system-arm", "qemu-system-arm", "tadpole run --board: the virtual board"},
    {"riscv64-unknown-elf-g++", "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
     "tadpole deploy --board virtual-rv32: compiles the firmware"},
    {"qemu-system-riscv32", "qemu-system-misc", "tadpole run --board virtual-rv32: the virtual board"},
    {"espeak-ng", "espeak-ng", "tadpole data starter: synthetic voices"},
    {"flite", "flite", "tadpole data starter: more synthetic voices"},
}};

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
  CLI::App* command = add_command(app, context, "doctor",
                                  "say what is missing on this computer and the command that installs it",
                                  "tadpole doctor", Needs::nothing);
  command->callback([&context] {
    std::string text, packages;
    nlohmann::json rows = nlohmann::json::array();
    for (const Needed& needed : kPrograms) {
      const auto found = data::find_program(needed.program);
      text += (found.ok() ? "ok       " : "missing  ") + std::string(needed.program) + "  (" +
              std::string(needed.used_for) + ")\n";
      if (!found.ok()) packages += " " + std::string(needed.package);
      rows.push_back({{"program", needed.program},
                      {"found", found.ok()},
                      {"package", needed.package},
                      {"used_for", needed.used_for}});
    }
    text += "\nProcessors: " + std::to_string(base::processor_count()) + "\n";
    const std::string install = packages.empty() ? "" : "apt-get install --no-install-recommends" + packages;
    text += packages.empty()
                ? "Nothing is missing.\n"
                : "To install what is missing on Debian or Ubuntu, as root:\n  " + install + "\n";
    context.console.print(text);
    context.exit_code = context.console.finish(
        {{"programs", rows}, {"install", install}, {"processors", base::processor_count()}});
  });
}

}  // namespace tadpole::cli
