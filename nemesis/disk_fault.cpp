#include "nemesis/disk_fault.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <thread>

#include "nemesis/agent_links.hpp"
#include "nemesis/bring_back.hpp"
#include "nemesis/data_disk.hpp"
#include "nemesis/links.hpp"
#include "nemesis/script.hpp"
#include "nemesis/targets.hpp"
#include "nemesis/wording.hpp"
#include "nemesis/words.hpp"

namespace gauntlet {

namespace {

constexpr std::chrono::seconds call_time{10};
/// A database that is about to end of an error gets a moment to, and more while it does not serve:
/// postgres waits 5 s for its processes to end.
constexpr std::chrono::milliseconds ending_time{300};
constexpr std::chrono::seconds ending_time_max{8};
constexpr std::string_view probe_file = ".gauntlet-probe";
constexpr std::string_view path_name = "path", operations_name = "operations";

const std::vector<std::string> known_operations = {"read", "write", "fsync",
                                                   "open", "names", "look"};

Result<void> check_operations(std::string_view text) {
  while (true) {
    const bool last = text.find('+') == std::string_view::npos;
    const std::string one(take_until(text, '+'));
    if (auto known = check_choice("operation", one, known_operations); !known || last) return known;
  }
}

/// It goes through a line of blanks and a shell.
Result<void> check_path(std::string_view text) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/*?[]!";
  if (!text.empty() && text.size() <= 200 &&
      text.find_first_not_of(allowed) == std::string_view::npos)
    return {};
  return failure(ErrorKind::usage, fmt::format("path is '{}'", text),
                 "give a pattern of files below the data folder, such as wal/*");
}

std::string path_of(const Value& plan) {
  return text_from(plan, path_name, "*");
}

std::string operations_of(const Value& plan, const std::string& otherwise) {
  return text_from(plan, operations_name, otherwise);
}

/// Starts the database where it has ended. Of each node, whether it had and runs again.
std::vector<Result<bool>> start_what_ended(const FaultContext& context,
                                           const std::vector<Node*>& nodes) {
  const auto deadline = Deadline::after(ending_time_max);
  std::vector<Result<bool>> started(nodes.size(), false);
  while (true) {
    std::this_thread::sleep_for(ending_time);
    const auto now =
        on_each<bool>(nodes, [&](Node& node) { return start_if_ended(context, node); });
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!started[i] || !now[i] || *now[i]) started[i] = now[i];
    }
    if (deadline.passed() || context.database->await_ready(deadline.capped(ending_time)))
      return started;
  }
}

}  // namespace

NumberParameter disk_probability(double default_value) {
  return {"probability", default_value, 0.0001, 1, "how likely an operation is concerned"};
}

NumberParameter disk_times(double default_value) {
  return {"times", default_value, 0, 1'000'000, "after how many times it ends (0: never)"};
}

ChoiceParameter disk_errno() {
  return {"errno",
          "EIO",
          {"EIO", "ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EINTR", "EAGAIN", "ENOMEM",
           "EMFILE", "ENFILE", "EBUSY", "EFBIG", "EINVAL", "ENXIO", "ETIMEDOUT"},
          "the error"};
}

std::string rule_setting(std::string_view name, const Value& plan, const NumberParameter& number) {
  return fmt::format("{}={}", name, number_or_default(plan, number));
}

std::string DiskFault::prefix() const {
  std::string text = fmt::format("gauntlet_{}_", name());
  std::ranges::replace(text, '-', '_');
  GAUNTLET_ASSERT(text.starts_with(disk::fault_rule_prefix));
  return text;
}

std::vector<FaultParameter> DiskFault::parameters() const {
  const Details known = details();
  std::vector<FaultParameter> all = {{"targets", "any", "on which nodes: " + target_words()}};
  if (!known.operations.empty()) {
    all.push_back(
        {std::string(operations_name), known.operations,
         fmt::format("which: one or more of {}, joined by + (names: files are made, removed and "
                     "renamed; look: their attributes are read)",
                     fmt::join(known_operations, ", "))});
  }
  for (const auto& choice : known.choices)
    all.push_back(to_parameter(choice));
  for (const auto& number : known.numbers)
    all.push_back(to_parameter(number));
  if (known.paths) {
    all.push_back({std::string(path_name), "*",
                   "of which files: a pattern of names below the data folder, where * stands for "
                   "slashes as well"});
  }
  return all;
}

Result<void> DiskFault::check(const Value& parameters,
                              const std::vector<std::string>& nodes) const {
  const Details known = details();
  if (auto sound = check_targets(text_from(parameters, "targets", "any"), nodes); !sound)
    return sound;
  if (auto sound = check_numbers(parameters, known.numbers); !sound) return sound;
  if (auto sound = check_choices(parameters, known.choices); !sound) return sound;
  if (auto sound = check_path(path_of(parameters)); !sound) return sound;
  if (known.operations.empty()) return {};
  return check_operations(operations_of(parameters, known.operations));
}

std::optional<std::string> DiskFault::unsupported(const FaultContext& context) const {
  if (auto why = no_processes(context.cluster, context.database)) return why;
  if (!context.database->data_folder()) return "the database tells of no folder for its data";
  if (context.agents == nullptr) return "there are no agents on the nodes";
  return no_data_disk(*context.cluster);
}

Result<Value> DiskFault::prepare(const FaultContext& context, const Value& parameters,
                                 Random& random) const {
  // On another node only our own probe would meet the rule.
  const auto targets = choose_targets(text_from(parameters, "targets", "any"), context, random,
                                      nodes_with_processes(*context.cluster, *context.database));
  if (!targets) return targets.error();
  const Details known = details();
  Value plan = Value::map({{"targets", to_value(*targets)},
                           {"name", draw_name(prefix(), random)},
                           {"folder", context.database->data_folder().value_or("")},
                           {"seed", static_cast<std::int64_t>(random.below(1U << 31U))}});
  put_numbers(plan, parameters, known.numbers);
  put_choices(plan, parameters, known.choices);
  if (known.paths) plan.set(std::string(path_name), path_of(parameters));
  if (!known.operations.empty())
    plan.set(std::string(operations_name), operations_of(parameters, known.operations));
  return plan;
}

Result<NodeNames> DiskFault::concerned(const Value& plan) const {
  if (const auto id = name_from(plan, prefix()); !id) return id.error();
  if (const auto sound = check(plan, {}); !sound) return sound.error();
  if (!text_from(plan, "folder", "").starts_with('/'))
    return failure(ErrorKind::input, "the plan of a fault on disks names no folder");
  return names_from(plan.find("targets"));
}

Result<RuleCounts> DiskFault::put_in(const FaultContext& context, const Value& plan,
                                     Node& node) const {
  if (context.agents == nullptr)
    return failure(ErrorKind::resource, "there are no agents on the nodes");
  const Details known = details();
  std::vector<std::string> words = {"disk", "add", *name_from(plan, prefix())};
  for (auto& word : rule(plan))
    words.push_back(std::move(word));
  if (!known.operations.empty()) words.push_back("on=" + operations_of(plan, known.operations));
  if (known.paths) words.push_back("path=" + path_of(plan));
  const Value* const seed = plan.find("seed");
  if (seed != nullptr && seed->is_integer())
    words.push_back(fmt::format("seed={}", static_cast<std::uint64_t>(seed->integer())));
  const auto said = context.agents->call(node, words, Deadline::after(call_time));
  if (!said) return said.error();
  return count(context, plan, node);
}

Result<RuleCounts> DiskFault::count(const FaultContext&, const Value& plan, Node& node) const {
  const auto rules = data_disk_rules(node, *name_from(plan, prefix()));
  if (!rules) return rules.error();
  return rules->empty() ? RuleCounts{} : RuleCounts{1, rules->front().applied};
}

Result<RuleCounts> DiskFault::take_out(const FaultContext&, const Value& plan, Node& node) const {
  const auto removed = remove_data_disk_rules(node, *name_from(plan, prefix()));
  if (!removed) return removed.error();
  // What a probe could not remove while the disk refused.
  const auto clean = run_script(
      node, "remove the probe",
      fmt::format("rm -f -- {}",
                  shell_quote(fmt::format("{}/{}", text_from(plan, "folder", ""), probe_file))));
  if (!clean) return clean.error();
  return removed->empty() ? RuleCounts{} : RuleCounts{1, removed->front().applied};
}

std::string DiskFault::usage(const Value& plan) const {
  if (number_or_default(plan, disk_times(0)) > 0) return {};
  if (fnmatch(path_of(plan).c_str(), std::string(probe_file).c_str(), 0) != 0) return {};
  return "dd if=/dev/zero of=\"$f\" bs=4096 count=1 conv=fsync; cat \"$f\"; rm -f \"$f\"";
}

/// Never holds up the nemesis: what hangs on a slow disk goes on by itself, for two seconds.
void DiskFault::probe(const FaultContext& context, const Value& plan) const {
  const std::string commands = usage(plan);
  if (commands.empty()) return;
  const double share = number_or_default(plan, disk_probability(1));
  const int rounds = static_cast<int>(std::clamp(5 / share, 1.0, 50.0));
  const std::string file = fmt::format("{}/{}", text_from(plan, "folder", ""), probe_file);
  const std::string script = fmt::format(
      "f={}\n(end=$(($(date +%s) + 2)); i=0\nwhile [ $i -lt {} ] && [ $(date +%s) -lt $end ]; do\n"
      "  i=$((i + 1)); {}\ndone) >/dev/null 2>&1 </dev/null &\nleft=20\n"
      "while kill -0 $! 2>/dev/null && [ $left -gt 0 ]; do left=$((left - 1)); sleep 0.05; done\n",
      shell_quote(file), share < 1 ? rounds : 1, commands);
  on_each<std::string>(nodes_named(*context.cluster, *concerned(plan)),
                       [&](Node& node) { return run_script(node, "use the disk", script); });
}

std::string DiskFault::wording(const Value& plan) const {
  const Details known = details();
  std::string text = fmt::format("{}: ", fmt::join(names_from(plan.find("targets")), " "));
  if (!known.operations.empty())
    text += operations_of(plan, known.operations) + (known.paths ? " of " : " ");
  if (known.paths) text += path_of(plan) + " ";
  return text + effect(plan);
}

FaultOutcome DiskFault::heal(const FaultContext& context, const Value& plan) const {
  FaultOutcome outcome = CountedFault::heal(context, plan);
  if (context.database == nullptr || no_processes(context.cluster, context.database))
    return outcome;
  const auto nodes = nodes_named(*context.cluster, names_from(plan.find("targets")));
  const auto started = start_what_ended(context, nodes);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!started[i]) {
      outcome.took_effect = false;
      outcome.evidence += "; " + told_of(nodes[i]->name(), started[i].error());
    } else if (*started[i]) {
      outcome.evidence +=
          fmt::format("; {}: the database had ended, it runs again", nodes[i]->name());
    }
  }
  return outcome;
}

Result<std::string> DiskFault::residue(const FaultContext&, Node& node) const {
  const auto rules = data_disk_rules(node, prefix());
  if (!rules) return rules.error();
  std::string found;
  for (const auto& one : *rules)
    found += (found.empty() ? "the disk has the rule " : ", ") + one.id;
  return found;
}

Result<void> DiskFault::clear(const FaultContext&, Node& node) const {
  const auto removed = remove_data_disk_rules(node, prefix());
  return removed ? Result<void>() : removed.error();
}

}  // namespace gauntlet
