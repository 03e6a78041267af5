// Files: the database's processes may open only few files more than they have open now.
//
// Connections are files, too: new ones are refused or wait, logs cannot be rolled, snapshots not be
// written. A database that ends of it is started again at the heal; a process that is started anew
// has its usual limits.
#include <fmt/format.h>

#include "nemesis/agent_fault.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/wording.hpp"

namespace gauntlet {

namespace {

NumberParameter spare() {
  return {"spare", 4, 0, 100'000, "how many files more than now each process may open"};
}

class Files : public AgentFault {
 public:
  std::string_view name() const override { return "files"; }
  std::vector<std::string_view> packages() const override { return {"resource"}; }
  std::string_view description() const override {
    return "the database's processes may open few files more than now";
  }
  std::string_view proof() const override { return "the limit read back from the processes"; }

 protected:
  std::string module() const override { return "open-files"; }
  std::vector<NumberParameter> numbers() const override { return {spare()}; }
  bool may_end_database() const override { return true; }
  std::vector<std::string> words(const FaultContext& context, const Node& node,
                                 const Value& plan) const override {
    std::vector<std::string> words = {fmt::format("{:.0f}", number_or_default(plan, spare()))};
    for (auto& word : daemon_words(*context.database, node))
      words.push_back(std::move(word));
    return words;
  }
  FaultOutcome told(const Figures& figures) const override {
    const std::int64_t processes = figure(figures, "processes");
    return {processes > 0 && figure(figures, "limit") > 0,
            fmt::format("had {} of {} files open ({})", figure(figures, "open"),
                        figure(figures, "limit"), counted(processes, "process", "processes")),
            {}};
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Files);

}  // namespace gauntlet
