// Reads the embedded catalogue once and finds boards in it.
#include "board/board.h"

#include <algorithm>

#include "base/text.h"
#include "data/toml.h"

namespace tadpole::board {

extern const char kBoardsToml[];

namespace {

/// Reads the keys of one table; remembers the first that is missing or of another type.
class Reader {
 public:
  explicit Reader(const toml::table& table) : table_(table) {}

  template <class T>
  void read(const char* key, T& out) {
    if (const auto value = table_[key].value<T>()) {
      out = *value;
    } else if (bad_key_.empty()) {
      bad_key_ = key;
    }
  }

  void read(const char* key, std::vector<std::string>& out) {
    const toml::array* values = table_[key].as_array();
    if (values == nullptr && bad_key_.empty()) bad_key_ = key;
    if (values == nullptr) return;
    for (const toml::node& value : *values) {
      const auto text = value.value<std::string>();
      if (!text && bad_key_.empty()) bad_key_ = key;
      if (text) out.push_back(*text);
    }
  }

  const std::string& bad_key() const { return bad_key_; }

 private:
  const toml::table& table_;
  std::string bad_key_;
};

Result<CycleModel> read_cycles(const toml::table& core, const std::string& name) {
  const auto missing = [&](const std::string& key) {
    return Error{Code::internal,
                 "boards.toml: core \"" + name + "\": the key " + key + " is missing or has the wrong type"};
  };
  CycleModel model;
  Reader reader(core);
  reader.read("source", model.source);
  if (!reader.bad_key().empty()) return missing(reader.bad_key());
  for (size_t i = 0; i < kCounts; ++i) {
    const std::string key(count_name(static_cast<Count>(i)));
    const auto cycles = core["cycles"][key].value<double>();
    if (!cycles) return missing("cycles." + key);
    model.cycles[i] = *cycles;
  }
  const toml::array* rows = core["measured"].as_array();
  if (rows == nullptr) return model;
  for (const toml::node& row : *rows) {
    if (!row.is_table()) return missing("measured");
    Measured m;
    Reader columns(*row.as_table());
    columns.read("chip", m.chip);
    columns.read("model", m.model);
    columns.read("clock_hz", m.clock_hz);
    columns.read("milliseconds", m.milliseconds);
    columns.read("estimated_cycles_low", m.estimated_cycles_low);
    columns.read("estimated_cycles_high", m.estimated_cycles_high);
    if (!columns.bad_key().empty()) return missing("measured." + columns.bad_key());
    const double cycles = m.milliseconds * 1e-3 * static_cast<double>(m.clock_hz);
    const double low = 100 * (cycles / m.estimated_cycles_high - 1);
    const double high = 100 * (cycles / m.estimated_cycles_low - 1);
    model.error_low_percent = model.measured.empty() ? low : std::min(model.error_low_percent, low);
    model.error_high_percent = model.measured.empty() ? high : std::max(model.error_high_percent, high);
    model.measured.push_back(std::move(m));
  }
  return model;
}

Result<CycleModel> find_core(const toml::table& catalogue, const std::string& board,
                             const std::string& name) {
  if (const toml::array* cores = catalogue["core"].as_array()) {
    for (const toml::node& core : *cores) {
      if (core.is_table() && (*core.as_table())["name"].value<std::string>() == name)
        return read_cycles(*core.as_table(), name);
    }
  }
  return Error{Code::internal, "boards.toml: board \"" + board + "\": there is no [[core]] \"" + name + "\""};
}

Result<Board> read_board(const toml::table& catalogue, const toml::table& table) {
  Board b;
  Reader reader(table);
  reader.read("name", b.name);
  reader.read("title", b.title);
  reader.read("chip", b.chip);
  reader.read("core", b.core);
  reader.read("clock_hz", b.clock_hz);
  reader.read("ram_bytes", b.ram_bytes);
  reader.read("flash_bytes", b.flash_bytes);
  reader.read("kernels", b.kernels);
  reader.read("port", b.port);
  reader.read("machine", b.machine);
  reader.read("emulator", b.emulator);
  reader.read("emulator_package", b.emulator_package);
  reader.read("emulator_flags", b.emulator_flags);
  reader.read("compiler", b.compiler);
  reader.read("compiler_packages", b.compiler_packages);
  reader.read("compiler_flags", b.compiler_flags);
  reader.read("active_milliwatts", b.active_milliwatts);
  reader.read("sources", b.sources);
  if (!reader.bad_key().empty()) {
    return Error{Code::internal, "boards.toml: board \"" + b.name + "\": the key " + reader.bad_key() +
                                     " is missing or has the wrong type"};
  }
  TADPOLE_TRY(b.cycle_model, find_core(catalogue, b.name, b.core));
  return b;
}

}  // namespace

Result<std::vector<Board>> parse_boards(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return Error{Code::internal, "boards.toml: " + std::string(parsed.error().description())};
  }
  std::vector<Board> boards;
  const toml::array* tables = parsed.table()["board"].as_array();
  if (tables == nullptr) return Error{Code::internal, "boards.toml: there is no [[board]]"};
  for (const toml::node& node : *tables) {
    if (!node.is_table()) return Error{Code::internal, "boards.toml: [[board]] is not a table"};
    TADPOLE_TRY(Board board, read_board(parsed.table(), *node.as_table()));
    boards.push_back(std::move(board));
  }
  return boards;
}

std::span<const Board> boards() {
  static const std::vector<Board> catalogue = [] {
    Result<std::vector<Board>> parsed = parse_boards(kBoardsToml);
    return parsed ? std::move(*parsed) : std::vector<Board>{};  // a test holds the catalogue to be valid
  }();
  return catalogue;
}

Result<Board> find_board(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Board& board : boards()) {
    if (board.name == name) return board;
    names.push_back(board.name);
  }
  std::string detail = "there is no board \"" + std::string(name) + "\"";
  const std::string_view near = base::nearest(name, names);
  if (!near.empty()) detail += "; did you mean \"" + std::string(near) + "\"?";
  return Error{Code::unknown_board, detail + " There are " + base::join_words(names) + "."};
}

}  // namespace tadpole::board
