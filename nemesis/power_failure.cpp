// Power failure: the database is killed, and what it did not fsync is lost.
//
// The data folder must be on the file system of ours (data_disk.hpp), which knows what is durable.
// Unlike a kill, which leaves to the kernel what was written, this finds writes that were
// acknowledged before they were durable. Pillai et al., "All File Systems Are Not Created Equal"
// (OSDI 2014), name what may be left; LazyFS does the same for whole files.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nemesis/bring_back.hpp"
#include "nemesis/crash/recording.hpp"
#include "nemesis/data_disk.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/process_fault.hpp"

namespace gauntlet {

namespace {

std::string word_of(const Value& value, std::string_view name, const std::string& otherwise) {
  const Value* found = value.find(name);
  return found != nullptr && found->is_string() ? found->string() : otherwise;
}

bool is_loss(const std::string& word) {
  return word == "whole" || word == "pages" || word == "sectors";
}

class PowerFailure : public ProcessFault {
 public:
  std::string_view name() const override { return "power-failure"; }
  std::string_view description() const override {
    return "the database is killed and what it did not fsync is lost, later it is started again";
  }
  std::vector<FaultParameter> parameters() const override {
    auto all = ProcessFault::parameters();
    all.push_back({"loses", "whole",
                   "of what was not fsynced: `whole`: all; `pages`: each overwritten page of 4 KiB "
                   "with probability 1/2, and from a random point on what was appended and the "
                   "latest names; `sectors`: the same by 512 bytes, so that pages are torn"});
    return all;
  }
  std::vector<std::string_view> packages() const override { return {"crash", "disk"}; }
  std::string_view proof() const override { return "bytes and names that were put back"; }
  std::string_view needs() const override { return "the data on our file system: --disk fuse"; }
  Result<void> check(const Value& parameters,
                     const std::vector<std::string>& nodes) const override {
    if (!is_loss(word_of(parameters, "loses", "whole"))) {
      return failure(ErrorKind::usage,
                     "power-failure loses '" + word_of(parameters, "loses", "") + "'",
                     "say whole, pages or sectors");
    }
    return ProcessFault::check(parameters, nodes);
  }
  std::optional<std::string> unsupported(const FaultContext& context) const override {
    if (auto why = ProcessFault::unsupported(context)) return why;
    return no_data_disk(*context.cluster);
  }

  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    auto plan = ProcessFault::prepare(context, parameters, random);
    if (!plan) return plan;
    const auto seed = static_cast<std::int64_t>(random.below(1U << 31U));
    return Value::map({{"targets", *plan->find("targets")},
                       {"processes", *plan->find("processes")},
                       {"loses", Value(word_of(parameters, "loses", "whole"))},
                       {"seed", Value(seed)}});
  }

  std::vector<std::string> keeps_dead(const Value& plan) const override {
    return names_from(plan.find("targets"));
  }

  FaultOutcome inject(const FaultContext& context, const Value& plan) const override {
    if (context.database == nullptr) return {false, "the database is not known", {}};
    const std::string loses = word_of(plan, "loses", "whole");
    const Value* seed = plan.find("seed");
    if (!is_loss(loses) || seed == nullptr || !seed->is_integer())
      return {false, "the plan makes no sense", {}};
    const std::string words = fmt::format("power-failure {} {}", loses, seed->integer());
    std::vector<std::string> lines;
    bool lost = false;
    const auto nodes = nodes_named(*context.cluster, names_from(plan.find("targets")));
    // All are dead before the first one loses anything, as when a room loses its power.
    const auto killed = on_each<void>(nodes, [&](Node& n) { return context.database->kill(n); });
    const auto replies =
        on_each<std::string>(nodes, [&](Node& node) { return data_disk_command(node, words); });
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto& name = nodes[i]->name();
      if (!killed[i]) {
        lines.push_back(told_of(name, killed[i].error()));
      } else if (!replies[i]) {
        lines.push_back(told_of(name, replies[i].error()));
      } else {
        lost = true;
        lines.push_back(fmt::format("{}: killed, lost {}", name, *replies[i]));
      }
    }
    return {lost, fmt::format("{}", fmt::join(lines, "; ")), {}};
  }

  FaultOutcome heal(const FaultContext& context, const Value& plan) const override {
    if (context.database == nullptr) return {false, "the database is not known", {}};
    const auto nodes = nodes_named(*context.cluster, names_from(plan.find("targets")));
    const auto started = on_each<void>(nodes, [&](Node& node) -> Result<void> {
      return is_kept_dead(context, node) ? Result<void>() : context.database->start(node);
    });
    const auto up = all_of(nodes, started);
    return {up.has_value(),
            text_of_targets(plan) + (up ? ": runs again" : ": " + up.error().what) +
                told_of_kept_dead(context, nodes),
            {}};
  }

  /// A disk below a database that runs is none: it goes when the database does. What a crash test
  /// has left is one whether the database runs or not.
  Result<std::string> residue(const FaultContext& context, Node& node) const override {
    if (context.database == nullptr || !context.database->data_folder()) return std::string();
    const auto mounted = data_disk_mounted(node, *context.database->data_folder());
    if (!mounted) return mounted.error();
    const auto record = crash::record_left(node, {*context.database->data_folder()});
    if (!record) return record.error();
    if (*record) return std::string("what a crash test that was killed has left");
    if (!*mounted) return std::string();
    const auto running = running_processes(*context.database, node);
    if (!running) return running.error();
    return running->empty() ? "a file system of ours without its database" : std::string();
  }
  Result<void> clear(const FaultContext& context, Node& node) const override {
    const auto found = residue(context, node);
    if (!found) return found.error();
    if (found->empty()) return {};
    const std::string folder = *context.database->data_folder();
    if (auto killed = context.database->kill(node); !killed) return killed;
    if (auto gone = remove_data_disk(node, folder); !gone) return gone;
    return crash::remove_record(node, {folder});
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, PowerFailure);

}  // namespace gauntlet
