// A database whose files are looked at while it is dead on a node: as they are once it was killed,
// and as they are when it is started again. What differs was done behind its back.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "nemesis/script.hpp"
#include "tests/integration/arena.hpp"

namespace gauntlet {

class WatchedDatabase : public Database {
 public:
  explicit WatchedDatabase(std::unique_ptr<Database> database) : inner_(std::move(database)) {}

  /// Whose files are looked at from now on; null: nobody's. Thread-safe.
  void watch(const Node* node) {
    const std::scoped_lock lock(mutex_);
    watched_ = node;
    changes_.clear();
  }
  /// What was done to its files since the last call: "a.wal: 3 bytes differ". Thread-safe.
  std::vector<std::string> take_changes() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(changes_, {});
  }

  Result<void> kill(Node& node) override {
    auto killed = inner_->kill(node);
    if (!killed || !watches(node)) return killed;
    const auto kept = run_script(
        node, "keep the files of a dead database",
        fmt::format("rm -rf {0} && cp -a -- {1} {0}\n", copy, shell_quote(*data_folder())));
    return kept ? Result<void>() : kept.error();
  }

  Result<void> start(Node& node) override {
    if (watches(node)) {
      const auto compared = run_script(node, "compare the files of a dead database",
                                       fmt::format(R"sh(
cd {0} 2>/dev/null || exit 0
find . -type f | while read -r file; do
  now={1}/"$file"
  cmp -s "$file" "$now" && continue
  bytes=$(($(stat -c %s "$now" || echo 0) - $(stat -c %s "$file")))
  echo "$(cmp -l "$file" "$now" 2>/dev/null | wc -l) $bytes ${{file##*/}}"
done
rm -rf {0}
)sh",
                                                   copy, shell_quote(*data_folder())));
      if (!compared) return compared.error();
      note(*compared);
    }
    return inner_->start(node);
  }

  std::string_view name() const override { return inner_->name(); }
  std::string_view description() const override { return inner_->description(); }
  std::vector<DatabaseOption> options() const override { return inner_->options(); }
  std::vector<std::string> functions() const override { return inner_->functions(); }
  std::string claim(const OptionValues& options) const override { return inner_->claim(options); }
  Result<void> configure(Cluster& cluster, const OptionValues& options) override {
    return inner_->configure(cluster, options);
  }
  Result<void> install(Node& node) override { return inner_->install(node); }
  Result<void> wipe(Node& node) override { return inner_->wipe(node); }
  Result<void> stop(Node& node) override { return inner_->stop(node); }
  Result<void> await_ready(Deadline deadline) override { return inner_->await_ready(deadline); }
  Result<std::string> version(Node& node) override { return inner_->version(node); }
  Result<std::vector<std::string>> primaries() override { return inner_->primaries(); }
  std::vector<std::string> log_files(const Node& node) const override {
    return inner_->log_files(node);
  }
  std::optional<int> client_port() const override { return inner_->client_port(); }
  std::optional<std::string> data_folder() const override { return inner_->data_folder(); }
  Result<std::optional<ClockReading>> clock(Node& node) override { return inner_->clock(node); }
  std::vector<ProcessIdentity> processes(const Node& node) const override {
    return inner_->processes(node);
  }
  std::optional<std::string> has_to_stay(const Node& node) const override {
    return inner_->has_to_stay(node);
  }
  Result<std::vector<std::string>> members(Node& asked) override { return inner_->members(asked); }
  Result<void> leave(Node& node) override { return inner_->leave(node); }
  Result<void> join(Node& node) override { return inner_->join(node); }
  Result<ClientPtr> open_client(Node& node, Deadline deadline) override {
    return inner_->open_client(node, deadline);
  }

 private:
  static constexpr const char* copy = "/var/tmp/gauntlet-dead-files";

  bool watches(const Node& node) {
    const std::scoped_lock lock(mutex_);
    return watched_ == &node;
  }
  /// The end of a long name tells what the file is.
  static std::string shortened(const std::string& name) {
    constexpr std::size_t shown = 12;
    return name.size() <= 2 * shown ? name : "…" + name.substr(name.size() - shown);
  }
  /// A line for each file: bytes that differ, bytes that it grew by, its name.
  void note(const std::string& lines) {
    const std::scoped_lock lock(mutex_);
    std::istringstream stream(lines);
    std::int64_t differ = 0, grew = 0;
    for (std::string file; stream >> differ >> grew >> file;) {
      changes_.push_back(grew < 0
                             ? fmt::format("{}: {} bytes shorter", shortened(file), -grew)
                             : fmt::format("{}: {} bytes differ", shortened(file), differ + grew));
    }
  }

  std::unique_ptr<Database> inner_;
  std::mutex mutex_;
  const Node* watched_ = nullptr;
  std::vector<std::string> changes_;
};

}  // namespace gauntlet
