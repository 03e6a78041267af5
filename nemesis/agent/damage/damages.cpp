#include "nemesis/agent/damage/damages.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "base/random.hpp"

namespace gauntlet::damage {

namespace {

constexpr std::uint64_t chunks_max = 4'000'000;
constexpr std::uint64_t block_bytes = 4096;  ///< what is compared and put back at once

/// The randomness of one chunk of one file.
class ChunkRandom {
 public:
  ChunkRandom(const ChunkChoice& choice, const std::string& path)
      : base_(Random(choice.seed).fork(path).next()) {}
  std::uint64_t weight(std::uint64_t chunk) const { return Random(base_ + chunk).next(); }
  Random draws(std::uint64_t chunk) const { return Random(base_ + chunk).fork("draws"); }

 private:
  std::uint64_t base_;
};

/// Patches that flip `bits` (numbers from the file's begin), a block each.
Result<std::vector<Patch>> patches_of(const std::string& folder, const DataFile& file,
                                      const std::set<std::uint64_t>& bits) {
  std::vector<Patch> patches;
  for (const std::uint64_t bit : bits) {
    const std::uint64_t at = bit / 8 / block_bytes * block_bytes;
    if (patches.empty() || patches.back().at != at) {
      Patch patch{file.path, at, file.size, {}, {}};
      auto before = read_range(folder + "/" + file.path, at, std::min(block_bytes, file.used - at));
      if (!before) return before.error();
      patch.before = *before;
      patch.after = std::move(*before);
      patches.push_back(std::move(patch));
    }
    const std::uint64_t byte = bit / 8 - at;
    if (byte >= patches.back().after.size())
      return failure(ErrorKind::conflict, file.path + ": it became shorter");
    patches.back().after[byte] = static_cast<char>(patches.back().after[byte] ^ (1 << bit % 8));
  }
  return patches;
}

}  // namespace

std::vector<std::uint64_t> chunks_in_order(const ChunkChoice& choice, const std::string& path,
                                           std::uint64_t used) {
  const std::uint64_t count = (used + choice.chunk_bytes - 1) / choice.chunk_bytes;
  const ChunkRandom random(choice, path);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> weighed;
  for (std::uint64_t chunk = choice.remainder; chunk < count && weighed.size() < chunks_max;
       chunk += choice.modulus)
    weighed.emplace_back(random.weight(chunk), chunk);
  std::ranges::sort(weighed);
  std::vector<std::uint64_t> chunks;
  chunks.reserve(weighed.size());
  for (const auto& [weight, chunk] : weighed)
    chunks.push_back(chunk);
  return chunks;
}

Result<std::vector<Patch>> flip_bits(const std::string& folder, const DataFile& file,
                                     const ChunkChoice& choice, std::uint64_t bits) {
  const auto chunks = chunks_in_order(choice, file.path, file.used);
  const ChunkRandom random(choice, file.path);
  const auto bits_of = [&](std::uint64_t chunk) {
    const std::uint64_t begin = chunk * choice.chunk_bytes;
    return 8 * (std::min(begin + choice.chunk_bytes, file.used) - begin);
  };
  std::uint64_t all = 0;
  for (const std::uint64_t chunk : chunks)
    all += bits_of(chunk);
  const std::uint64_t wanted = std::min(bits, all / 2);
  std::set<std::uint64_t> chosen;
  std::map<std::uint64_t, Random> draws;
  for (std::uint64_t turn = 0; chosen.size() < wanted; ++turn) {
    const std::uint64_t chunk = chunks[turn % chunks.size()];
    Random& draw = draws.try_emplace(chunk, random.draws(chunk)).first->second;
    chosen.insert(8 * chunk * choice.chunk_bytes + draw.below(bits_of(chunk)));
  }
  return patches_of(folder, file, chosen);
}

Result<std::vector<Patch>> flip_with(const std::string& folder, const DataFile& file,
                                     const ChunkChoice& choice, double probability) {
  const ChunkRandom random(choice, file.path);
  std::set<std::uint64_t> chosen;
  for (const std::uint64_t chunk : chunks_in_order(choice, file.path, file.used)) {
    Random draw = random.draws(chunk);
    if (!draw.chance(probability)) continue;
    const std::uint64_t begin = chunk * choice.chunk_bytes;
    const std::uint64_t end = std::min(begin + choice.chunk_bytes, file.used);
    chosen.insert(8 * begin + draw.below(8 * (end - begin)));
  }
  return patches_of(folder, file, chosen);
}

Result<std::vector<Patch>> cut_tail(const std::string& folder, const DataFile& file,
                                    std::uint64_t bytes) {
  const std::uint64_t cut = std::min(bytes, file.used);
  const std::uint64_t end = file.used - cut;
  // With some of what stays, by which the file is recognized when the tail is put back.
  const std::uint64_t kept = std::min(end, block_bytes);
  auto before = read_range(folder + "/" + file.path, end - kept, kept + cut);
  if (!before) return before.error();
  if (before->size() != kept + cut)
    return failure(ErrorKind::conflict, file.path + ": it became shorter");
  Patch patch{file.path, end - kept, file.size, {}, before->substr(0, kept)};
  patch.before = std::move(*before);
  return std::vector<Patch>{std::move(patch)};
}

Result<std::vector<Patch>> copy_chunks(const std::string& folder, const DataFile& file,
                                       const ChunkChoice& choice, std::uint64_t chunks) {
  constexpr int tries_max = 16;
  const std::string path = folder + "/" + file.path;
  const std::uint64_t whole = file.used / choice.chunk_bytes;
  const ChunkRandom random(choice, file.path);
  const auto content_of = [&](std::uint64_t chunk) {
    return read_range(path, chunk * choice.chunk_bytes, choice.chunk_bytes);
  };
  std::vector<Patch> patches;
  for (const std::uint64_t chunk : chunks_in_order(choice, file.path, file.used)) {
    if (patches.size() >= chunks) break;
    if (chunk >= whole) continue;
    Random draw = random.draws(chunk);
    auto before = content_of(chunk);
    if (!before) return before.error();
    for (int attempt = 0; attempt < tries_max; ++attempt) {
      auto other = content_of(draw.below(whole));
      if (!other) return other.error();
      if (*other == *before || other->size() != before->size()) continue;
      patches.push_back({file.path, chunk * choice.chunk_bytes, file.size, std::move(*before),
                         std::move(*other)});
      break;
    }
    if (patches.size() * 2 * choice.chunk_bytes > patch_bytes_max)
      return failure(ErrorKind::resource, "more than 128 MiB would have to be saved");
  }
  return patches;
}

Result<Effect> effect_of(const std::string& folder, const Patch& patch) {
  const auto now = read_range(folder + "/" + patch.path, patch.at, patch.before.size());
  if (!now) return now.error();
  Effect effect;
  effect.bytes = patch.before.size() - now->size();
  for (std::size_t i = 0; i < now->size(); ++i)
    effect.bits += static_cast<std::uint64_t>(
        std::popcount(static_cast<unsigned char>((*now)[i] ^ patch.before[i])));
  return effect;
}

}  // namespace gauntlet::damage
