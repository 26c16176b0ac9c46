// The rows of tadpole.toml.
#include "project/settings.h"

#include <algorithm>
#include <array>

namespace tadpole::project {

namespace {

constexpr std::array<std::string_view, 5> kOptimisers = {"sgd", "adam", "adamw", "nesterov", "rmsprop"};
constexpr std::array<std::string_view, 4> kSchedules = {"constant", "cosine", "step", "one_cycle"};
constexpr std::array<std::string_view, 7> kLosses = {
    "automatic", "cross_entropy", "binary_cross_entropy", "mean_squared", "mean_absolute", "huber", "focal"};
constexpr double kMaxSeed =
    9007199254740992.0;  // 2^53: whole numbers that a TOML reader in any language keeps

using features::SignalKind;

/// Whether the project's features are made of such signals.
bool sees(const ProjectConfig& config, SignalKind kind) {
  const auto found = features::kind_of_block(config.features.block);
  return found.ok() && *found == kind;
}

bool reads_table(const ProjectConfig& config) {
  return config.task == "table" || config.task == "regression";
}
bool listens(const ProjectConfig& config) { return config.task == "keyword"; }
bool watches(const ProjectConfig& config) { return config.task == "anomaly"; }

#define AT(member) [](ProjectConfig& c) -> SettingValue { return &c.member; }

std::vector<Setting> make_settings() {
  std::vector<Setting> rows;
  const auto number = [&](std::string_view section, std::string_view key, std::string_view meaning,
                          double low, double high, SettingValue (*value)(ProjectConfig&)) {
    rows.push_back({section, key, meaning, value, low, high, {}});
  };
  const auto other = [&](std::string_view section, std::string_view key, std::string_view meaning,
                         SettingValue (*value)(ProjectConfig&), std::vector<std::string_view> choices = {}) {
    rows.push_back({section, key, meaning, value, 0, 0, std::move(choices)});
  };

  /// The file shows the row before only then.
  const auto hide_unless = [&](bool (*shown)(const ProjectConfig&)) { rows.back().shown = shown; };

  number("", "format", "version of this file", 1, 1, AT(format));
  other("project", "name", "what the library and the report are called", AT(name));
  other("project", "task", "what kind of work this is", AT(task),
        {"keyword", "image", "gesture", "anomaly", "regression", "table"});

  other("data", "path", "recordings: one folder per word", AT(data.path));
  other("data", "classes", "what to tell apart; [] = every folder; task \"anomaly\": what is normal",
        AT(data.classes));
  const size_t table_from = rows.size();
  other("data", "label", "task \"table\": the column of classes; \"\" = the last one", AT(data.label));
  other("data", "targets", "task \"regression\": the columns of numbers to predict", AT(data.targets));
  other("data", "ignore", "columns of a table to leave out", AT(data.ignore));
  const size_t stride_at = rows.size();
  number("data", "window_ms", "series: recordings are cut into windows of this length; 0 = whole recordings",
         0, 2e9, AT(data.window_ms));
  number("data", "stride_ms", "series: from one window to the next; 0 = as long as a window", 0, 2e9,
         AT(data.stride_ms));
  other("data.split", "by", "sides by groups (speakers), percent of each; nobody is on two sides",
        AT(data.split_by), {"group", "time"});
  number("data.split", "train", "", 1, 98, AT(data.split.train_percent));
  number("data.split", "validation", "", 1, 98, AT(data.split.validation_percent));
  number("data.split", "test", "", 1, 98, AT(data.split.test_percent));
  number("data.split", "seed", "", 0, kMaxSeed, AT(data.split.seed));
  other("data", "skip_bad", "leave out files that cannot be read, with a warning", AT(data.skip_bad));

  const auto names = features::block_names();
  other("features", "block", "what the network sees of the signal", AT(features.block),
        {names.begin(), names.end()});
  // The file of a project shows the settings of its own block.
  using Blocks = std::vector<std::string_view>;
  const auto for_blocks = [&](Blocks blocks) {
    rows.back().shown = [blocks = std::move(blocks)](const ProjectConfig& config) {
      return std::find(blocks.begin(), blocks.end(), config.features.block) != blocks.end();
    };
  };
  const auto of_kind = [&](features::SignalKind kind) {
    Blocks blocks;
    for (const std::string_view name : names) {
      if (*features::kind_of_block(name) == kind) blocks.push_back(name);
    }
    return blocks;
  };
  const Blocks sound = of_kind(features::SignalKind::audio), series = of_kind(features::SignalKind::series);
  const Blocks banded = {"mfcc", "log_mel", "mfe", "micro_frontend", "spectral"};
  number("features", "sample_rate_hz", "other rates are resampled, and the table of the data says so", 8000,
         48000, AT(features.sample_rate_hz));
  for_blocks(sound);
  number("features", "clip_ms", "how much sound is judged at once", 100, 10000, AT(features.clip_ms));
  for_blocks(sound);
  number("features", "window_ms", "sound that one row of features is made of", 5, 200,
         AT(features.window_ms));
  for_blocks(sound);
  number("features", "stride_ms", "from one row to the next", 5, 200, AT(features.stride_ms));
  for_blocks(sound);
  number("features", "bands", "frequency bands", 4, 80, AT(features.bands));
  for_blocks(banded);
  number("features", "coefficients", "MFCC coefficients that are kept", 2, 80, AT(features.coefficients));
  for_blocks({"mfcc"});
  number("features", "low_hz", "bands begin here", 0, 20000, AT(features.low_hz));
  for_blocks({"mfcc", "log_mel", "mfe", "micro_frontend", "spectrogram"});
  number("features", "high_hz", "and end here", 100, 24000, AT(features.high_hz));
  for_blocks({"mfcc", "log_mel", "mfe", "micro_frontend", "spectrogram"});
  number("features", "noise_floor_db", "what counts as nothing; full scale is 0 dB", -100, -10,
         AT(features.noise_floor_db));
  for_blocks({"mfe"});
  other("features", "wavelet", "haar, or Daubechies' with 2 or 4 vanishing moments", AT(features.wavelet),
        {"haar", "db2", "db4"});
  for_blocks({"wavelet"});
  number("features", "levels", "octaves", 1, 10, AT(features.levels));
  for_blocks({"wavelet"});
  number("features", "width", "pixels of the picture that the network sees; 0 = as the data, 96 at most", 0,
         1024, AT(features.width));
  for_blocks({"image", "stroke"});
  number("features", "height", "", 0, 1024, AT(features.height));
  for_blocks({"image", "stroke"});
  other("features", "colour", "grey or rgb", AT(features.colour), {"grey", "rgb"});
  for_blocks({"image"});
  other("features", "fit", "crop: the middle of that shape; centre: of that size; stretch: all",
        AT(features.fit), {"crop", "centre", "stretch"});
  for_blocks({"image"});
  other("features", "resize", "area: mean of what a pixel covers; bilinear", AT(features.resize),
        {"area", "bilinear"});
  for_blocks({"image"});
  other("features", "pixels", "centred: real values from -1 to 1; unit: from 0 to 1", AT(features.pixels),
        {"centred", "unit"});
  for_blocks({"image"});
  number("features", "sensor_width", "pixels that the board's camera gives; 0 = width x height", 0, 2048,
         AT(features.sensor_width));
  for_blocks({"image"});
  number("features", "sensor_height", "", 0, 2048, AT(features.sensor_height));
  for_blocks({"image"});
  other("features", "sensor_format",
        "its bytes: grey, rgb, rgb565, rgb565_swapped, yuyv, uyvy, bayer_rggb ...",
        AT(features.sensor_format));
  for_blocks({"image"});
  number("features", "stroke_range", "half the side of the square that is drawn, in the stroke's units", 1e-6,
         1e6, AT(features.stroke_range));
  for_blocks({"stroke"});
  other("features", "axes", "columns that are used", AT(features.axes));
  for_blocks(series);
  number("features", "rate_hz", "steps a second; 0 = unknown, or rows of a table", 0, 1e6,
         AT(features.rate_hz));
  for_blocks(series);
  number("features", "steps", "how many are judged at once; a row of a table: 1; 0 = as many as most have", 0,
         65536, AT(features.steps));
  for_blocks(series);
  other("features", "filter", "of each axis: none, gravity (taken away), low_pass, high_pass",
        AT(features.filter), {"none", "gravity", "low_pass", "high_pass"});
  for_blocks(series);
  number("features", "cutoff_hz", "of the filter", 0, 1e6, AT(features.cutoff_hz));
  for_blocks(series);
  other("features", "normalise", "data: by centre and spread; window: each window by its own; none",
        AT(features.normalise), {"data", "window", "none"});
  for_blocks(series);
  other("features", "centre", "of each column; [] = measured on the training side", AT(features.centre));
  for_blocks(series);
  other("features", "spread", "stored = (value - centre) / spread", AT(features.spread));
  for_blocks(series);
  const auto show = [&](size_t from, size_t to, bool (*shown)(const ProjectConfig&)) {
    for (size_t i = from; i < to; ++i) rows[i].shown = shown;
  };
  show(table_from, stride_at, [](const ProjectConfig& c) { return reads_table(c); });
  show(stride_at, stride_at + 2,
       [](const ProjectConfig& c) { return sees(c, SignalKind::series) && !reads_table(c); });

  number("augment", "variants", "changed copies of each training recording; 0 = none", 0, 1000,
         AT(augment.variants));
  number("augment", "seed", "of the changes", 0, kMaxSeed, AT(augment.seed));
  const size_t sound_from = rows.size();
  number("augment", "shift_ms", "moved by up to this, either way", 0, 5000, AT(augment.shift_ms));
  number("augment", "gain_db", "made louder or softer by up to this", 0, 60, AT(augment.gain_db));
  number("augment", "speed_percent", "played faster or slower by up to this; moves the pitch too", 0, 50,
         AT(augment.speed_percent));
  number("augment", "speed_probability", "share of the copies that are", 0, 1, AT(augment.speed_probability));
  number("augment", "noise_probability", "that background noise is mixed in", 0, 1,
         AT(augment.noise_probability));
  number("augment", "noise_snr_low_db", "speech above noise, from", -20, 90, AT(augment.noise_snr_low_db));
  number("augment", "noise_snr_high_db", "to", -20, 90, AT(augment.noise_snr_high_db));
  number("augment", "silence_volume_max", "silence is noise at a volume up to this", 0, 1,
         AT(augment.silence_volume_max));
  number("augment", "pitch_percent", "another voice: higher or lower by up to this", 0, 50,
         AT(augment.pitch_percent));
  number("augment", "pitch_probability", "share of the copies that are", 0, 1, AT(augment.pitch_probability));
  number("augment", "room_probability", "that it sounds in a room", 0, 1, AT(augment.room_probability));
  number("augment", "room_decay_ms_max", "its reverberation lasts up to this", 1, 2000,
         AT(augment.room_decay_ms_max));
  number("augment", "mix_probability", "that another recording is heard behind it", 0, 1,
         AT(augment.mix_probability));
  number("augment", "mix_snr_low_db", "softer by, from", -20, 90, AT(augment.mix_snr_low_db));
  number("augment", "mix_snr_high_db", "to", -20, 90, AT(augment.mix_snr_high_db));
  number("augment", "time_masks", "stretches of time hidden from the network", 0, 10, AT(masks.time_masks));
  number("augment", "time_frames_max", "frames in one, at most", 0, 1000, AT(masks.time_frames_max));
  number("augment", "frequency_masks", "feature rows hidden from the network", 0, 10,
         AT(masks.frequency_masks));
  number("augment", "frequency_max", "values in one, at most", 0, 80, AT(masks.frequency_max));
  const size_t pictures_from = rows.size();
  number("augment.image", "flip_share", "share that are mirrored; the others are extremes either way", 0, 1,
         AT(augment_image.flip_share));
  number("augment.image", "rotate_degrees", "", 0, 180, AT(augment_image.rotate_degrees));
  number("augment.image", "shift_percent", "", 0, 100, AT(augment_image.shift_percent));
  number("augment.image", "zoom_percent", "", 0, 90, AT(augment_image.zoom_percent));
  number("augment.image", "shear_percent", "", 0, 100, AT(augment_image.shear_percent));
  number("augment.image", "brightness_percent", "", 0, 100, AT(augment_image.brightness_percent));
  number("augment.image", "contrast_percent", "", 0, 100, AT(augment_image.contrast_percent));
  number("augment.image", "colour_percent", "", 0, 100, AT(augment_image.colour_percent));
  number("augment.image", "blur_share", "", 0, 1, AT(augment_image.blur_share));
  number("augment.image", "noise_percent", "", 0, 100, AT(augment_image.noise_percent));
  number("augment.image", "cut_out_share", "", 0, 1, AT(augment_image.cut_out_share));
  number("augment.image", "cut_out_percent", "", 0, 100, AT(augment_image.cut_out_percent));
  const size_t motion_from = rows.size();
  number("augment.series", "rotate_degrees", "sensor worn another way, larger or quicker movement; extremes",
         0, 180, AT(augment_series.rotate_degrees));
  number("augment.series", "scale_percent", "", 0, 100, AT(augment_series.scale_percent));
  number("augment.series", "jitter_percent", "", 0, 100, AT(augment_series.jitter_percent));
  number("augment.series", "warp_percent", "", 0, 90, AT(augment_series.warp_percent));
  number("augment.series", "shift_percent", "", 0, 100, AT(augment_series.shift_percent));
  const size_t strokes_from = rows.size();
  number("augment.stroke", "move_percent", "a line drawn elsewhere, larger, turned; extremes", 0, 100,
         AT(augment_stroke.move_percent));
  number("augment.stroke", "scale_percent", "", 0, 100, AT(augment_stroke.scale_percent));
  number("augment.stroke", "rotate_degrees", "", 0, 180, AT(augment_stroke.rotate_degrees));
  show(sound_from, pictures_from, [](const ProjectConfig& c) { return sees(c, SignalKind::audio); });
  show(pictures_from, motion_from, [](const ProjectConfig& c) { return sees(c, SignalKind::image); });
  show(motion_from, strokes_from, [](const ProjectConfig& c) { return sees(c, SignalKind::series); });
  show(strokes_from, rows.size(), [](const ProjectConfig& c) { return sees(c, SignalKind::stroke); });

  other("model", "arch", "tadpole inspect --architectures lists them; \"custom\": [[model.layers]]",
        AT(architecture));
  const auto transfers = [](const ProjectConfig& c) { return !c.transfer_model.empty(); };
  hide_unless([](const ProjectConfig& c) { return c.transfer_model.empty(); });

  other("transfer", "model",
        "a trained float model whose first layers are kept: a .tflite or ONNX file, or \"speech_1\", which "
        "comes "
        "with Tadpole; \"\" = none",
        AT(transfer_model));
  hide_unless(transfers);
  other("transfer", "cut", "the last layer that is kept; \"\" = the one before the last with weights",
        AT(transfer.cut));
  hide_unless(transfers);
  other("transfer", "train_from", "from this kept layer on weights are trained; \"\" = only the new head's",
        AT(transfer.train_from));
  hide_unless(transfers);
  number("transfer", "dropout", "share of the kept layers' answers that the head does without while training",
         0, 0.9, AT(transfer.dropout));
  hide_unless(transfers);
  number("train", "updates", "optimiser steps; small sets need many passes", 1, 1e7, AT(train.updates));
  number("train", "batch", "examples in a step", 1, 65536, AT(train.batch));
  other("train", "optimiser", "sgd, nesterov, rmsprop, adam or adamw", AT(train.optimiser),
        {kOptimisers.begin(), kOptimisers.end()});
  number("train", "learning_rate", "", 1e-9, 100, AT(train.learning_rate));
  other("train", "schedule", "how the learning rate falls: constant, cosine, step or one_cycle",
        AT(train.schedule), {kSchedules.begin(), kSchedules.end()});
  number("train", "warmup_updates", "the learning rate grows over so many steps first", 0, 1e6,
         AT(train.warmup_updates));
  number("train", "step_every", "schedule \"step\": so many steps between two falls", 1, 1e7,
         AT(train.step_every));
  number("train", "step_factor", "schedule \"step\": the rate is multiplied by this", 1e-6, 1,
         AT(train.step_factor));
  number("train", "momentum", "optimisers \"sgd\", \"nesterov\" and \"rmsprop\"", 0, 0.9999,
         AT(train.momentum));
  number("train", "rms_decay", "optimiser \"rmsprop\": memory of its mean square", 0, 0.9999,
         AT(train.rms_decay));
  hide_unless([](const ProjectConfig& c) { return c.train.optimiser == train::Optimiser::rmsprop; });
  number("train", "weight_decay", "optimiser \"adamw\"", 0, 1, AT(train.weight_decay));
  number("train", "clip_norm", "gradients longer than this are shortened to it; 0 = never", 0, 1e9,
         AT(train.clip_norm));
  hide_unless([](const ProjectConfig& c) { return c.train.clip_norm != 0; });
  number("train", "average", "decay of the moving average of the weights, such as 0.999; 0 = none", 0,
         0.99999, AT(train.average));
  hide_unless([](const ProjectConfig& c) { return c.train.average != 0; });
  other("train", "loss", "what training makes small; automatic = by the network's last layer",
        AT(train.loss.kind), {kLosses.begin(), kLosses.end()});
  hide_unless([](const ProjectConfig& c) { return c.train.loss.kind != train::Loss::automatic; });
  number("train", "huber_delta", "loss \"huber\": errors beyond this count straight, not squared", 1e-9, 1e9,
         AT(train.loss.huber_delta));
  hide_unless([](const ProjectConfig& c) { return c.train.loss.kind == train::Loss::huber; });
  number("train", "focal_gamma", "loss \"focal\": how far it looks away from easy examples", 0, 10,
         AT(train.loss.focal_gamma));
  hide_unless([](const ProjectConfig& c) { return c.train.loss.kind == train::Loss::focal; });
  other("train", "balance_classes", "classes count alike, however many recordings each has",
        AT(train.balance_classes));
  hide_unless([](const ProjectConfig& c) { return c.train.balance_classes; });
  other("train", "teacher",
        "a trained float model of the same classes to learn from: a .tflite or a run's folder", AT(teacher));
  const auto has_teacher = [](const ProjectConfig& c) { return !c.teacher.empty(); };
  hide_unless(has_teacher);
  number("train", "teacher_share", "how much the teacher counts beside the labels", 0, 1,
         AT(train.loss.teacher_share));
  hide_unless(has_teacher);
  number("train", "temperature", "how soft the teacher's answers are made", 0.01, 100,
         AT(train.loss.temperature));
  hide_unless(has_teacher);
  number("train", "label_smoothing", "how unsure right answers are taught to be", 0, 0.5,
         AT(train.loss.label_smoothing));
  number("train", "patience", "stop after so many passes without a better validation loss; 0 = never", 0, 1e6,
         AT(train.patience));
  number("train", "seed", "the same seed gives the same network, to the bit", 0, kMaxSeed, AT(train.seed));
  number("train", "threads", "0 = all processors; the result is the same", 0, 256, AT(threads));

  other("quantise", "scheme",
        "int8 (weights and activations of 8 bits), int8_qat (trained on as int8), or int16x8 (activations of "
        "16)",
        AT(scheme), {"int8", "int8_qat", "int16x8"});
  const auto trains_on = [](const ProjectConfig& c) { return c.scheme == "int8_qat"; };
  number("quantise", "updates", "scheme \"int8_qat\": steps of the training as int8", 1, 1e7,
         AT(qat_updates));
  hide_unless(trains_on);
  number("quantise", "learning_rate", "and the rate that it begins with", 1e-9, 100, AT(qat_learning_rate));
  hide_unless(trains_on);
  number("quantise", "calibration_samples", "training clips that set the ranges", 1, 100000,
         AT(calibration_samples));

  const size_t anomaly_from = rows.size();
  number("anomaly", "percentile",
         "task \"anomaly\": so many percent of normal scores lie below the threshold", 0, 100,
         AT(anomaly.percentile));
  number("anomaly", "margin", "and the threshold is that times this", 0.01, 100, AT(anomaly.margin));
  show(anomaly_from, rows.size(), watches);

  const size_t gate_from = rows.size();
  other("gate", "method",
        "what resembles nothing that was learnt gets no class: none, k_means or mahalanobis", AT(gate.method),
        {"none", "k_means", "mahalanobis"});
  const auto gated = [](const ProjectConfig& c) { return c.gate.method != "none"; };
  number("gate", "false_refusals", "percent of the validation side that may be kept out", 0, 50,
         AT(gate.false_refusals));
  number("gate", "centres", "k_means: how many kinds of windows there are", 1, 255, AT(gate.centres));
  show(gate_from + 1, rows.size(), gated);
  rows[gate_from].shown = [](const ProjectConfig& c) { return c.task == "gesture" || c.task == "table"; };

  const size_t threshold_from = rows.size();
  number("threshold", "miss_cost", "tadpole threshold: what it costs not to answer when one should", 0, 1e6,
         AT(threshold.miss_cost));
  number("threshold", "false_accept_cost", "and to answer when one should not", 0, 1e6,
         AT(threshold.false_accept_cost));
  number("threshold", "events_per_hour", "how often one should; 0 = as often as in the samples", 0, 1e6,
         AT(threshold.events_per_hour));
  show(threshold_from, rows.size(), [](const ProjectConfig& c) { return listens(c) || watches(c); });
  number("threshold", "minutes", "of words in noise that it listens to", 1, 120, AT(threshold.minutes));
  hide_unless(listens);

  other("deploy", "board", "tadpole board lists them", AT(deploy.board));
  const size_t listening_from = rows.size();
  number("deploy", "threshold", "averaged score from which a word counts as heard", 0, 1,
         AT(deploy.threshold));
  number("deploy", "average_window_ms", "scores are averaged over so long", 1, 10000,
         AT(deploy.average_window_ms));
  number("deploy", "minimum_count", "inferences that the average must hold", 1, 60, AT(deploy.minimum_count));
  number("deploy", "minimum_span_ms", "and the time that they must span", 0, 10000,
         AT(deploy.minimum_span_ms));
  number("deploy", "suppression_ms", "the same word is not reported again so soon", 0, 60000,
         AT(deploy.suppression_ms));
  number("deploy", "inference_stride_ms", "time from one inference to the next", 5, 5000,
         AT(deploy.inference_stride_ms));
  show(listening_from, rows.size(), listens);
  number("deploy", "ram_limit",
         "bytes for the network's arena; layers are split to stay within; 0 = the board's", 0, 1e9,
         AT(deploy.ram_limit));
  number("deploy", "flash_limit", "bytes for its weights; 0 = close to their own size", 0, 1e9,
         AT(deploy.flash_limit));
  const size_t duty_from = rows.size();
  const auto sleeps = [](const ProjectConfig& c) { return c.deploy.wake_every_ms > 0; };
  number("deploy", "wake_every_ms", "motion: take one window so often and sleep in between; 0 = always awake",
         0, 2e6, AT(deploy.wake_every_ms));
  number("deploy", "sleep_microamps",
         "that the device draws asleep, from its data sheet or measured; 0 = not known", 0, 1e6,
         AT(deploy.sleep_microamps));
  number("deploy", "supply_volts", "at which it draws that", 0.5, 60, AT(deploy.supply_volts));
  number("deploy", "battery_mah", "what the battery holds, in milliampere hours; 0 = not known", 0, 1e6,
         AT(deploy.battery_mah));
  show(duty_from + 1, rows.size(), sleeps);
  rows[duty_from].shown = [](const ProjectConfig& c) { return c.task == "gesture" || watches(c); };
  return rows;
}

#undef AT

}  // namespace

std::span<const std::string_view> optimiser_names() { return kOptimisers; }
std::span<const std::string_view> schedule_names() { return kSchedules; }
std::span<const std::string_view> loss_names() { return kLosses; }

std::span<const Setting> settings() {
  static const std::vector<Setting> rows = make_settings();  // constant after the first call
  return rows;
}

}  // namespace tadpole::project
