// Module open-files: lets a daemon's processes open few more files than they have open (the soft
// limit RLIMIT_NOFILE of each, by prlimit(2)), and gives back what they had.
//
//   put NAME SPARE PIDFILE EXE [PIDFILE EXE]...   so many more than now; processes that have a
//                                                 limit of ours already keep it
//   count NAME    figures: processes, and open files and limit of the one that is nearest to it
//   take NAME     the same, and ends it
//
// The journal holds the limits to give back: "PID TICKS SOFT LOW" a line. A process that is forked
// later inherits the low one and gets back what its parent does; one that is started later has the
// limits that it is started with.
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include "base/integer.hpp"
#include "nemesis/agent/held_process.hpp"
#include "nemesis/agent/journal.hpp"
#include "nemesis/agent/module.hpp"
#include "nemesis/agent/node_processes.hpp"

namespace gauntlet::agent {

namespace {

constexpr std::string_view module_name = "open-files";

std::string folder_of(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

/// How many files it has open.
std::int64_t open_files_of(pid_t pid) {
  DIR* const folder = opendir((folder_of(pid) + "/fd").c_str());
  if (folder == nullptr) return 0;
  std::int64_t count = 0;
  while (const dirent* const entry = readdir(folder))
    count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}

/// Raw calls, since those of the C library want to concern threads that a forked child has not.
int become(uid_t user, gid_t group) {
  if (getuid() == user && getgid() == group) return 0;
  if (syscall(SYS_setresgid, group, group, group) != 0) return errno;
  return syscall(SYS_setresuid, user, user, user) == 0 ? 0 : errno;
}

int set_soft_limit(pid_t pid, std::int64_t soft) {
  rlimit limit{};
  if (prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) != 0) return errno;
  limit.rlim_cur = std::min(static_cast<rlim_t>(soft), limit.rlim_max);
  return prlimit(pid, RLIMIT_NOFILE, &limit, nullptr) == 0 ? 0 : errno;
}

/// 0 or errno. Without CAP_SYS_RESOURCE even root may change the limits of its own user's processes
/// only: so a child becomes that user for it.
int change_limit(pid_t pid, std::int64_t soft) {
  struct stat owner {};
  if (stat(folder_of(pid).c_str(), &owner) != 0) return errno;
  const pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) {
    const int refused = become(owner.st_uid, owner.st_gid);
    _exit(refused != 0 ? refused : set_soft_limit(pid, soft));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

/// The soft limit, as /proc says it, which asks for no rights; -1 if it is gone.
std::int64_t limit_of(pid_t pid) {
  constexpr std::string_view title = "Max open files";
  std::ifstream limits(folder_of(pid) + "/limits");
  for (std::string line; std::getline(limits, line);) {
    if (!line.starts_with(title)) continue;
    std::istringstream words(line.substr(title.size()));
    std::string soft;
    words >> soft;
    if (soft == "unlimited") return std::numeric_limits<std::int64_t>::max();
    return integer_from(soft).value_or(-1);
  }
  return -1;
}

class OpenFiles : public Module {
 public:
  std::string_view name() const override { return module_name; }

  Reply handle(const std::vector<std::string>& words) override {
    if (words.size() >= 5 && words[0] == "put") return put(words);
    if (words.size() == 2 && words[0] == "count") return count(words[1]);
    if (words.size() == 2 && words[0] == "take") return take(words[1]);
    return refuse("open-files: put, count or take?");
  }

  Reply heal() override {
    injections_.clear();
    std::vector<std::string> left;
    std::string failed;
    for (const std::string& line : read_journal(module_name)) {
      const std::string why = give_back(line);
      if (!why.empty()) left.push_back(line);
      if (!why.empty()) failed += why + "; ";
    }
    failed += write_journal(module_name, left);
    return failed.empty() ? Reply{} : refuse(failed);
  }

  std::string residue() override {
    std::string found;
    for (const std::string& line : read_journal(module_name)) {
      if (const auto process = HeldProcess::from_text(line))
        found += (found.empty() ? "may open few files: process " : ", ") +
                 std::to_string(process->pid());
    }
    return found;
  }

 private:
  /// "" once the limit is read back as it shall be.
  static std::string change(pid_t pid, std::int64_t soft) {
    const int refused = change_limit(pid, soft);
    if (refused == 0 && limit_of(pid) == soft) return "";
    return "process " + std::to_string(pid) + ": its limit cannot be changed" +
           (refused == 0 ? "" : std::string(": ") + std::strerror(refused));
  }

  /// Of the line of a journal: "" if it has its limit again or is gone. So have its children that
  /// came meanwhile and inherited the low one.
  static std::string give_back(const std::string& line) {
    std::istringstream words(line);
    std::string pid, ticks, soft, low;
    words >> pid >> ticks >> soft >> low;
    const auto process = HeldProcess::from_text(line);
    const auto before = integer_from(soft);
    if (!process || !before) return "";
    std::string failed;
    for (const pid_t each : with_descendants(process->pid())) {
      const bool is_own = each == process->pid();
      if (!is_own && integer_from(low) != limit_of(each)) continue;
      const std::string why = change(each, *before);
      if (state_of(each) != '-') failed += why;
    }
    return failed;
  }

  /// Lowers the limit of a process that has none of ours yet, noted in the journal first: "" or why
  /// not.
  static std::string lower(const HeldProcess& process, std::int64_t spare) {
    std::vector<std::string> journal = read_journal(module_name);
    const bool is_known = std::any_of(journal.begin(), journal.end(), [&](const auto& line) {
      return line.starts_with(process.text() + " ");
    });
    const std::int64_t before = limit_of(process.pid());
    if (is_known || before < 0) return "";
    const std::int64_t low = std::min(open_files_of(process.pid()) + spare, before);
    journal.push_back(process.text() + " " + std::to_string(before) + " " + std::to_string(low));
    if (auto failed = write_journal(module_name, journal); !failed.empty()) return failed;
    const std::string failed = change(process.pid(), low);
    return process.state() == '-' ? "" : failed;
  }

  Reply put(const std::vector<std::string>& words) {
    const auto spare = integer_from(words[2]);
    if (!spare || *spare < 0 || *spare > 100'000) return refuse("open-files: how many to spare?");
    std::set<std::string>& concerned = injections_[words[1]];
    std::string failed;
    for (std::size_t at = 3; at + 1 < words.size(); at += 2) {
      for (const pid_t pid : processes_of({words[at], words[at + 1]})) {
        const auto process = HeldProcess::hold(pid);
        if (!process || !failed.empty()) continue;
        concerned.insert(process->text());
        failed = lower(*process, *spare);
      }
    }
    if (failed.empty() && !concerned.empty()) return {};
    (void)take(words[1]);
    return refuse(failed.empty() ? "no process of it runs" : failed);
  }

  Reply count(const std::string& name) const {
    const auto at = injections_.find(name);
    if (at == injections_.end()) return refuse("open-files: nothing of that name");
    std::int64_t processes = 0, open = 0, limit = 0;
    for (const std::string& text : at->second) {
      const auto process = HeldProcess::from_text(text);
      if (!process || process->state() == '-') continue;
      const std::int64_t open_here = open_files_of(process->pid());
      const std::int64_t limit_here = limit_of(process->pid());
      if (processes++ == 0 || limit_here - open_here < limit - open) {
        open = open_here;
        limit = limit_here;
      }
    }
    return {true, "processes=" + std::to_string(processes) + " open=" + std::to_string(open) +
                      " limit=" + std::to_string(limit)};
  }

  Reply take(const std::string& name) {
    const Reply figures = count(name);
    if (!figures.ok) return {};  // it is not there, as wanted
    const std::set<std::string> concerned = injections_[name];
    injections_.erase(name);
    std::vector<std::string> left;
    std::string failed;
    for (const std::string& line : read_journal(module_name)) {
      const std::string process = line.substr(0, line.find(' ', line.find(' ') + 1));
      const bool is_free =
          concerned.contains(process) &&
          std::none_of(injections_.begin(), injections_.end(),
                       [&](const auto& one) { return one.second.contains(process); });
      const std::string why = is_free ? give_back(line) : "";
      if (!is_free || !why.empty()) left.push_back(line);
      if (!why.empty()) failed += why + "; ";
    }
    failed += write_journal(module_name, left);
    return failed.empty() ? figures : refuse(failed);
  }

  std::map<std::string, std::set<std::string>> injections_;  ///< "PID TICKS" of whom they concern
};

}  // namespace

GAUNTLET_REGISTER(Module, OpenFiles);

}  // namespace gauntlet::agent
