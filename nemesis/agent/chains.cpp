#include "nemesis/agent/chains.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace gauntlet::agent {

namespace {

/// What a shell script prints; its process group ends with it, or after 10 s.
std::string output_of(const std::string& script) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execl("/bin/sh", "sh", "-c", script.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  close(ends[1]);
  std::string output;
  const std::time_t until = std::time(nullptr) + 10;
  while (child > 0 && std::time(nullptr) < until) {
    pollfd polled{ends[0], POLLIN, 0};
    if (poll(&polled, 1, 1000) <= 0) continue;
    char buffer[4096];
    const ssize_t size = read(ends[0], buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    output.append(buffer, static_cast<std::size_t>(size));
  }
  close(ends[0]);
  if (child > 0) {
    kill(-child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  return output;
}

std::string each_chain(std::string_view table, std::string_view prefix, std::string_view words,
                       const std::string& action) {
  const std::string of_table = " -w 5 -t " + std::string(table);
  return "PATH=$PATH:/usr/sbin:/sbin\n"
         "for tool in iptables ip6tables; do\n"
         "  $tool" +
         of_table + " -S 2>/dev/null | sed -n 's/^-A \\(" + std::string(prefix) +
         "[0-9a-z_]*\\) .*" + std::string(words) + ".*/\\1/p' | sort -u |\n" +
         "  while read -r chain; do\n" + action + "  done\ndone\n";
}

}  // namespace

std::string list_chains(std::string_view table, std::string_view prefix, std::string_view words) {
  std::string found = output_of(each_chain(table, prefix, words, "    echo $tool $chain\n"));
  for (char& c : found)
    c = c == '\n' ? ' ' : c;
  return found;
}

bool remove_chains(std::string_view table, std::string_view prefix, std::string_view words) {
  const std::string tool = "$tool -w 5 -t " + std::string(table);
  output_of(each_chain(table, prefix, words,
                       "    for hook in INPUT OUTPUT PREROUTING; do\n"
                       "      while " +
                           tool +
                           " -D $hook -j $chain 2>/dev/null; do :; done\n"
                           "    done\n"
                           "    " +
                           tool + " -F $chain && " + tool + " -X $chain\n"));
  return list_chains(table, prefix, words).empty();
}

}  // namespace gauntlet::agent
