#include "nemesis/catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nemesis/fault.hpp"

namespace gauntlet {

std::string faults_markdown() {
  std::string text =
      "| fault | packages | what it does | shown by | needs |\n|---|---|---|---|---|\n";
  const auto faults = FaultRegistry::instance().all();
  for (const Fault* fault : faults) {
    text += fmt::format("| [{0}](#{0}) | {1} | {2} | {3} | {4} |\n", fault->name(),
                        fmt::join(fault->packages(), ", "), fault->description(), fault->proof(),
                        fault->needs());
  }
  for (const Fault* fault : faults) {
    text += fmt::format("\n### {}\n\n", fault->name());
    if (fault->parameters().empty()) {
      text += "No parameters.\n";
      continue;
    }
    text += "| parameter | default | meaning |\n|---|---|---|\n";
    for (const auto& parameter : fault->parameters()) {
      const std::string value =
          parameter.default_value.empty() ? "" : "`" + parameter.default_value + "`";
      text += fmt::format("| `{}` | {} | {} |\n", parameter.name, value, parameter.description);
    }
  }
  return text;
}

}  // namespace gauntlet
