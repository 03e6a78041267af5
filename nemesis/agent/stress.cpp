// Module stress: keeps the node's processors or its disk busy with threads of its own.
//
//   put NAME cpu THREADS        so many threads that compute without end
//   put NAME io FOLDER MIB      a thread that writes a file over and over, so large, with an fsync
//                               for each MiB
//   count NAME    figures: CPU time used, bytes written, fsyncs
//   take NAME     the same, and ends it
//
// The file has no name, so that nothing is left of it when the agent dies. The journal says for
// others who look that this agent is at it: "NAME PID TICKS" a line.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <thread>

#include "base/integer.hpp"
#include "nemesis/agent/held_process.hpp"
#include "nemesis/agent/journal.hpp"
#include "nemesis/agent/module.hpp"

namespace gauntlet::agent {

namespace {

constexpr std::string_view module_name = "stress";
constexpr std::int64_t threads_max = 256, mib_max = 4096;
constexpr std::size_t mib = 1 << 20;

/// Threads that run until it is destroyed.
class Load {
 public:
  Load() = default;
  ~Load() {
    ending_ = true;
    for (std::thread& thread : threads_)
      thread.join();
    if (file_ >= 0) close(file_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void compute(std::int64_t threads) {
    for (std::int64_t i = 0; i < threads; ++i)
      threads_.emplace_back([this] { spin(); });
  }
  /// "" or why the file cannot be made.
  std::string write_in(const std::string& folder, std::int64_t mebibytes) {
    file_ = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file_ < 0) {
      const std::string path = folder + "/.gauntlet-stress";
      unlink(path.c_str());
      file_ = open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
      if (file_ < 0) return path + ": " + std::strerror(errno);
      unlink(path.c_str());
    }
    threads_.emplace_back([this, mebibytes] { write_over(mebibytes); });
    return "";
  }
  std::string figures() const {
    return "cpu_ns=" + std::to_string(cpu_ns_) + " bytes=" + std::to_string(bytes_) +
           " fsyncs=" + std::to_string(fsyncs_) + " error=" + std::to_string(error_);
  }

 private:
  void spin() {
    constexpr int rounds = 200'000;  // about 0.1 ms
    std::int64_t told_ns = 0;
    std::uint64_t state = 1;
    while (!ending_) {
      for (int i = 0; i < rounds; ++i)
        state = state * 6364136223846793005u + 1442695040888963407u;
      sink_ = state;
      timespec used{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
      const std::int64_t now_ns = std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
      cpu_ns_ += now_ns - told_ns;
      told_ns = now_ns;
    }
  }
  void write_over(std::int64_t mebibytes) {
    const auto block = std::make_unique<std::array<char, mib>>();
    block->fill('g');
    for (std::int64_t at = 0; !ending_; at = (at + 1) % mebibytes) {
      const ssize_t n = pwrite(file_, block->data(), block->size(), at * std::int64_t{mib});
      if (n > 0) bytes_ += n;
      if (n < 0 || fsync(file_) != 0) {
        error_ = errno;  // of a full or broken disk: it may recover
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        continue;
      }
      ++fsyncs_;
    }
  }

  std::atomic<bool> ending_ = false;
  std::atomic<std::int64_t> cpu_ns_ = 0, bytes_ = 0, fsyncs_ = 0;
  std::atomic<int> error_ = 0;  ///< of the last write that failed
  std::atomic<std::uint64_t> sink_ = 0;
  int file_ = -1;
  std::vector<std::thread> threads_;
};

class Stress : public Module {
 public:
  std::string_view name() const override { return module_name; }

  Reply handle(const std::vector<std::string>& words) override {
    if (words.size() >= 4 && words[0] == "put") return put(words);
    if (words.size() == 2 && words[0] == "count") return count(words[1]);
    if (words.size() == 2 && words[0] == "take") return take(words[1]);
    return refuse("stress: put, count or take?");
  }

  /// That of an agent that was killed ended with it.
  Reply heal() override {
    loads_.clear();
    const std::string failed = write_journal(module_name, {});
    return failed.empty() ? Reply{} : refuse(failed);
  }

  std::string residue() override {
    std::string found;
    for (const std::string& line : read_journal(module_name)) {
      const std::size_t blank = line.find(' ');
      if (blank == std::string::npos || !HeldProcess::from_text(line.substr(blank + 1))) continue;
      found += (found.empty() ? "kept busy: " : ", ") + line.substr(0, blank);
    }
    return found;
  }

 private:
  Reply put(const std::vector<std::string>& words) {
    const std::string& name = words[1];
    if (loads_.contains(name)) return {};
    auto load = std::make_unique<Load>();
    if (const std::string failed = note(&name); !failed.empty()) return refuse(failed);
    const auto number = integer_from(words.back());
    std::string failed = "stress: cpu THREADS, or io FOLDER MIB?";
    if (words[2] == "cpu" && words.size() == 4 && number && *number >= 1 &&
        *number <= threads_max) {
      load->compute(*number);
      failed.clear();
    } else if (words[2] == "io" && words.size() == 5 && words[3].starts_with('/') && number &&
               *number >= 1 && *number <= mib_max) {
      failed = load->write_in(words[3], *number);
    }
    if (failed.empty()) loads_[name] = std::move(load);
    if (!failed.empty()) (void)note(nullptr);
    return failed.empty() ? Reply{} : refuse(failed);
  }

  Reply count(const std::string& name) const {
    const auto at = loads_.find(name);
    if (at == loads_.end()) return refuse("stress: nothing of that name");
    return {true, at->second->figures()};
  }

  Reply take(const std::string& name) {
    const Reply figures = count(name);
    if (!figures.ok) return {};  // it is not there, as wanted
    loads_.erase(name);
    const std::string failed = note(nullptr);
    return failed.empty() ? figures : refuse(failed);
  }

  /// Writes down what goes on, and `more`, if there is more to come.
  std::string note(const std::string* more) const {
    const auto self = HeldProcess::hold(getpid());
    if (!self) return "the agent does not find itself";
    std::vector<std::string> lines;
    for (const auto& [name, load] : loads_)
      lines.push_back(name + " " + self->text());
    if (more != nullptr) lines.push_back(*more + " " + self->text());
    return write_journal(module_name, lines);
  }

  std::map<std::string, std::unique_ptr<Load>> loads_;
};

}  // namespace

GAUNTLET_REGISTER(Module, Stress);

}  // namespace gauntlet::agent
