// Looks at the data folder of n1: what another program meets that uses a file of its own there, and
// what was done to the database's files while it was dead.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "tests/integration/fault_looks.hpp"

namespace gauntlet {

namespace {

/// Writes a file of 4 KiB, syncs it, reads it five times, and removes it, so often as its first
/// argument says. A line for each time: milliseconds, whether the write was cut short, reads that
/// differ, and the error if there was one.
constexpr const char* file_user = R"perl(
use Fcntl; use IO::Handle; use Time::HiRes "time";
alarm 20; ($uses, $name) = @ARGV;
sub attempt {
  sysopen $file, $name, O_CREAT | O_TRUNC | O_RDWR or return $!;
  $content = join "", map { pack "L", rand 1 << 32 } 1 .. 1024;
  defined($n = syswrite $file, $content) or return $!;
  $short = $n < length $content;
  $file->sync or return $!;
  for (1 .. 5) {
    sysopen $again, $name, O_RDONLY or return $!;
    defined sysread $again, $read, 4096 or return $!;
    $differ += $read ne substr $content, 0, $n;
  }
  return "";
}
for (1 .. $uses) {
  $begin = time; $short = $differ = 0; $error = attempt; close $file; unlink $name;
  printf "%.1f %d %d %s\n", 1000 * (time - $begin), $short, $differ, $error;
})perl";

struct FileUse {
  double fastest_ms = std::numeric_limits<double>::max();
  int short_writes = 0, differing_reads = 0, failed = 0;
  std::string error;  ///< the last one
};

FileUse use_file(Scene& scene, int times) {
  const auto result = scene.n1.run(Command::of({"perl", "-e", file_user, std::to_string(times),
                                                *scene.database.data_folder() + "/look"})
                                       .root());
  REQUIRE(result);
  FileUse use;
  std::istringstream lines(result->output);
  double ms = 0;
  int used = 0, cut = 0, differ = 0;
  for (std::string error; lines >> ms >> cut >> differ && std::getline(lines, error);) {
    ++used;
    use.fastest_ms = std::min(use.fastest_ms, ms);
    use.short_writes += cut;
    use.differing_reads += differ;
    if (error.size() < 2) continue;
    ++use.failed;
    use.error = error.substr(1);
  }
  CHECK(used == times);
  return use;
}

constexpr int uses = 30;

}  // namespace

Look disk_errors(Scene& scene) {
  return [&scene] {
    const FileUse use = use_file(scene, uses);
    if (use.failed == 0) return Sight{"0", false};
    return Sight{fmt::format("{} ({})", use.failed, use.error), true};
  };
}

Look disk_time(Scene& scene) {
  return [&scene] {
    const FileUse use = use_file(scene, 3);
    return Sight{fmt::format("{:.0f} ms", use.fastest_ms), use.fastest_ms > 300};
  };
}

Look disk_short_writes(Scene& scene) {
  return [&scene] {
    const FileUse use = use_file(scene, uses);
    return Sight{fmt::format("{}", use.short_writes), use.short_writes > 0};
  };
}

Look disk_damaged_reads(Scene& scene) {
  return [&scene] {
    const FileUse use = use_file(scene, uses);
    return Sight{fmt::format("{}", use.differing_reads), use.differing_reads > 0};
  };
}

/// Written anew by each look, for the next one to find.
Look unsynced_file(Scene& scene) {
  const std::string file = shell_quote(*scene.database.data_folder() + "/unsynced");
  const std::shared_ptr<void> end(nullptr, [&scene, file](void*) {
    (void)scene.n1.run(Command::shell("rm -f -- " + file).root());
  });
  return [&scene, file, end, expected = std::string()]() mutable {
    const std::string next = fmt::format("{}", monotonic_now());
    const auto found =
        scene.n1.run(Command::shell(fmt::format("cat {0}; printf {1} >{0}", file, next)).root());
    REQUIRE(found);
    const bool lost = !expected.empty() && found->output != expected;
    expected = next;
    return Sight{lost ? "lost" : "kept", lost};
  };
}

Look files_changed(Scene& scene) {
  scene.database.watch(&scene.n1);
  const std::shared_ptr<void> end(nullptr, [&scene](void*) { scene.database.watch(nullptr); });
  return [&scene, end] {
    const auto changes = scene.database.take_changes();
    if (changes.empty()) return Sight{"untouched", false};
    if (changes.size() == 1) return Sight{changes.front(), true};
    return Sight{fmt::format("{} changed", changes.size()), true};
  };
}

}  // namespace gauntlet
