#include "nemesis/agent/damage/damage.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include "base/descriptor.hpp"
#include "base/integer.hpp"
#include "base/random.hpp"
#include "nemesis/agent/damage/damages.hpp"
#include "nemesis/agent/damage/data_files.hpp"
#include "nemesis/agent/damage/old_state.hpp"
#include "nemesis/agent/damage/patches.hpp"

namespace gauntlet::damage {

namespace {

namespace fs = std::filesystem;

bool there(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

Result<void> remove(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return error ? failure(ErrorKind::resource, path + ": " + error.message()) : Result<void>();
}

/// NAME=VALUE words, with their ranges.
class Settings {
 public:
  explicit Settings(const std::vector<std::string>& words) {
    for (const auto& word : words) {
      const std::size_t equals = std::min(word.find('='), word.size());
      values_[word.substr(0, equals)] = word.substr(std::min(equals + 1, word.size()));
    }
  }
  std::string text(const std::string& name, const std::string& otherwise) {
    const auto at = values_.find(name);
    return at == values_.end() ? otherwise : at->second;
  }
  std::uint64_t number(const std::string& name, std::int64_t otherwise, std::int64_t least,
                       std::int64_t most) {
    const auto value = integer_from(text(name, std::to_string(otherwise)));
    if (value && *value >= least && *value <= most) return static_cast<std::uint64_t>(*value);
    unsound_ = name;
    return static_cast<std::uint64_t>(least);
  }
  double probability() {
    const std::string given = text("probability", "0");
    double value = -1;
    const auto [at, error] = std::from_chars(given.data(), given.data() + given.size(), value);
    if (error == std::errc() && at == given.data() + given.size() && value >= 0 && value <= 1)
      return value;
    unsound_ = "probability";
    return 0;
  }
  /// The name of a setting that made no sense, or "".
  const std::string& unsound() const { return unsound_; }

 private:
  std::map<std::string, std::string> values_;
  std::string unsound_;
};

ChunkChoice choice_from(Settings& settings) {
  ChunkChoice choice;
  choice.seed = settings.number("seed", 0, 0, INT64_MAX);
  if (const auto salt = settings.number("salt", 0, 0, 10'000); salt > 0)
    choice.seed = Random(choice.seed + salt).next();
  choice.chunk_bytes = settings.number("chunk", 4096, 512, 16 << 20);
  choice.modulus = settings.number("modulus", 1, 1, 10'000);
  choice.remainder = settings.number("remainder", 0, 0, 9'999);
  return choice;
}

/// The patches for one file.
Result<std::vector<Patch>> plan_for(const std::string& action, const std::string& folder,
                                    const DataFile& file, Settings& settings) {
  const ChunkChoice choice = choice_from(settings);
  if (action == "truncate")
    return cut_tail(folder, file, settings.number("bytes", 64, 1, 16 << 20));
  if (action == "copy")
    return copy_chunks(folder, file, choice, settings.number("chunks", 1, 1, 1000));
  const double probability = settings.probability();
  if (probability > 0) return flip_with(folder, file, choice, probability);
  return flip_bits(folder, file, choice, settings.number("bits", 1, 1, 10'000));
}

Result<std::vector<Patch>> plan_patches(const std::string& action, const std::string& folder,
                                        Settings& settings) {
  const std::string pick = settings.text("pick", "largest");
  const std::string pattern = settings.text("files", "*");
  const auto all = data_files(folder, pattern);
  if (!all) return all.error();
  if (all->empty()) return failure(ErrorKind::resource, "no file matches '" + pattern + "'");
  std::vector<Patch> patches;
  std::uint64_t bytes = 0;
  for (const auto& file : pick_files(*all, pick, settings.number("seed", 0, 0, INT64_MAX))) {
    auto some = plan_for(action, folder, file, settings);
    if (!some) return some;
    for (Patch& patch : *some) {
      bytes += patch.before.size() + patch.after.size();
      patches.push_back(std::move(patch));
    }
    if (bytes > patch_bytes_max)
      return failure(ErrorKind::resource, "more than 128 MiB would have to be saved");
  }
  if (!settings.unsound().empty())
    return failure(ErrorKind::usage, settings.unsound() + " makes no sense");
  return patches;
}

/// What has come of the patches, by what is in the files now.
Result<std::string> report_of(const std::string& action, const std::string& folder,
                              const std::vector<Patch>& patches) {
  std::uint64_t bits = 0, bytes = 0, chunks = 0;
  std::set<std::string> files;
  for (const Patch& patch : patches) {
    const auto effect = effect_of(folder, patch);
    if (!effect) return effect.error();
    bits += effect->bits;
    bytes += effect->bytes;
    const bool changed = effect->bits + effect->bytes > 0;
    chunks += changed ? 1 : 0;
    if (changed) files.insert(patch.path);
  }
  std::string text;
  if (action == "flip") text = std::to_string(bits) + " bits flipped";
  if (action == "truncate") text = std::to_string(bytes) + " bytes cut off";
  if (action == "copy") text = std::to_string(chunks) + " chunks overwritten by others";
  if (files.empty()) return text + "\n";
  text += files.size() == 1 ? " in " + *files.begin()
                            : " in " + std::to_string(files.size()) + " files";
  return text + "\n";
}

Result<std::string> damage_files(const std::string& action, const std::string& folder,
                                 const std::string& saved, Settings& settings) {
  const std::string file = saved + "/patches";
  if (there(file)) {  // it was cut short
    const auto patches = load_patches(file);
    if (!patches) return patches.error();
    const auto undone = undo_patches(folder, *patches, true);
    if (!undone) return undone.error();
  }
  const auto patches = plan_patches(action, folder, settings);
  if (!patches) return patches.error();
  if (auto kept = save_patches(file, *patches); !kept) return kept.error();
  if (auto applied = apply_patches(folder, *patches); !applied) return applied.error();
  return report_of(action, folder, *patches);
}

/// In one step, so that what is there is whole.
Result<FolderSize> keep_state(const std::string& folder, const std::string& place) {
  const std::string part = place + ".part";
  if (auto removed = remove(part); !removed) return removed.error();
  auto size = copy_state(folder, part);
  if (size && std::rename(part.c_str(), place.c_str()) != 0) return file_error(place);
  return size;
}

Result<std::string> take_snapshot(const std::string& folder, const std::string& saved) {
  if (there(saved + "/old")) return std::string("0 files: the snapshot was taken before\n");
  const auto size = keep_state(folder, saved + "/old");
  if (!size) return size.error();
  return std::to_string(size->files) + " files, " + std::to_string(size->bytes) + " bytes kept\n";
}

Result<std::string> restore_snapshot(const std::string& folder, const std::string& saved) {
  const std::string old = saved + "/old", now = saved + "/now";
  if (!there(old)) return failure(ErrorKind::usage, "there is no snapshot");
  if (!there(now)) {
    if (const auto kept = keep_state(folder, now); !kept) return kept.error();
  }
  if (const auto put = put_state(old, folder); !put) return put.error();
  const auto wrong = files_that_differ(old, folder);
  if (!wrong) return wrong.error();
  if (*wrong > 0) return failure(ErrorKind::resource, "files are not those of the snapshot");
  const auto differ = files_that_differ(now, folder);
  if (!differ) return differ.error();
  return std::to_string(*differ) + " files are as they were at the snapshot\n";
}

Result<void> remove_originals(const std::string& saved) {
  for (const char* name : {"/patches", "/patches.new", "/old", "/old.part", "/now", "/now.part"}) {
    if (auto removed = remove(saved + name); !removed) return removed;
  }
  return there(saved + "/done") ? Result<void>() : remove(saved);
}

Result<std::string> undo(const std::string& folder, const std::string& saved) {
  std::size_t of = 0, put_back = 0;
  if (there(saved + "/patches")) {
    const auto patches = load_patches(saved + "/patches");
    if (!patches) return patches.error();
    const auto undone = undo_patches(folder, *patches, !there(saved + "/done"));
    if (!undone) return undone.error();
    of = patches->size();
    put_back = *undone;
  } else if (there(saved + "/now")) {
    const auto put = put_state(saved + "/now", folder);
    if (!put) return put.error();
    of = put_back = 1;
  }
  const auto removed = put_back == of && of > 0 ? remove(saved) : remove_originals(saved);
  if (!removed) return removed.error();
  return std::to_string(put_back) + " " + std::to_string(of) + "\n";
}

/// For as long as this process or the answer lives.
Result<Descriptor> lock_folder(const std::string& saved) {
  std::error_code error;
  fs::create_directories(saved, error);
  if (error) return failure(ErrorKind::resource, saved + ": " + error.message());
  Descriptor folder(::open(saved.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!folder.open() || fchmod(folder.get(), 0700) != 0) return file_error(saved);
  if (flock(folder.get(), LOCK_EX | LOCK_NB) != 0)
    return failure(ErrorKind::conflict, saved + ": another process is at it");
  return folder;
}

}  // namespace

Result<std::string> run_damage(const std::string& action, const std::string& folder,
                               const std::string& saved, const std::vector<std::string>& settings) {
  if (folder.empty() || folder[0] != '/' || saved.empty() || saved[0] != '/' ||
      (saved + "/").starts_with(folder + "/"))
    return failure(ErrorKind::usage, "two absolute paths, neither within the other");
  const bool ends = action == "undo" || action == "settle";
  if (ends && !there(saved)) return std::string("0 0\n");
  const auto lock = lock_folder(saved);
  if (!lock) return lock.error();
  if (action == "undo") return undo(folder, saved);
  if (action == "settle") {
    const auto removed = remove_originals(saved);
    return removed ? Result<std::string>("0 0\n") : removed.error();
  }
  if (there(saved + "/done")) return read_whole(saved + "/done", 1 << 16);
  if (action == "snapshot") return take_snapshot(folder, saved);
  Settings read(settings);
  Result<std::string> report = failure(ErrorKind::usage, "no damage '" + action + "'");
  if (action == "restore") report = restore_snapshot(folder, saved);
  if (action == "flip" || action == "truncate" || action == "copy")
    report = damage_files(action, folder, saved, read);
  if (!report) return report;
  const auto noted = write_whole(saved + "/done", *report);
  return noted ? report : noted.error();
}

int damage_main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs(
        "usage: gauntlet-agent damage flip|truncate|copy|snapshot|restore|undo|settle FOLDER\n"
        "       SAVED [NAME=VALUE]...\n",
        stderr);
    return 254;
  }
  const auto report =
      run_damage(argv[2], argv[3], argv[4], std::vector<std::string>(argv + 5, argv + argc));
  if (!report) {
    std::fprintf(stderr, "%s\n", report.error().what.c_str());
    return 1;
  }
  std::fputs(report->c_str(), stdout);
  return 0;
}

}  // namespace gauntlet::damage
