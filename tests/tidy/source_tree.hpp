// The sources of this project as data, for the tidy tests.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace gauntlet::tidy {

struct SourceFile {
  std::string path;  ///< relative to the project's root, "checker/verdict.hpp"
  std::string area;  ///< its top folder
  std::vector<std::string> lines;
  std::vector<std::string> includes;  ///< of ours only: what stands between quotes
};

/// Every .hpp and .cpp of the project's areas, tests and benches, by path.
const std::map<std::string, SourceFile>& source_files();

/// Every file that git tracks, or that stands in the tree where git is absent; by path.
const std::vector<std::string>& all_files();

std::vector<std::string> read_lines(const std::string& path);

}  // namespace gauntlet::tidy
