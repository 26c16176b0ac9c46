// tadpole.toml: read, refused with a useful message, written.
#include "project/config.h"

#include <gtest/gtest.h>

#include "project/settings.h"

namespace tadpole::project {
namespace {

Error refused(std::string_view text) {
  const auto config = parse_config(text, "tadpole.toml");
  EXPECT_FALSE(config.ok()) << text;
  return config.ok() ? Error{Code::internal, ""} : config.error();
}

void expect_message(std::string_view text, Code code, const std::string& message) {
  const Error error = refused(text);
  EXPECT_EQ(error.code, code) << error.detail;
  EXPECT_EQ(error.detail, message);
}

TEST(Config, what_is_written_is_read_back_for_every_setting) {
  ProjectConfig config;
  config.name = "a \"quoted\" name";
  config.data.classes = {"yes", "nein"};
  config.train.learning_rate = 0.0125f;
  config.train.seed = 9007199254740992;
  config.data.split = {70, 20, 10, 5};
  config.train.optimiser = train::Optimiser::rmsprop;
  config.train.rms_decay = 0.8f;
  config.train.schedule = train::Schedule::one_cycle;
  config.train.loss.kind = train::Loss::huber;
  config.train.loss.huber_delta = 0.25f;
  config.train.clip_norm = 2;
  config.train.average = 0.99f;
  config.train.balance_classes = true;
  config.teacher = "../big/runs/0001";
  config.train.loss.temperature = 3;
  const std::string text = config_text(config);
  const auto again = parse_config(text, "tadpole.toml");
  ASSERT_TRUE(again.ok()) << again.error().message() << "\n" << text;
  EXPECT_EQ(config_text(*again), text);
  EXPECT_EQ(again->name, config.name);
  EXPECT_EQ(again->data.classes, config.data.classes);
  EXPECT_EQ(again->train.learning_rate, config.train.learning_rate);
  EXPECT_EQ(again->train.seed, config.train.seed);
  EXPECT_EQ(again->data.split.validation_percent, 20);
  EXPECT_EQ(again->train.optimiser, train::Optimiser::rmsprop);
  EXPECT_EQ(again->train.rms_decay, 0.8f);
  EXPECT_EQ(again->train.schedule, train::Schedule::one_cycle);
  EXPECT_EQ(again->train.loss.kind, train::Loss::huber);
  EXPECT_EQ(again->train.loss.huber_delta, 0.25f);
  EXPECT_EQ(again->train.clip_norm, 2.0f);
  EXPECT_EQ(again->train.average, 0.99f);
  EXPECT_TRUE(again->train.balance_classes);
  EXPECT_EQ(again->teacher, config.teacher);
  EXPECT_EQ(again->train.loss.temperature, 3.0f);
}

TEST(Config, an_empty_file_gives_the_defaults) {
  const auto config = parse_config("", "tadpole.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config_text(*config), config_text(ProjectConfig{}));
}

TEST(Config, an_unknown_key_is_refused_with_its_line_and_the_nearest_known_key) {
  expect_message("format = 1\n[features]\nwindw_ms = 30\n", Code::config_unknown_key,
                 "tadpole.toml:3: there is no setting 'windw_ms' in [features]. Did you mean 'window_ms'?");
  expect_message("[featurs]\nbands = 3\n", Code::config_unknown_key,
                 "tadpole.toml:1: there is no setting 'featurs'. Did you mean 'features'?");
  expect_message("[quantise]\nxyzzyplugh = 1\n", Code::config_unknown_key,
                 "tadpole.toml:2: there is no setting 'xyzzyplugh' in [quantise]. Known here: "
                 "calibration_samples, learning_rate, scheme and updates.");
}

TEST(Config, a_wrong_type_is_refused_with_what_is_needed) {
  expect_message("[train]\nupdates = \"many\"\n", Code::config_wrong_type,
                 "tadpole.toml:2: train.updates is a text; needs a whole number.");
  expect_message("[train]\nupdates = 2.5\n", Code::config_wrong_type,
                 "tadpole.toml:2: train.updates is a number with a decimal point; needs a whole number.");
  expect_message("train = 3\n", Code::config_wrong_type,
                 "tadpole.toml:1: train is a whole number; needs a table, as in [train].");
  expect_message("[data]\nclasses = [\"yes\", 2]\n", Code::config_wrong_type,
                 "tadpole.toml:2: data.classes is a whole number; needs a text in quotes for each entry.");
}

TEST(Config, a_value_outside_its_range_is_refused_with_the_range) {
  expect_message("[features]\nbands = 0\n", Code::config_bad_value,
                 "tadpole.toml:2: features.bands = 0; needs a whole number from 4 to 80.");
  expect_message("[train]\nlearning_rate = nan\n", Code::config_bad_value,
                 "tadpole.toml:2: train.learning_rate = nan; needs a number from 1e-09 to 100.");
  expect_message(
      "[train]\noptimiser = \"adm\"\n", Code::config_bad_value,
      "tadpole.toml:2: train.optimiser = \"adm\"; needs one of: sgd, adam, adamw, nesterov and rmsprop.");
  expect_message("[data]\nsplit = { train = 80, validation = 10, test = 20 }\n", Code::config_bad_value,
                 "tadpole.toml: data.split: train + validation + test = 110; needs 100.");
  expect_message("[data]\nclasses = [\"yes\", \"yes\"]\n", Code::config_bad_value,
                 "tadpole.toml:2: data.classes names \"yes\" twice.");
}

TEST(Config, a_newer_version_and_broken_syntax_are_refused_by_name) {
  EXPECT_EQ(refused("format = 2\n").code, Code::config_version);
  const Error error = refused("[train\nupdates = 3\n");
  EXPECT_EQ(error.code, Code::config_syntax);
  EXPECT_EQ(error.detail.rfind("tadpole.toml:1, column", 0), 0u) << error.detail;
}

constexpr std::string_view kLayers = R"([model]
arch = "custom"

[[model.layers]]
kind = "conv_2d"
name = "stem"
filters = 8
size = [10, 4]
stride = 2
activation = "relu"
batch_norm = true

[[model.layers]]
kind = "max_pool"

[[model.layers]]
kind = "dropout"
rate = 0.25

[[model.layers]]
kind = "concatenate"
input = "max_pool_2"
with = ["stem", "input"]
)";

TEST(Layers, are_read_with_the_defaults_of_their_kinds_and_written_back) {
  const auto config = parse_config(kLayers, "tadpole.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  ASSERT_EQ(config->layers.size(), 4u);
  EXPECT_EQ(config->layers[0].stride, (std::array<int, 2>{2, 2}));
  EXPECT_TRUE(config->layers[0].batch_norm);
  EXPECT_EQ(config->layers[1].size, (std::array<int, 2>{2, 2}));
  EXPECT_EQ(config->layers[1].padding, "valid");
  EXPECT_EQ(config->layers[2].rate, 0.25f);
  EXPECT_EQ(config->layers[3].with, (std::vector<std::string>{"stem", "input"}));
  const std::string text = config_text(*config);
  const auto again = parse_config(text, "tadpole.toml");
  ASSERT_TRUE(again.ok()) << again.error().message() << "\n" << text;
  EXPECT_EQ(again->layers, config->layers);
  EXPECT_EQ(config_text(*again), text);
  EXPECT_NE(text.find("kind = \"max_pool\"\n\n"), std::string::npos) << text;  // its defaults are left out
}

TEST(Layers, mistakes_are_refused_with_the_line_the_layer_and_the_nearest_name) {
  const std::string head = "[model]\narch = \"custom\"\n[[model.layers]]\n";
  expect_message(head + "kind = \"conv2d\"\n", Code::config_bad_value,
                 "tadpole.toml:4: layer 1: there is no kind 'conv2d'. Did you mean 'conv_2d'?");
  expect_message(head + "kind = \"conv_2d\"\nfilter = 3\n", Code::config_unknown_key,
                 "tadpole.toml:5: layer 1 (conv_2d) takes no 'filter'. Did you mean 'filters'?");
  expect_message(head + "kind = \"dense\"\nunits = 3\nsize = 3\n", Code::config_unknown_key,
                 "tadpole.toml:6: layer 1 (dense) takes no 'size'. Known here: kind, name, input, units, "
                 "batch_norm and activation.");
  expect_message(head + "kind = \"conv_2d\"\n", Code::config_bad_value,
                 "tadpole.toml:3: layer 1 (conv_2d) needs 'filters'.");
  expect_message(head + "kind = \"conv_2d\"\nfilters = 0\n", Code::config_bad_value,
                 "tadpole.toml:5: layer 1: filters = 0; needs a whole number from 1 to 65536.");
  expect_message(head + "kind = \"conv_2d\"\nfilters = 2\nsize = [3]\n", Code::config_wrong_type,
                 "tadpole.toml:6: layer 1: size is a list; needs a whole number, or [rows, columns].");
  expect_message(head + "kind = \"conv_2d\"\nfilters = 2\npadding = \"some\"\n", Code::config_bad_value,
                 "tadpole.toml:6: layer 1: padding = \"some\"; needs one of: same and valid.");
  expect_message(head + "filters = 2\n", Code::config_bad_value,
                 "tadpole.toml:3: layer 1 has no kind, for example kind = \"conv_2d\".");
  expect_message("[model]\nlayers = 3\n", Code::config_wrong_type,
                 "tadpole.toml:2: model.layers is a whole number; needs a list of layers, each after a line "
                 "[[model.layers]].");
}

TEST(Layers, and_the_architecture_custom_belong_together) {
  EXPECT_EQ(refused("[model]\narch = \"custom\"\n").code, Code::config_bad_value);
  const Error error = refused("[[model.layers]]\nkind = \"flatten\"\n");
  EXPECT_EQ(error.code, Code::config_bad_value);
  EXPECT_NE(error.detail.find("Set arch = \"custom\""), std::string::npos) << error.detail;
}

TEST(Settings, every_default_is_inside_its_own_range) {
  ProjectConfig config;
  for (const Setting& setting : settings()) {
    const SettingValue value = setting.value(config);
    double number = setting.low;
    if (const auto* whole = std::get_if<int*>(&value)) number = **whole;
    if (const auto* real = std::get_if<float*>(&value)) number = static_cast<double>(**real);
    EXPECT_GE(number, setting.low) << setting.key;
    EXPECT_LE(number, setting.high) << setting.key;
  }
}

}  // namespace
}  // namespace tadpole::project
