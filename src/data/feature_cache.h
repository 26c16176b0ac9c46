// Features of all samples and of varied copies of the training samples, made once and kept on disk, so that
// hundreds of passes of training cost nothing but reading them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "base/workers.h"
#include "data/byte_stream.h"
#include "features/feature_block.h"
#include "samples/augment.h"
#include "samples/augment_image.h"
#include "samples/augment_motion.h"
#include "samples/dataset.h"

namespace tadpole::data {

/// How samples of each kind are varied; sound.variants and sound.seed count for every kind.
struct VariantOptions {
  samples::AugmentOptions sound{};
  samples::ImageAugment image{};
  samples::SeriesAugment series{};
  samples::StrokeAugment stroke{};

  std::string fingerprint(features::SignalKind kind) const;
};

struct FeatureSet {
  int size = 0;                ///< features of one example: FeatureBlock::size()
  std::vector<int16_t> plain;  ///< [samples, size], unchanged recordings in the order of the Dataset
  int variants = 0;
  std::vector<int16_t> augmented;  ///< [train samples, variants, size]
  std::vector<int> train_indices;  ///< the sample of each row block of `augmented`: data.indices(Side::train)
  bool from_cache = false;

  std::span<const int16_t> plain_row(int sample) const;
  std::span<const int16_t> augmented_row(int train_sample, int variant) const;
};

/// Features of every sample and of options.sound.variants variants of each training sample (silence: other
/// cuts of the noise). Only noise of the training side is mixed in. Same samples and settings, same bits,
/// whatever the threads. With a cache_folder ("" = none) the result is kept there in one file, whose name is
/// a hash of the sounds, the block's fingerprint and the augmentation; a damaged file is reported by `say`
/// and made anew; the 8 latest files are kept. A cache that cannot be written is reported, not an error.
/// Fails: features_bad_setting (sample rates differ), cancelled.
Result<FeatureSet> features_of(const samples::Dataset& data, const features::FeatureBlock& block,
                               const VariantOptions& options, const std::string& cache_folder,
                               Workers& workers, Progress& progress);

/// The features of variants 0, 1, ... `count` - 1 of one sample, as features_of makes them: to be looked at.
std::vector<std::vector<int16_t>> varied_features(const samples::Dataset& data, size_t sample, int count,
                                                  const features::FeatureBlock& block,
                                                  const VariantOptions& options);

/// What the file begins with: "TADPFEAT", version, counts, CRC-32 of the features, key. Plain and augmented
/// features follow as int16; all is little-endian.
std::vector<uint8_t> features_header(const FeatureSet& set, const std::string& key);

/// The features of a file of `bytes` bytes, read straight into their place. `samples` and `train_indices` are
/// what the caller's Dataset has. Fails with cache_damaged, saying what is wrong (magic, version, key, sizes,
/// checksum), and as ByteStream::read.
Result<FeatureSet> decode_features(ByteStream& stream, uint64_t bytes, const std::string& key, size_t samples,
                                   std::vector<int> train_indices);

}  // namespace tadpole::data
