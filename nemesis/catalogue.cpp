#include "nemesis/catalogue.hpp"

#include <fmt/format.h>

#include "nemesis/fault.hpp"

namespace gauntlet {

std::string faults_markdown() {
  std::string text = "| fault | what it does |\n|---|---|\n";
  const auto faults = FaultRegistry::instance().all();
  for (const Fault* fault : faults)
    text += fmt::format("| [{0}](#{0}) | {1} |\n", fault->name(), fault->description());
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
