#include "harness/run/store.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "base/suggest.hpp"

namespace gauntlet {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view latest = "latest";

Error store_failure(const std::string& what, const std::string& path, const std::string& why) {
  return failure(ErrorKind::resource, fmt::format("cannot {} {}: {}", what, path, why),
                 "choose another place with --store");
}

std::string file_name_of(std::string_view name) {
  std::string result;
  for (const char c : name.substr(0, 100)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' ||
                       c == '+' || (c == '.' && !result.empty());
    result += plain ? c : '_';
  }
  return result.empty() || result == latest ? result + "_" : result;
}

std::string utc_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return text.data();
}

/// Makes `folder`/TIME, or `folder`/TIME-2, ... where another run has started in the same second.
Result<std::string> make_unique_directory(const fs::path& folder) {
  const std::string time = utc_time();
  for (int n = 1; n <= 1000; ++n) {
    const std::string name = n == 1 ? time : fmt::format("{}-{}", time, n);
    if (mkdir((folder / name).c_str(), 0755) == 0) return name;
    if (errno != EEXIST) {
      return store_failure("make", (folder / name).string(), std::strerror(errno));
    }
  }
  return store_failure("make", (folder / time).string(), "too many runs in one second");
}

/// Points `link` at `target`, in one step.
Result<void> point(const fs::path& link, const std::string& target) {
  const std::string fresh = link.string() + fmt::format(".{}", getpid());
  unlink(fresh.c_str());
  if (symlink(target.c_str(), fresh.c_str()) != 0 || rename(fresh.c_str(), link.c_str()) != 0) {
    const int error = errno;
    unlink(fresh.c_str());
    return store_failure("make the link", link.string(), std::strerror(error));
  }
  return {};
}

bool is_run(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) &&
         (fs::exists(path / "history.jsonl", ignored) || fs::exists(path / "plan.json", ignored) ||
          fs::exists(path / "faults.jsonl", ignored));
}

}  // namespace

Result<std::unique_ptr<RunDirectory>> RunDirectory::create(const std::string& store,
                                                           std::string_view name,
                                                           std::chrono::nanoseconds wait,
                                                           const std::atomic<bool>* stop) {
  std::error_code error;
  const fs::path root = fs::absolute(store.empty() ? "." : store, error);
  const std::string test = file_name_of(name);
  fs::create_directories(root / test, error);
  if (error) return store_failure("make", (root / test).string(), error.message());

  const std::chrono::milliseconds wait_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(wait);
  auto lock = FileLock::acquire(root / ".lock", "the store " + root.string(), Owner::self(test),
                                LockWait{wait_ms, stop});
  if (!lock) {
    Error refused = lock.error();
    if (refused.kind == ErrorKind::conflict) {
      refused.remedy = "wait until it has ended (--wait), or choose another place with --store";
    }
    return refused;
  }
  auto time = make_unique_directory(root / test);
  if (!time) return time.error();
  for (const auto& pointed :
       {point(root / test / latest, *time), point(root / latest, test + "/" + *time)}) {
    if (!pointed) return pointed.error();
  }
  return std::unique_ptr<RunDirectory>(
      new RunDirectory(std::move(*lock), (root / test / *time).string()));
}

Result<std::string> find_run(const std::string& store, std::string_view run) {
  const std::string wanted(run.empty() ? latest : run);
  const fs::path root(store.empty() ? "." : store);
  for (const fs::path& path : {fs::path(wanted), root / wanted, root / wanted / latest}) {
    std::error_code error;
    if (!is_run(path)) continue;
    const fs::path real = fs::canonical(path, error);
    return (error ? path : real).string();
  }
  const std::vector<std::string> runs = list_runs(store);
  if (runs.empty()) {
    return failure(ErrorKind::usage, fmt::format("there is no run in {}", root.string()),
                   "run gauntlet test first, or name another place with --store");
  }
  if (wanted == latest) return (root / runs.back()).string();
  std::vector<std::string> known;
  for (const auto& known_run : runs) {
    const std::string test = known_run.substr(0, known_run.find('/'));
    if (std::find(known.begin(), known.end(), test) == known.end()) known.push_back(test);
  }
  known.insert(known.end(), runs.begin(), runs.end());
  return failure(ErrorKind::usage, fmt::format("there is no run '{}' in {}", wanted, root.string()),
                 did_you_mean(wanted, known));
}

std::vector<std::string> list_runs(const std::string& store) {
  std::vector<std::string> result;
  std::error_code error;
  for (fs::directory_iterator test(store.empty() ? "." : store, error), end; !error && test != end;
       test.increment(error)) {
    std::error_code ignored;
    if (test->is_symlink(ignored) || !test->is_directory(ignored)) continue;
    for (fs::directory_iterator run(test->path(), ignored); !ignored && run != end;
         run.increment(ignored)) {
      if (run->is_symlink(ignored) || !is_run(run->path())) continue;
      result.push_back((test->path().filename() / run->path().filename()).string());
    }
  }
  const auto time_of = [](const std::string& run) { return run.substr(run.find('/') + 1); };
  std::sort(result.begin(), result.end(), [&](const auto& a, const auto& b) {
    return std::pair(time_of(a), a) < std::pair(time_of(b), b);
  });
  return result;
}

}  // namespace gauntlet
