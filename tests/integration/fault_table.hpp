// The table of faults as it is told: a row for each fault, a cell for each database.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/registry.hpp"
#include "nemesis/fault.hpp"
#include "tests/integration/fault_looks.hpp"

namespace gauntlet {

class FaultTable {
 public:
  void add(const std::string& database, const std::string& fault, const std::string& cell) {
    if (std::ranges::find(databases_, database) == databases_.end()) databases_.push_back(database);
    cells_[{fault, database}] = cell;
    fmt::print("| {} | {} | {} |\n", database, fault, cell);
    std::fflush(stdout);
  }

  std::string markdown() const {
    std::string text = "| fault | what is looked at |", line = "|---|---|";
    for (const auto& database : databases_) {
      text += fmt::format(" {} |", database);
      line += "---|";
    }
    text += "\n" + line + "\n";
    for (const Fault* fault : FaultRegistry::instance().all()) {
      const std::string name(fault->name());
      text += fmt::format("| [{0}](faults.md#{0}) | {1} |", name, look_at_fault(name).what);
      for (const auto& database : databases_) {
        const auto cell = cells_.find({name, database});
        text += fmt::format(" {} |", cell == cells_.end() ? "not tried" : cell->second);
      }
      text += "\n";
    }
    return text;
  }

  /// Puts the table into the file in place of the one that it holds below "## Table".
  void write_into(const std::string& path) const {
    std::string page;
    std::getline(std::ifstream(path), page, '\0');
    const std::string heading = "## Table\n\n";
    const std::size_t at = page.find(heading);
    REQUIRE(at != std::string::npos);
    std::ofstream(path) << page.substr(0, at) << heading << markdown();
  }

 private:
  std::vector<std::string> databases_;  ///< in the order in which they came
  std::map<std::pair<std::string, std::string>, std::string> cells_;  ///< by fault and database
};

}  // namespace gauntlet
