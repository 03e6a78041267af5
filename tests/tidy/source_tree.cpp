#include "tests/tidy/source_tree.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace gauntlet::tidy {

namespace fs = std::filesystem;

namespace {

bool is_generated(const std::string& path) {
  return path.starts_with("build") || path.starts_with(".git/") || path.starts_with("store/") ||
         path.starts_with(".cache/");
}

}  // namespace

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream in(std::string(GAUNTLET_SOURCE_DIR) + "/" + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

const std::vector<std::string>& all_files() {
  static const std::vector<std::string> files = [] {
    std::vector<std::string> found;
    const fs::path root(GAUNTLET_SOURCE_DIR);
    for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator();
         ++it) {
      const std::string path = fs::relative(it->path(), root).generic_string();
      if (is_generated(it->is_directory() ? path + "/" : path)) {
        if (it->is_directory()) it.disable_recursion_pending();
        continue;
      }
      if (it->is_regular_file()) found.push_back(path);
    }
    std::sort(found.begin(), found.end());
    return found;
  }();
  return files;
}

const std::map<std::string, SourceFile>& source_files() {
  static const std::map<std::string, SourceFile> files = [] {
    std::map<std::string, SourceFile> result;
    for (const auto& path : all_files()) {
      if (!path.ends_with(".hpp") && !path.ends_with(".cpp")) continue;
      SourceFile file{path, path.substr(0, path.find('/')), read_lines(path), {}};
      for (const auto& line : file.lines) {
        if (line.starts_with("#include \"")) {
          file.includes.push_back(line.substr(10, line.rfind('"') - 10));
        }
      }
      result[path] = std::move(file);
    }
    return result;
  }();
  return files;
}

}  // namespace gauntlet::tidy
