// Features of all samples, made once and kept on disk, so that hundreds of passes of training cost nothing
// but reading them. Their varied copies are in data/variants.h.
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
#include "samples/dataset.h"

namespace tadpole::data {

struct FeatureSet {
  int size = 0;                ///< features of one example: FeatureBlock::size()
  std::vector<int16_t> plain;  ///< [samples, size], unchanged recordings in the order of the Dataset
  std::vector<std::string> signal_hashes;  ///< of each sample: what its features are made from
  bool from_cache = false;

  std::span<const int16_t> plain_row(int sample) const;
};

/// Features of every sample. Same samples and settings, same bits, whatever the threads. With a cache_folder
/// ("" = none) the result is kept there in one file, whose name is a hash of the signals and the block's
/// fingerprint; a damaged file is reported by `say` and made anew; the 8 latest files are kept. A cache that
/// cannot be written is reported, not an error. Fails: features_bad_setting (sample rates differ), cancelled.
Result<FeatureSet> features_of(const samples::Dataset& data, const features::FeatureBlock& block,
                               const std::string& cache_folder, Workers& workers, Progress& progress);

/// SHA-256 of what the sensor gave, in hexadecimal; sizes and names where the values do not say enough.
std::string signal_hash(const samples::Sample& sample);

/// What the file begins with: "TADPFEAT", version, counts, CRC-32 of the features, key. The features follow
/// as int16; all is little-endian.
std::vector<uint8_t> features_header(const FeatureSet& set, const std::string& key);

/// The features of a file of `bytes` bytes, read straight into their place. `samples` is how many the
/// caller's Dataset has. Fails with cache_damaged, saying what is wrong (magic, version, key, sizes,
/// checksum), and as ByteStream::read.
Result<FeatureSet> decode_features(ByteStream& stream, uint64_t bytes, const std::string& key,
                                   size_t samples);

}  // namespace tadpole::data
