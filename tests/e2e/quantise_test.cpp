// tadpole quantise by each scheme of [quantise].
#include <gtest/gtest.h>

#include "tests/e2e/trained_project.h"

namespace tadpole {
namespace {

const std::string kScheme = "scheme = \"int8\"";

TEST(Quantise, with_int8_qat_trains_on_as_int8_and_gives_the_same_bytes_again) {
  const TrainedCopy folder;
  const std::string model = std::string(kRun) + "model.tflite";
  const std::string post_training = folder.read(model);
  folder.edit("p/tadpole.toml", kScheme, "scheme = \"int8_qat\"\nupdates = 6  ");
  const Printed first = folder.tadpole({"quantise", "--project", "p", "--json"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(first.json()["scheme"], "int8_qat");
  EXPECT_EQ(first.json()["tflite_bytes"], static_cast<int64_t>(folder.read(model).size()));
  const std::string trained = folder.read(model);
  EXPECT_NE(trained, post_training);
  const auto report = nlohmann::json::parse(folder.read(std::string(kRun) + "report.json"));
  EXPECT_EQ(report["quantisation"]["training"]["epochs"].back()["update"], 6);
  EXPECT_EQ(folder.tadpole({"quantise", "--project", "p"}).exit_code, 0);
  EXPECT_EQ(folder.read(model), trained);
}

TEST(Quantise, with_an_unknown_scheme_names_those_there_are) {
  const TrainedCopy folder;
  folder.edit("p/tadpole.toml", kScheme, "scheme = \"int9\"");
  const Printed printed = folder.tadpole({"quantise", "--project", "p"});
  EXPECT_EQ(printed.exit_code, 1);
  EXPECT_NE(printed.err.find("int8, int8_qat and int16x8"), std::string::npos) << printed.err;
}

}  // namespace
}  // namespace tadpole
