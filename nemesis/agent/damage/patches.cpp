#include "nemesis/agent/damage/patches.hpp"

#include <array>

#include "base/integer.hpp"
#include "nemesis/agent/damage/data_files.hpp"

namespace gauntlet::damage {

namespace {

constexpr std::string_view first_line = "gauntlet patches 1\n";

/// Takes what it is given apart; any part that is missing makes it unsound for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  bool sound() const { return sound_; }
  bool at_end() const { return rest_.empty(); }

  std::string take(std::uint64_t bytes) {
    sound_ = sound_ && bytes <= rest_.size();
    if (!sound_) return {};
    std::string part(rest_.substr(0, bytes));
    rest_.remove_prefix(bytes);
    return part;
  }
  /// A number and the blank or newline behind it.
  std::uint64_t number() {
    const std::size_t end = std::min(rest_.find_first_of(" \n"), rest_.size());
    const auto value = integer_from(rest_.substr(0, end));
    sound_ = sound_ && end < rest_.size() && value && *value >= 0;
    if (!sound_) return 0;
    rest_.remove_prefix(end + 1);
    return static_cast<std::uint64_t>(*value);
  }

 private:
  std::string_view rest_;
  bool sound_ = true;
};

bool leads_out(const std::string& path) {
  return path.empty() || path.find('\0') != std::string::npos || path[0] == '/' ||
         ("/" + path + "/").find("/../") != std::string::npos;
}

/// Of a file that was cut: whether it holds the begin of what it held before, and nothing else. A
/// database that repairs its log cuts off what is left of the last record as well.
Result<bool> still_cut(const std::string& file, const Patch& patch) {
  const auto used = used_length(file);
  if (!used) return used.error();
  if (*used < patch.at || *used > patch.end()) return *used == 0 && patch.at == 0;
  const auto now = read_range(file, patch.at, *used - patch.at);
  if (!now) return now.error();
  return patch.before.starts_with(*now);
}

Result<bool> still_damaged(const std::string& file, const Patch& patch) {
  if (patch.cuts()) return still_cut(file, patch);
  const auto now = read_range(file, patch.at, patch.after.size());
  if (!now) return now.error();
  return *now == patch.after;
}

}  // namespace

Result<void> save_patches(const std::string& path, const std::vector<Patch>& patches) {
  std::uint64_t bytes = 0;
  for (const Patch& patch : patches)
    bytes += patch.before.size() + patch.after.size() + patch.path.size();
  if (bytes > patch_bytes_max)
    return failure(ErrorKind::resource, "more than 128 MiB would have to be saved");
  std::string text(first_line);
  text.reserve(bytes + patches.size() * 100);
  for (const Patch& patch : patches) {
    for (const std::uint64_t number : {patch.at, patch.size, std::uint64_t{patch.path.size()},
                                       std::uint64_t{patch.before.size()}})
      text += std::to_string(number) + " ";
    text += std::to_string(patch.after.size()) + "\n" + patch.path + patch.before + patch.after;
  }
  return write_whole(path, text);
}

Result<std::vector<Patch>> load_patches(const std::string& path) {
  const auto text = read_whole(path, 2 * patch_bytes_max);
  if (!text) return text.error();
  Reader reader(*text);
  bool sound = reader.take(first_line.size()) == first_line;
  std::vector<Patch> patches;
  while (sound && !reader.at_end()) {
    Patch patch;
    patch.at = reader.number();
    patch.size = reader.number();
    const std::uint64_t path_bytes = reader.number();
    const std::uint64_t before_bytes = reader.number();
    const std::uint64_t after_bytes = reader.number();
    patch.path = reader.take(path_bytes);
    patch.before = reader.take(before_bytes);
    patch.after = reader.take(after_bytes);
    sound = reader.sound() && !leads_out(patch.path) && patch.after.size() <= patch.before.size() &&
            patch.at <= patch.size && patch.before.size() <= patch.size - patch.at;
    patches.push_back(std::move(patch));
  }
  if (!sound) return failure(ErrorKind::input, path + ": not what was saved");
  return patches;
}

Result<void> apply_patches(const std::string& folder, const std::vector<Patch>& patches) {
  for (const Patch& patch : patches) {
    const std::string file = folder + "/" + patch.path;
    const auto done =
        patch.cuts() ? resize(file, patch.end()) : write_range(file, patch.at, patch.after);
    if (!done) return done;
  }
  return {};
}

Result<std::size_t> undo_patches(const std::string& folder, const std::vector<Patch>& patches,
                                 bool surely) {
  std::size_t undone = 0;
  for (const Patch& patch : patches) {
    const std::string file = folder + "/" + patch.path;
    const auto damaged = still_damaged(file, patch);
    if (!damaged || (!*damaged && !surely)) continue;  // a file that is gone is as good as changed
    if (auto written = write_range(file, patch.at, patch.before); !written) return written.error();
    if (patch.cuts()) {
      if (auto sized = resize(file, patch.size); !sized) return sized.error();
    }
    ++undone;
  }
  return undone;
}

}  // namespace gauntlet::damage
