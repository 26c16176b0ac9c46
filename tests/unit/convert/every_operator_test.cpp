// Every operator of the table is written and read back, in every number type; and the corpus of the fuzz
// target.
#include "every_operator.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "convert/schema.h"
#include "convert/tflite.h"
#include "test_graphs.h"

namespace tadpole::convert {
namespace {

using ir::DType;

using Case = std::tuple<ir::Op, DType>;
class EveryOperator : public testing::TestWithParam<Case> {};

TEST_P(EveryOperator, survives_the_round_trip) {
  const ir::Graph graph = graph_of(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const auto checked = ir::check_graph(graph);
  ASSERT_TRUE(checked.ok()) << checked.error().message();
  const auto bytes = write_tflite(graph, "");
  ASSERT_TRUE(bytes.ok()) << bytes.error().message();
  const auto read = read_tflite(*bytes);
  ASSERT_TRUE(read.ok()) << read.error().message();
  expect_equal(graph, *read);
  EXPECT_EQ(*bytes, *write_tflite(*read, ""));
}

std::string case_name(const Case& one) {
  return std::string(ir::op_name(std::get<0>(one))) + "_" + std::string(ir::to_string(std::get<1>(one)));
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const ir::Op op : every_op()) {
    for (const DType type : {DType::float32, DType::int8, DType::int16}) {
      if (!graph_of(op, type).nodes.empty()) all.emplace_back(op, type);
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryOperator, testing::ValuesIn(cases()),
                         [](const auto& info) { return case_name(info.param); });

/// Only what the format lacks is left out above.
TEST(EveryOperatorTable, has_a_graph_for_each_operator_with_a_code) {
  for (const ir::Op op : every_op()) {
    EXPECT_EQ(graph_of(op, DType::int8).nodes.empty(), ir::tflite_code(op) < 0) << ir::op_name(op);
  }
}

/// The fuzz target starts from one file for each operator; TADPOLE_UPDATE_GOLDEN=1 writes them anew.
TEST(FuzzCorpus, is_read_without_an_error) {
  const std::filesystem::path folder = TADPOLE_SOURCE_DIR "/fuzz/corpus/tflite";
  for (const ir::Op op : every_op()) {
    if (!std::getenv("TADPOLE_UPDATE_GOLDEN") || ir::tflite_code(op) < 0) continue;
    const auto bytes = write_tflite(graph_of(op, DType::int8), "");
    ASSERT_TRUE(bytes.ok()) << bytes.error().message();
    std::ofstream file(folder / (case_name({op, DType::int8}) + ".tflite"), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes->data()), static_cast<std::streamsize>(bytes->size()));
  }
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto read = read_tflite(file_bytes(entry.path().string()));
    EXPECT_TRUE(read.ok()) << entry.path() << read.error().message();
    ++count;
  }
  EXPECT_GT(count, 40u);
}

}  // namespace
}  // namespace tadpole::convert
