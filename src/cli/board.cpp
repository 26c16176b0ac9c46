// tadpole board: the catalogue.
#include "board/board.h"

#include "base/text.h"
#include "cli/commands.h"

namespace tadpole::cli {

void add_board(CLI::App& app, Context& context) {
  CLI::App* command = add_command(app, context, "board", "list the boards, with the source of each figure",
                                  "tadpole board", Needs::nothing);
  command->callback([&context] {
    std::string text;
    nlohmann::json rows = nlohmann::json::array();
    for (const board::Board& row : board::boards()) {
      text += row.name + "\n    " + row.title + ": " + row.chip + ", " + row.core + " at " +
              std::to_string(row.clock_hz / 1000000) + " MHz, " + base::readable_bytes(row.ram_bytes) +
              " RAM, " + base::readable_bytes(row.flash_bytes) + " flash\n    " + row.sources + "\n";
      rows.push_back({{"name", row.name},
                      {"title", row.title},
                      {"chip", row.chip},
                      {"core", row.core},
                      {"clock_hz", row.clock_hz},
                      {"ram_bytes", row.ram_bytes},
                      {"flash_bytes", row.flash_bytes},
                      {"virtual", !row.machine.empty()},
                      {"sources", row.sources}});
    }
    context.console.print(text);
    context.exit_code = context.console.finish({{"boards", rows}});
  });
}

}  // namespace tadpole::cli
