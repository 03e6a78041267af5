// The words behind gauntlet-agent disk...
#include <cstdio>
#include <sstream>

#include "nemesis/agent/disk/command_socket.hpp"
#include "nemesis/agent/disk/disk_replay.hpp"
#include "nemesis/agent/disk/file_system.hpp"

namespace gauntlet::disk {

namespace {

/// Each line of standard input is a command, each answer a line.
int send_lines(const std::string& socket_path) {
  char line[4096];
  while (std::fgets(line, sizeof(line), stdin) != nullptr) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
      words.push_back(word);
    std::printf("%s\n", send_command(socket_path, words).c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int disk_main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() >= 3 && words[0] == "disk-command") {
    const std::string reply = send_command(words[1], {words.begin() + 2, words.end()});
    std::printf("%s\n", reply.c_str());
    return reply.starts_with("ok") ? 0 : 1;
  }
  if (words.size() == 2 && words[0] == "disk-commands") return send_lines(words[1]);
  if (!words.empty() && words[0] == "disk-log")
    return disk_log_main({words.begin() + 1, words.end()});
  if (!words.empty() && words[0] == "disk-replay")
    return disk_replay_main({words.begin() + 1, words.end()});
  if (words.size() >= 5 && words[0] == "disk" && words[3] == "--socket") {
    const bool strict = words.size() > 5 && words[5] == "--strict";
    return serve_file_system(words[1], words[2], words[4], strict);
  }
  std::fputs(
      "usage: gauntlet-agent disk MOUNTPOINT BACKING --socket PATH [--strict]\n"
      "       gauntlet-agent disk-command SOCKET WORDS...\n"
      "       gauntlet-agent disk-commands SOCKET <LINES\n"
      "       gauntlet-agent disk-log LOG [--points]\n"
      "       gauntlet-agent disk-replay LOG FOLDER ...\n",
      stderr);
  return 254;
}

}  // namespace gauntlet::disk
