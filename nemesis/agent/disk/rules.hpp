// What the file system does wrong: rules, each with the number of times that it applied.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"

namespace gauntlet::disk {

/// As bits, so that a rule may concern several.
enum class Action : unsigned { read = 1, write = 2, sync = 4, open = 8, names = 16, look = 32 };

struct Rule {
  enum class Kind { error, slow, full, corrupt, shorten, tear };
  std::string id;
  Kind kind = Kind::error;
  unsigned actions = ~0U;
  std::string glob = "*";  ///< of the path below the mount point; '*' matches slashes, too
  double probability = 1;
  int error = 5;  ///< positive errno
  std::int64_t delay_ms = 0;
  std::int64_t bytes_left = 0;  ///< of full
  bool overwrites = false;      ///< of full: whether overwriting takes space, as on copy-on-write
  /// Of failing fsyncs: what becomes of the data. keep: a later fsync writes them; lose: none does;
  /// revert: the same, and the old ones are read again.
  std::string data = "keep";
  std::uint64_t times_max = 0;  ///< 0: without limit
  std::uint64_t applied = 0;
  Random random{1};  ///< its own, so that others do not change what it draws
};

/// "KIND name=value ..." as words, the id ahead. Nothing, and *why set, if it makes no sense.
std::optional<Rule> parse_rule(const std::vector<std::string>& words, std::string* why);

/// Thread-safe.
class Rules {
 public:
  /// Replaces the rule of that id.
  void add(Rule rule);
  void remove(const std::string& id);
  void remove_all();

  /// Sleeps what a `slow` rule says, until the rule is removed; then the rule that makes it fail.
  std::optional<Rule> before(Action action, const std::string& path);
  /// Bytes of a write that may be taken: `growth` of them need space.
  std::int64_t admitted(const std::string& path, std::int64_t bytes, std::int64_t growth);
  /// Whether there is no space for a new name, either.
  bool full(const std::string& path);
  void freed(std::int64_t bytes);
  /// The space that is left, if some rule limits it.
  std::optional<std::int64_t> space_left();
  /// How much of a write of `bytes` at `at` is written. `told`: how much is answered. A torn write
  /// ends where a sector of the file does.
  std::int64_t torn(const std::string& path, std::int64_t at, std::int64_t bytes,
                    std::int64_t* told);
  /// Flips a bit of what was read, perhaps.
  void corrupt(const std::string& path, char* data, std::size_t bytes);

  /// "ID applied N; ..." in the order of their arrival.
  std::string status();
  bool any();

 private:
  Rule* match(Rule::Kind kind, Action action, const std::string& path);

  std::mutex mutex_;
  std::condition_variable removed_;  ///< ends the sleep of what is slow
  std::list<Rule> rules_;
};

}  // namespace gauntlet::disk
