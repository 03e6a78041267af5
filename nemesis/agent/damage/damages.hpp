// Damage to files at rest: which bits are flipped, what is cut, which chunk is copied where.
//
// A file is seen as chunks, as in Jepsen's nemesis of that kind. Which of them are damaged follows
// from a seed, a file's name and a chunk's number alone, so nodes with the same seed damage the
// same chunks, as far as their files are equally long; and a node can be confined to every n-th
// chunk, so that no chunk is damaged on two nodes (Jepsen's helix).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nemesis/agent/damage/data_files.hpp"
#include "nemesis/agent/damage/patches.hpp"

namespace gauntlet::damage {

struct ChunkChoice {
  std::uint64_t seed = 0;
  std::uint64_t chunk_bytes = 4096;  ///< 512 or more
  /// Only chunks whose number is `remainder` modulo `modulus`.
  std::uint64_t modulus = 1, remainder = 0;
};

/// Numbers of the chunks of a file of `used` bytes that may be damaged, in the order in which they
/// are to be. Also of one that is cut off by the file's end. At most 4 million are looked at.
std::vector<std::uint64_t> chunks_in_order(const ChunkChoice& choice, const std::string& path,
                                           std::uint64_t used);

/// Each makes patches and changes nothing. `folder` is that of `file`.
///
/// Exactly `bits` bits, dealt to the chunks in their order; of fewer where the file has less than
/// twice as many, half of them.
Result<std::vector<Patch>> flip_bits(const std::string& folder, const DataFile& file,
                                     const ChunkChoice& choice, std::uint64_t bits);
/// A bit of each chunk with this probability.
Result<std::vector<Patch>> flip_with(const std::string& folder, const DataFile& file,
                                     const ChunkChoice& choice, double probability);
/// The last `bytes` of what is used are gone, and all zeros behind them.
Result<std::vector<Patch>> cut_tail(const std::string& folder, const DataFile& file,
                                    std::uint64_t bytes);
/// `chunks` whole chunks get the contents of others of the file that differ from theirs.
Result<std::vector<Patch>> copy_chunks(const std::string& folder, const DataFile& file,
                                       const ChunkChoice& choice, std::uint64_t chunks);

/// What a patch has done, read back from the file.
struct Effect {
  std::uint64_t bits = 0;   ///< that differ, of the bytes that are there
  std::uint64_t bytes = 0;  ///< that are gone
};
Result<Effect> effect_of(const std::string& folder, const Patch& patch);

}  // namespace gauntlet::damage
