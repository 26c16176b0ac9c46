// One of the folders in examples/, copied and taken the whole way: train, quantise, deploy, test on the
// board.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/e2e/tadpole_program.h"

namespace tadpole {

inline std::string shared_data(const std::string& name) {
  return std::string(TADPOLE_SOURCE_DIR) + "/../shared/data/" + name;
}

/// What the four steps printed.
struct WholeWay {
  nlohmann::json train, quantise, deploy, board;
};

class Example : public Folder {
 public:
  explicit Example(const std::string& of) : name(of) {
    std::filesystem::copy(std::string(TADPOLE_SOURCE_DIR) + "/examples/" + name, path("example"),
                          std::filesystem::copy_options::recursive);
  }

  const std::string name;

  Printed make_data() const { return run({"/bin/sh", path("example/make_data.sh")}); }

  /// `updates`: instead of the example's own, to keep tests quick; 0 = its own.
  WholeWay run_all(int updates = 0) const {
    WholeWay way;
    way.train = updates == 0 ? step({"train"}) : step({"train", "--updates", std::to_string(updates)});
    way.quantise = step({"quantise"});
    way.deploy = step({"deploy"});
    way.board = step({"run", "--test"});
    return way;
  }

  nlohmann::json step(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--project", path("example"), "--json"});
    const Printed printed = tadpole(arguments);
    EXPECT_EQ(printed.exit_code, 0) << arguments[0] << "\n" << printed.err;
    return printed.exit_code == 0 ? printed.json() : nlohmann::json::object();
  }
};

/// An example whose data are not in the repository, with the data imported as its README says. Ask has_data
/// first.
class ImportedExample : public Example {
 public:
  ImportedExample(const std::string& name, const std::string& source, std::vector<std::string> options = {})
      : Example(name), has_data(std::filesystem::exists(shared_data(source))) {
    if (!has_data) return;
    std::vector<std::string> command = {"data", "import", shared_data(source), "--to", path("example/data")};
    command.insert(command.end(), options.begin(), options.end());
    const Printed printed = tadpole(command);
    EXPECT_EQ(printed.exit_code, 0) << printed.err;
  }

  const bool has_data;
};

/// Every answer of the board is the host's, to the last byte, and there are some.
inline void expect_board_equals_host(const WholeWay& way) {
  EXPECT_EQ(way.board.value("board_equals_host", false), true);
  EXPECT_GT(way.board.value("count", 0), 0);
}

}  // namespace tadpole
