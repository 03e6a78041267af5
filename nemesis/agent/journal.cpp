#include "nemesis/agent/journal.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace gauntlet::agent {

namespace {

std::string path_of(std::string_view module) {
  return run_folder() + "/" + std::string(module) + ".journal";
}

}  // namespace

std::string& run_folder() {
  static std::string folder = "/run/gauntlet/agent";
  return folder;
}

std::vector<std::string> read_journal(std::string_view module) {
  std::vector<std::string> lines;
  std::ifstream file(path_of(module));
  for (std::string line; std::getline(file, line);)
    lines.push_back(line);
  return lines;
}

std::string write_journal(std::string_view module, const std::vector<std::string>& lines) {
  const std::string path = path_of(module);
  if (lines.empty()) {
    if (unlink(path.c_str()) == 0 || errno == ENOENT) return "";
    return path + ": " + std::strerror(errno);
  }
  const std::string whole = path + ".new";
  {
    std::ofstream file(whole, std::ios::trunc);
    for (const std::string& line : lines)
      file << line << '\n';
    file.flush();
    if (!file) return whole + " cannot be written";
  }
  if (std::rename(whole.c_str(), path.c_str()) != 0) return path + ": " + std::strerror(errno);
  return "";
}

}  // namespace gauntlet::agent
