#include "data/variants.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/hash.h"
#include "data/cache_files.h"
#include "data/files.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Dataset;
using samples::Side;

constexpr std::string_view kMagic = "TADPVARI";
constexpr uint32_t kVersion = 1;
// magic; version, size, all rows, rows in the file, CRC-32; key
constexpr size_t kHeaderBytes = 8 + 5 * 4 + kCacheKeyBytes;
constexpr uint32_t kRowsAChunk = 256;
constexpr uint32_t kAbsent = 0, kBeingMade = 1, kFirstSlot = 2;

bool is_silence(const Dataset& data, size_t index) {
  const auto target = static_cast<size_t>(data.target[index]);
  return target < data.classes.size() && data.classes[target] == samples::kSilenceName;
}

// The middle of a clip's length, with zeros where there is nothing, as FeatureBlock::extract sees it.
std::vector<int16_t> fitted(std::span<const int16_t> pcm, size_t length) {
  std::vector<int16_t> out(length, 0);
  if (pcm.size() >= length) {
    const auto from = pcm.subspan((pcm.size() - length) / 2, length);
    std::copy(from.begin(), from.end(), out.begin());
  } else {
    std::copy(pcm.begin(), pcm.end(), out.begin() + static_cast<long>((length - pcm.size()) / 2));
  }
  return out;
}

// Everything that the variants depend on, hashed.
std::string key_of(const Dataset& data, const std::vector<std::string>& hashes,
                   const features::FeatureBlock& block, const VariantOptions& options) {
  std::string text = block.fingerprint() + "\n" + options.fingerprint(block.kind()) + "\n";
  for (size_t i = 0; i < data.samples.size(); ++i) {
    text += hashes[i] + (data.side[i] == Side::train ? " train" : "") +
            (is_silence(data, i) ? " silence\n" : "\n");
  }
  for (size_t i = 0; i < data.noise.size(); ++i) {
    if (data.noise_side[i] == Side::train) text += "noise " + signal_hash(data.noise[i]) + "\n";
  }
  return sha256_hex({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace

/// Makes one variant, from any thread.
class VariantMaker {
 public:
  VariantMaker(const Dataset& data, std::vector<std::string> hashes, const features::FeatureBlock& block,
               const VariantOptions& options)
      : data_(data), hashes_(std::move(hashes)), block_(block), options_(options) {
    for (size_t i = 0; i < data.noise.size(); ++i) {
      if (data.noise_side[i] == Side::train) noise_.emplace_back(data.noise[i].audio().pcm);
    }
    if (options.sound.mix_probability <= 0 || block.kind() != features::SignalKind::audio) return;
    for (const int i : data.indices(Side::train))
      others_.emplace_back(data.samples[static_cast<size_t>(i)].audio().pcm);
  }

  std::vector<int16_t> make(size_t index, int variant) const {
    // Seeded by the signal itself, so that adding a recording does not change the variants of the others.
    Rng rng = Rng(options_.sound.seed).fork(hashes_[index] + "/" + std::to_string(variant));
    const samples::Signal& signal = *data_.samples[index].signal;
    if (const auto* image = std::get_if<samples::Image>(&signal))
      return block_.extract(samples::Signal(samples::augment(*image, options_.image, rng)));
    if (const auto* series = std::get_if<samples::Series>(&signal))
      return block_.extract(samples::Signal(samples::augment(*series, options_.series, rng)));
    if (const auto* stroke = std::get_if<samples::Stroke>(&signal))
      return block_.extract(samples::Signal(samples::augment(*stroke, options_.stroke, rng)));
    return block_.extract(varied_sound(index, rng));
  }

 private:
  std::vector<int16_t> varied_sound(size_t index, Rng& rng) const {
    const samples::AugmentOptions& options = options_.sound;
    const auto length = static_cast<size_t>(block_.clip_samples());
    if (is_silence(data_, index) && !noise_.empty()) {
      const float volume = rng.uniform(0, options.silence_volume_max);
      return samples::noise_clip(noise_, static_cast<int>(length), volume, rng);
    }
    return samples::augment(fitted(data_.samples[index].audio().pcm, length), block_.config().sample_rate_hz,
                            noise_, options, rng, others_);
  }

  const Dataset& data_;
  const std::vector<std::string> hashes_;  // of every sample that is made
  const features::FeatureBlock block_;
  const VariantOptions options_;
  samples::NoiseBank noise_, others_;
};

std::string VariantOptions::fingerprint(features::SignalKind kind) const {
  const std::string base =
      "variants=" + std::to_string(sound.variants) + " seed=" + std::to_string(sound.seed) + " ";
  switch (kind) {
    case features::SignalKind::image:
      return base + image.fingerprint();
    case features::SignalKind::series:
      return base + series.fingerprint();
    case features::SignalKind::stroke:
      return base + stroke.fingerprint();
    case features::SignalKind::audio:
      break;
  }
  return sound.fingerprint();
}

Variants::Variants(const Dataset& data, const FeatureSet& features, const features::FeatureBlock& block,
                   const VariantOptions& options)
    : size_(block.size()),
      count_(std::max(0, options.sound.variants)),
      samples_(data.indices(Side::train)),
      maker_(std::make_unique<const VariantMaker>(data, features.signal_hashes, block, options)),
      key_(key_of(data, features.signal_hashes, block, options)) {
  const size_t rows = samples_.size() * static_cast<size_t>(count_);
  states_ = std::vector<std::atomic<uint32_t>>(rows);
  chunks_.resize((rows + kRowsAChunk - 1) / kRowsAChunk);
}

Variants::~Variants() = default;

std::unique_ptr<Variants> Variants::open(const Dataset& data, const FeatureSet& features,
                                         const features::FeatureBlock& block, const VariantOptions& options,
                                         const std::string& cache_folder, Progress& progress) {
  auto variants = std::unique_ptr<Variants>(new Variants(data, features, block, options));
  if (cache_folder.empty() || variants->count_ == 0) return variants;
  variants->path_ = cache_path(cache_folder, variants->key_, ".variants");
  std::error_code failed;
  const uint64_t bytes = fs::file_size(variants->path_, failed);
  if (failed) return variants;  // there is none yet
  Result<void> read;
  if (auto stream = open_stream(variants->path_); stream.ok())
    read = variants->read(**stream, bytes);
  else
    read = stream.error();
  if (!read.ok())
    progress.say(variants->path_ + ": " + read.error().detail + ". The variants are made anew.");
  return variants;
}

std::span<int16_t> Variants::slot(uint32_t number) {
  const auto size = static_cast<size_t>(size_);
  return {chunks_[number / kRowsAChunk].get() + (number % kRowsAChunk) * size, size};
}

/// Where `features` are from now on.
uint32_t Variants::store(std::span<const int16_t> features) {
  const std::lock_guard lock(growing_);
  const uint32_t number = rows_;
  std::unique_ptr<int16_t[]>& chunk = chunks_[number / kRowsAChunk];
  if (!chunk) chunk = std::make_unique_for_overwrite<int16_t[]>(kRowsAChunk * static_cast<size_t>(size_));
  std::copy(features.begin(), features.end(), slot(number).begin());
  rows_ = number + 1;
  return number;
}

std::span<const int16_t> Variants::row(int place, int variant) {
  std::atomic<uint32_t>& state =
      states_[static_cast<size_t>(place) * static_cast<size_t>(count_) + static_cast<size_t>(variant)];
  uint32_t seen = state.load(std::memory_order_acquire);
  while (seen < kFirstSlot) {
    if (seen == kBeingMade) {
      state.wait(kBeingMade, std::memory_order_acquire);
      seen = state.load(std::memory_order_acquire);
    } else if (state.compare_exchange_weak(seen, kBeingMade, std::memory_order_acq_rel)) {
      try {
        seen = kFirstSlot +
               store(maker_->make(static_cast<size_t>(samples_[static_cast<size_t>(place)]), variant));
      } catch (...) {  // out of memory: those who wait try it themselves
        state.store(kAbsent, std::memory_order_release);
        state.notify_all();
        throw;
      }
      state.store(seen, std::memory_order_release);
      state.notify_all();
    }
  }
  return slot(seen - kFirstSlot);
}

Result<void> Variants::keep() {
  if (path_.empty() || rows_ == rows_kept_) return {};
  std::vector<uint32_t> numbers(rows_);
  for (size_t i = 0; i < states_.size(); ++i) {
    if (states_[i] >= kFirstSlot) numbers[states_[i] - kFirstSlot] = static_cast<uint32_t>(i);
  }
  uint8_t header[kHeaderBytes];
  std::vector<std::span<const uint8_t>> pieces = {
      header, {reinterpret_cast<const uint8_t*>(numbers.data()), 4 * numbers.size()}};
  for (uint32_t first = 0; first < rows_; first += kRowsAChunk) {
    const size_t rows = std::min(kRowsAChunk, rows_ - first);
    pieces.push_back(cache_bytes(std::span<const int16_t>(slot(first).data(), rows * slot(first).size())));
  }
  uint32_t checksum = 0;
  for (size_t i = 1; i < pieces.size(); ++i) checksum = base::crc32(pieces[i], checksum);
  const uint32_t words[5] = {kVersion, static_cast<uint32_t>(size_), static_cast<uint32_t>(states_.size()),
                             rows_, checksum};
  std::memcpy(header, kMagic.data(), kMagic.size());
  std::memcpy(header + 8, words, sizeof words);
  std::memcpy(header + 8 + sizeof words, key_.data(), kCacheKeyBytes);
  TADPOLE_CHECK(write_cache(path_, pieces));
  rows_kept_ = rows_;
  return {};
}

Result<void> Variants::read(ByteStream& stream, uint64_t bytes) {
  uint8_t begin[kHeaderBytes];
  TADPOLE_TRY(const size_t got, stream.read(begin));
  if (got < kHeaderBytes) return cache_damage("it ends within its header");
  if (std::memcmp(begin, kMagic.data(), kMagic.size()) != 0) return cache_damage("it holds no variants");
  uint32_t words[5];
  std::memcpy(words, begin + 8, sizeof words);
  const auto [version, size, all, rows, checksum] = words;
  if (version != kVersion) {
    return cache_damage("it is of version " + std::to_string(version) + ", this Tadpole reads " +
                        std::to_string(kVersion));
  }
  if (std::memcmp(begin + 8 + sizeof words, key_.data(), kCacheKeyBytes) != 0)
    return cache_damage("it is of other data or settings");
  // rows is at most the number of states, size an int, so the product fits.
  if (size != static_cast<uint32_t>(size_) || all != states_.size() || rows > all ||
      bytes != kHeaderBytes + uint64_t{rows} * (4 + 2 * uint64_t{size})) {
    return cache_damage("its size does not fit its header");
  }
  const Result<void> read = read_rows(stream, rows, checksum);
  if (!read.ok()) {
    for (std::atomic<uint32_t>& state : states_) state = kAbsent;
    rows_ = 0;
  }
  rows_kept_ = rows_;
  return read;
}

Result<void> Variants::read_rows(ByteStream& stream, uint32_t rows, uint32_t checksum) {
  std::vector<uint32_t> numbers(rows);
  const std::span<uint8_t> number_bytes(reinterpret_cast<uint8_t*>(numbers.data()), 4 * numbers.size());
  TADPOLE_TRY(const size_t read_numbers, stream.read(number_bytes));
  if (read_numbers != number_bytes.size()) return cache_damage("it ends too early");
  uint32_t sum = base::crc32(number_bytes, 0);
  for (uint32_t i = 0; i < rows; ++i) {
    if (numbers[i] >= states_.size() || states_[numbers[i]] != kAbsent)
      return cache_damage("it names a variant that there is not, or twice");
    states_[numbers[i]] = kFirstSlot + i;
  }
  for (uint32_t first = 0; first < rows; first += kRowsAChunk) {
    chunks_[first / kRowsAChunk] =
        std::make_unique_for_overwrite<int16_t[]>(kRowsAChunk * static_cast<size_t>(size_));
    const size_t count = std::min(kRowsAChunk, rows - first);
    const std::span<uint8_t> row_bytes =
        cache_bytes(std::span<int16_t>(slot(first).data(), count * slot(first).size()));
    TADPOLE_TRY(const size_t read, stream.read(row_bytes));
    if (read != row_bytes.size()) return cache_damage("it ends too early");
    sum = base::crc32(row_bytes, sum);
  }
  if (sum != checksum) return cache_damage("its checksum is wrong");
  rows_ = rows;
  return {};
}

std::vector<std::vector<int16_t>> varied_features(const Dataset& data, size_t sample, int count,
                                                  const features::FeatureBlock& block,
                                                  const VariantOptions& options) {
  std::vector<std::string> hashes(data.samples.size());
  hashes[sample] = signal_hash(data.samples[sample]);
  const VariantMaker maker(data, std::move(hashes), block, options);
  std::vector<std::vector<int16_t>> rows;
  for (int variant = 0; variant < count; ++variant) rows.push_back(maker.make(sample, variant));
  return rows;
}

}  // namespace tadpole::data
