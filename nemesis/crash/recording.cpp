#include "nemesis/crash/recording.hpp"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <thread>

#include "nemesis/agent_links.hpp"
#include "nemesis/crash/numbered_operations.hpp"
#include "nemesis/data_disk.hpp"

namespace gauntlet::crash {

namespace {

constexpr int log_mebibytes_max = 256;
constexpr std::chrono::seconds copy_timeout(120), ready_timeout(60), mark_timeout(10);

/// The number behind "name=" in a reply.
std::uint64_t number_behind(const std::string& reply, const std::string& name) {
  const std::size_t at = reply.find(name + "=");
  if (at == std::string::npos) return 0;
  return std::strtoull(reply.c_str() + at + name.size() + 1, nullptr, 10);
}

/// Puts marks into the record, over one channel for all. Thread-safe.
class Marker {
 public:
  static Result<std::unique_ptr<Marker>> open(Node& node) {
    auto channel = node.open_channel({agent_path(), "disk-commands", data_disk_socket()}, true,
                                     Deadline::after(mark_timeout));
    if (!channel) return channel.error();
    return std::unique_ptr<Marker>(new Marker(std::move(*channel)));
  }
  /// ErrorKind::remote where the record takes no more.
  Result<void> mark(const std::string& text) {
    const std::lock_guard lock(mutex_);
    const Deadline deadline = Deadline::after(mark_timeout);
    if (auto sent = channel_->send("mark " + text, deadline); !sent) return sent;
    const auto reply = channel_->receive(deadline);
    if (!reply) return reply.error();
    if (reply->starts_with("ok")) return {};
    return failure(ErrorKind::remote, reply->substr(0, 200));
  }

 private:
  explicit Marker(std::unique_ptr<NodeChannel> channel) : channel_(std::move(channel)) {}
  std::mutex mutex_;
  std::unique_ptr<NodeChannel> channel_;
};

Result<void> begin(Node& node, Database& database, const RecordPlace& place) {
  if (auto stopped = database.stop(node); !stopped) return stopped;
  if (auto gone = remove_record(node, place); !gone) return gone;
  Command copy = Command::shell(
      fmt::format("mkdir -m 700 {0} && cp -a --sparse=always -- {1} {0}/base",
                  shell_quote(place.folder()), shell_quote(data_disk_backing(place.data))));
  copy.label = "copy the data";
  const auto copied = node.must(std::move(copy).root().within(copy_timeout));
  if (!copied) return copied.error();
  const auto began =
      data_disk_command(node, fmt::format("record {} {}", place.log(), log_mebibytes_max));
  if (!began) return began.error();
  if (auto started = database.start(node); !started) return started;
  return database.await_ready(Deadline::after(ready_timeout));
}

/// Several clients that share the operations between them.
class Load {
 public:
  Load(Node& node, Database& database, Marker& marker, const RecordingOptions& options,
       Recording& recording)
      : node_(node),
        database_(database),
        marker_(marker),
        options_(options),
        recording_(recording) {}

  Result<void> run() {
    std::vector<std::thread> clients;
    for (int i = 0; i < options_.clients; ++i)
      clients.emplace_back([this] { work(); });
    for (auto& client : clients)
      client.join();
    return result_;
  }

 private:
  void work() {
    ClientPtr client;
    while (const auto number = next()) {
      if (!marked(invoked_mark(*number))) return;
      const bool ok = carry_out(database_, node_, client, recording_.function, *number,
                                Deadline::after(options_.operation_timeout));
      if (ok && !marked(acknowledged_mark(*number))) return;
      const std::lock_guard lock(mutex_);
      if (ok) {
        ++recording_.acknowledged;
      } else if (++misses_ == misses_max) {
        end_early(fmt::format("{} operations were not acknowledged", misses_max));
      }
    }
  }

  std::optional<std::int64_t> next() {
    const std::lock_guard lock(mutex_);
    const bool stopped = options_.stop != nullptr && *options_.stop;
    if (ended_ || stopped || recording_.invoked == options_.operations) return std::nullopt;
    return recording_.invoked++;
  }

  bool marked(const std::string& text) {
    const auto done = marker_.mark(text);
    if (done) return true;
    const std::lock_guard lock(mutex_);
    if (done.error().kind == ErrorKind::remote) {
      end_early(done.error().what);
    } else {
      result_ = done;
    }
    ended_ = true;
    return false;
  }

  void end_early(const std::string& why) {
    if (!ended_) recording_.notes.push_back("the record ended early: " + why);
    ended_ = true;
  }

  static constexpr int misses_max = 10;  ///< a database that does not answer shall not keep us long
  Node& node_;
  Database& database_;
  Marker& marker_;
  const RecordingOptions& options_;
  std::mutex mutex_;  ///< guards what follows
  Recording& recording_;
  int misses_ = 0;
  bool ended_ = false;
  Result<void> result_{};
};

Result<void> carry_out_all(Node& node, Database& database, const RecordingOptions& options,
                           Recording& recording) {
  auto marker = Marker::open(node);
  if (!marker) return marker.error();
  return Load(node, database, **marker, options, recording).run();
}

}  // namespace

Result<RecordIndex> read_index(Node& node, const RecordPlace& place) {
  Command list = Command::of({agent_path(), "disk-log", place.log(), "--points"});
  list.output_bytes_max = 64 << 20;
  const auto listed = node.must(std::move(list).root().within(copy_timeout));
  if (!listed) return listed.error();
  if (listed->truncated) return failure(ErrorKind::remote, "the record's list is too long");
  return parse_record_index(listed->output);
}

std::string forget_shared_memory(const RecordPlace& place) {
  return fmt::format(
      "if [ -f {0} ]; then\n"
      "  for f in /dev/shm/*; do\n"
      "    [ -f \"$f\" ] && ! grep -Fxq -- \"${{f##*/}}\" {0} || continue\n"
      "    cat /proc/[0-9]*/maps 2>/dev/null | grep -Fq -- \"$f\" || rm -f -- \"$f\"\n  done\n"
      "  awk 'NR > 1 && $7 == 0 {{ print $2 }}' /proc/sysvipc/shm | while read -r id; do\n"
      "    grep -Fxq \"segment $id\" {0} || ipcrm -m \"$id\" 2>/dev/null\n  done\nfi\n",
      shell_quote(place.folder() + "/shared-memory"));
}

Result<void> make_room(Node& node, const RecordPlace& place) {
  Command make = Command::shell(fmt::format(
      "rm -rf -- {0} && mkdir -p -- {1} && ln -s -- {2} {0} || exit\n"
      "{{ ls -A /dev/shm; awk 'NR > 1 {{ print \"segment\", $2 }}' /proc/sysvipc/shm; }} \\\n"
      "  >{4}/shared-memory || exit\n"
      "kib=$(du -sk -- {3} | cut -f1)\n"
      "[ \"$kib\" -gt 262144 ] ||\n"
      "  mount -t tmpfs -o size=1g,mode=755 gauntlet-crash-states {1} 2>/dev/null || true\n",
      shell_quote(place.data), shell_quote(place.states()), shell_quote(place.state()),
      shell_quote(place.base()), shell_quote(place.folder())));
  make.label = "make room for crash states";
  const auto made = node.must(std::move(make).root());
  return made ? Result<void>() : made.error();
}

Result<bool> record_left(Node& node, const RecordPlace& place) {
  Command look = Command::shell(fmt::format("[ -e {} ] || [ -e {} ]", shell_quote(place.folder()),
                                            shell_quote(place.states())));
  look.label = "look for the record of a crash test";
  const auto seen = node.run(std::move(look).root());
  if (!seen) return seen.error();
  return seen->succeeded();
}

Result<void> remove_record(Node& node, const RecordPlace& place) {
  Command remove =
      Command::shell(forget_shared_memory(place) +
                     fmt::format("[ ! -L {0} ] || rm -f -- {0}\n"
                                 "while grep -q '^gauntlet-crash-states '{1}' ' /proc/mounts; do\n"
                                 "  umount -- {1} 2>/dev/null || umount -l -- {1} || exit\ndone\n"
                                 "rm -rf -- {1} {2}\n",
                                 shell_quote(place.data), shell_quote(place.states()),
                                 shell_quote(place.folder())));
  remove.label = "remove the record";
  const auto removed = node.must(std::move(remove).root().within(copy_timeout));
  return removed ? Result<void>() : removed.error();
}

Result<Recording> record_run(Node& node, Database& database, const RecordPlace& place,
                             const RecordingOptions& options) {
  Recording recording;
  const auto function = function_to_record(database);
  if (!function) {
    return failure(ErrorKind::usage,
                   fmt::format("{} has no operations that could be found again", database.name()),
                   "its client needs read, and add or write");
  }
  recording.function = *function;
  Result<void> done = begin(node, database, place);
  if (done) done = carry_out_all(node, database, options, recording);
  const auto killed = database.kill(node);
  const auto ended = data_disk_command(node, "record-end");
  const auto removed = remove_data_disk(node, place.data);
  if (!done) return done.error();
  if (!killed) return killed.error();
  if (!removed) return removed.error();
  // A record that became too long is whole up to there.
  if (!ended && recording.notes.empty()) return ended.error();
  auto index = read_index(node, place);
  if (!index) return index.error();
  recording.index = std::move(*index);
  if (ended) recording.bytes = number_behind(*ended, "bytes");
  return recording;
}

}  // namespace gauntlet::crash
