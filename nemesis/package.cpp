// Packages: faults that are asked for together, by one name.
#include <algorithm>

#include "nemesis/fault.hpp"

namespace gauntlet {

const std::vector<std::string>& package_names() {
  static const std::vector<std::string> names = {"standard", "network",  "crash", "clock",
                                                 "disk",     "resource", "all"};
  return names;
}

std::vector<const Fault*> faults_of_package(std::string_view package) {
  std::vector<const Fault*> faults;
  for (const Fault* fault : FaultRegistry::instance().all()) {
    if (package == "all" || std::ranges::count(fault->packages(), package) > 0)
      faults.push_back(fault);
  }
  return faults;
}

}  // namespace gauntlet
