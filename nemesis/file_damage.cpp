#include "nemesis/file_damage.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "nemesis/agent_links.hpp"
#include "nemesis/bring_back.hpp"
#include "nemesis/script.hpp"

namespace gauntlet {

namespace {

constexpr const char* saved_root = "/var/lib/gauntlet/damage";
/// A database that is not ready for another reason, and has not ended by then, has come up.
constexpr std::chrono::seconds watch_time(4);
constexpr std::chrono::milliseconds look_interval(500);

bool is_id(const std::string& text) {
  return text.size() == 8 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Starts the database on all of `nodes`, and tells of each whether it came up: that the cluster
/// serves, or that it has not ended for a while. One that ends when it first hears from the others
/// has not.
std::vector<Result<bool>> come_up(Database& database, const std::vector<Node*>& nodes) {
  if (nodes.empty()) return {};
  const auto watched = Deadline::after(watch_time);
  const auto started = on_each<bool>(nodes, [&](Node& node) -> Result<bool> {
    const auto done = database.start(node);
    if (!done && done.error().kind != ErrorKind::remote) return done.error();
    return done.has_value();  // it may end while it is being started
  });
  const auto look = [&] {
    return on_each<bool>(nodes, [&](Node& node) -> Result<bool> {
      const auto at = std::ranges::find(nodes, &node) - nodes.begin();
      const auto& begun = started[static_cast<std::size_t>(at)];
      if (!begun || !*begun) return begun;
      const auto running = running_processes(database, node);
      if (!running) return running.error();
      return !running->empty();
    });
  };
  while (true) {
    const bool ready = database.await_ready(Deadline::after(look_interval)).has_value();
    auto up = look();
    const auto runs = [](const auto& one) { return one && *one; };
    if (ready || watched.passed() || std::ranges::none_of(up, runs)) return up;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

/// Why it ended, as far as its log tells: of a trace its cause.
std::string last_words(Database& database, Node& node) {
  const auto files = database.log_files(node);
  if (files.empty()) return {};
  const std::string lines = last_log_lines(node, files.front(), 20);
  const std::size_t last = lines.rfind(" | ");
  const std::size_t cause = lines.rfind("panic: ");
  if (cause == std::string::npos) return lines.substr(last == std::string::npos ? 0 : last + 3);
  return lines.substr(cause, lines.find(" | ", cause) - cause);
}

/// What an operator does with a replica whose files are beyond help, where the others can do
/// without what it held.
Result<void> replace_member(Database& database, Node& node) {
  if (const auto reason = database.has_to_stay(node))
    return failure(ErrorKind::remote, "and cannot be replaced by a member without data: " + *reason);
  if (auto left = database.leave(node); !left) return left;
  return database.join(node);
}

/// A report of the agent: the number that it begins with.
std::int64_t number_of(const std::string& report) {
  std::int64_t number = 0;
  std::from_chars(report.data(), report.data() + report.size(), number);
  return number;
}

/// One line that can be shown: names of files are the database's.
std::string shown(std::string text) {
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  text.resize(std::min<std::size_t>(text.size(), 300));
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace

ChoiceParameter pick_parameter() {
  return {"pick", "largest", {"largest", "random", "all"}, "which of these files"};
}

ChoiceParameter layout_parameter() {
  return {"layout",
          "helix",
          {"helix", "any", "same"},
          "helix: node j of n only has chunks whose number is j modulo n damaged, so no chunk on "
          "two nodes; any: each node its own; same: the same chunks on all targets, as far as "
          "their files are equally long"};
}

NumberParameter chunk_parameter() {
  return {"chunk", 4096, 512, 16 << 20, "bytes of a chunk"};
}

std::vector<std::string> file_settings(const Value& plan) {
  const Value* seed = plan.find("seed");
  return {"files=" + text_from(plan, "files", "*"), "pick=" + text_from(plan, "pick", "largest"),
          fmt::format("seed={}", seed != nullptr && seed->is_integer() ? seed->integer() : 0)};
}

std::vector<std::string> chunk_settings(const FaultContext& context, const Value& plan,
                                        const Node& node) {
  const auto names = node_names(*context.cluster);
  const auto position = std::ranges::find(names, node.name()) - names.begin();
  std::vector<std::string> words = {
      fmt::format("chunk={:.0f}", number_or_default(plan, chunk_parameter()))};
  const std::string layout = text_from(plan, "layout", "helix");
  if (layout == "helix") {
    words.push_back(fmt::format("modulus={}", names.size()));
    words.push_back(fmt::format("remainder={}", position));
  } else if (layout == "any") {
    words.push_back(fmt::format("salt={}", position + 1));
  }
  return words;
}

std::vector<FaultParameter> FileDamage::parameters() const {
  std::vector<FaultParameter> all = {
      {"targets", "minority",
       "on which replicas, never on others: " + target_words() +
           "; where these are a number of nodes, those first that were damaged before"}};
  const Details more = details();
  if (more.files) {
    all.push_back({"files", "*",
                   "a shell pattern for paths below the data folder, where * takes / as well; "
                   "locks and pidfiles are left alone"});
  }
  for (const auto& choice : more.choices)
    all.push_back(to_parameter(choice));
  for (const auto& number : more.numbers)
    all.push_back(to_parameter(number));
  return all;
}

Result<void> FileDamage::check(const Value& parameters,
                               const std::vector<std::string>& nodes) const {
  const Details more = details();
  if (auto numbers = check_numbers(parameters, more.numbers); !numbers) return numbers;
  if (auto choices = check_choices(parameters, more.choices); !choices) return choices;
  const std::string files = text_from(parameters, "files", "*");
  if (files.empty() || files.size() > 200)
    return failure(ErrorKind::usage, "files is no pattern of 1 to 200 bytes");
  return check_targets(text_from(parameters, "targets", "minority"), nodes);
}

std::optional<std::string> FileDamage::unsupported(const FaultContext& context) const {
  if (auto why = ProcessFault::unsupported(context)) return why;
  if (context.database->data_folder()) return std::nullopt;
  return fmt::format("{} does not say where its data are", context.database->name());
}

Result<Value> FileDamage::prepare(const FaultContext& context, const Value& parameters,
                                  Random& random) const {
  const std::string word = text_from(parameters, "targets", "minority");
  const NodeNames all = nodes_with_processes(*context.cluster, *context.database);
  auto targets = choose_targets(word, context, random, all);
  if (!targets) return targets.error();
  if (word == "one" || word == "minority" || word == "minority-third") {
    const auto marks = on_each<std::string>(nodes_named(*context.cluster, all), [](Node& node) {
      return run_script(node, "look for damage",
                        fmt::format("ls {} 2>/dev/null || true\n", saved_root));
    });
    NodeNames first;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (marks[i] && !marks[i]->empty()) first.push_back(all[i]);
    }
    const NodeNames damaged = first;
    std::ranges::copy(others_of(*targets, damaged), std::back_inserter(first));
    first.resize(std::min(first.size(), targets->size()));
    targets = common_of(all, first);
  }
  const auto running =
      running_processes(*context.database, nodes_named(*context.cluster, *targets));
  if (!running) return running.error();
  Value plan = Value::map({{"targets", to_value(common_of(*targets, names_of(*running)))},
                           {"processes", to_value(*running)}});
  plan.set("seed", static_cast<std::int64_t>(random.below(1ULL << 62U)));
  plan.set("id", fmt::format("{:08x}", random.below(1ULL << 32U)));
  const Details more = details();
  if (more.files) plan.set("files", text_from(parameters, "files", "*"));
  put_choices(plan, parameters, more.choices);
  put_numbers(plan, parameters, more.numbers);
  return plan;
}

Result<std::string> FileDamage::damage(const FaultContext& context, const Value& plan, Node& node,
                                       const std::string& action,
                                       const std::vector<std::string>& settings) const {
  const std::string id = text_from(plan, "id", "");
  if (!is_id(id)) return failure(ErrorKind::input, "the plan makes no sense");
  if (auto installed = install_agent(node); !installed) return installed.error();
  Command command = Command::of({agent_path(), "damage", action, *context.database->data_folder(),
                                 fmt::format("{}/{}-{}", saved_root, name(), id)});
  command.argv.insert(command.argv.end(), settings.begin(), settings.end());
  command.label = fmt::format("{}: {}", name(), action);
  auto result = node.must(std::move(command).root().within(std::chrono::seconds(60)));
  if (!result) return result.error();
  return std::move(result->output);
}

FaultOutcome FileDamage::inject(const FaultContext& context, const Value& plan) const {
  if (context.database == nullptr || !context.database->data_folder())
    return {false, "the database is not known", {}};
  Database& database = *context.database;
  const auto nodes = nodes_named(*context.cluster, names_from(plan.find("targets")));
  if (const auto ready = before(context, plan, nodes); !ready)
    return {false, ready.error().what, {}};
  // All are dead before the first one is damaged: none repairs itself from one that is yet whole.
  const auto killed = on_each<void>(nodes, [&](Node& node) { return database.kill(node); });
  if (const auto dead = all_of(nodes, killed); !dead) return {false, dead.error().what, {}};
  const auto reports = on_each<std::string>(nodes, [&](Node& node) {
    return damage(context, plan, node, action(), settings(context, plan, node));
  });
  const auto up = come_up(database, nodes);
  std::vector<std::string> lines;
  bool effect = false;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Node& node = *nodes[i];
    effect = effect || (reports[i] && number_of(*reports[i]) > 0);
    std::string line = reports[i] ? fmt::format("{}: {}", node.name(), shown(*reports[i]))
                                  : told_of(node.name(), reports[i].error());
    if (up[i] && *up[i]) {
      line += ", runs again";
      if (settles_at_once()) (void)damage(context, plan, node, "settle", {});
    } else {
      line +=
          ", does not come up: " + (up[i] ? shown(last_words(database, node)) : up[i].error().what);
    }
    lines.push_back(std::move(line));
  }
  return {effect, fmt::format("{}", fmt::join(lines, "; ")), {}};
}

FaultOutcome FileDamage::heal(const FaultContext& context, const Value& plan) const {
  if (context.database == nullptr || !context.database->data_folder())
    return {false, "the database is not known", {}};
  Database& database = *context.database;
  const auto nodes = nodes_named(*context.cluster, names_from(plan.find("targets")));
  const auto up = come_up(database, nodes);
  std::vector<std::string> lines;
  std::vector<Node*> down;  // with their originals, and with why they were not with the damage
  std::vector<std::string> undone;
  bool all = true;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Node& node = *nodes[i];
    const std::string why = up[i] && !*up[i] ? shown(last_words(database, node)) : "";
    const auto done = up[i] ? damage(context, plan, node, *up[i] ? "settle" : "undo", {})
                            : Result<std::string>(up[i].error());
    if (!done) {
      all = false;
      lines.push_back(told_of(node.name(), done.error()));
    } else if (*up[i]) {
      lines.push_back(node.name() + ": runs on what is there");
    } else {
      down.push_back(&node);
      undone.push_back(fmt::format(
          "{}: refused its files ({}), {}", node.name(), why,
          number_of(*done) > 0 ? "originals put back" : "no original could be put back"));
    }
  }
  const auto then = come_up(database, down);
  for (std::size_t i = 0; i < down.size(); ++i) {
    Node& node = *down[i];
    const bool runs = then[i] && *then[i];
    if (runs || is_kept_dead(context, node)) {
      lines.push_back(undone[i] + (runs ? ", runs again" : ""));
      continue;
    }
    const std::string why = shown(last_words(database, node));
    // What the others give it is whole: nothing of the damage is left.
    const auto replaced = replace_member(database, node);
    if (replaced) (void)forget(node, text_from(plan, "id", ""));
    all = all && replaced;
    lines.push_back(fmt::format("{}, does not run ({}), {}", undone[i], why,
                                replaced ? "left the cluster and joined it again without data"
                                         : replaced.error().to_string()));
  }
  // They ran only to be judged.
  const auto dead = on_each<void>(nodes, [&](Node& node) {
    return is_kept_dead(context, node) ? database.kill(node) : Result<void>();
  });
  const auto all_dead = all_of(nodes, dead);
  if (!all_dead) lines.push_back(all_dead.error().what);
  return {all && all_dead,
          fmt::format("{}{}", fmt::join(lines, "; "), told_of_kept_dead(context, nodes)),
          {}};
}

Result<std::vector<std::string>> FileDamage::saved_on(Node& node) const {
  const auto listed = run_script(node, "look for saved files",
                                 fmt::format("ls {} 2>/dev/null || true\n", saved_root));
  if (!listed) return listed.error();
  std::vector<std::string> ids;
  const std::string prefix = fmt::format("{}-", name());
  for (std::size_t at = 0; at < listed->size();) {
    const std::size_t end = std::min(listed->find('\n', at), listed->size());
    const std::string entry = listed->substr(at, end - at);
    if (entry.starts_with(prefix) && is_id(entry.substr(prefix.size())))
      ids.push_back(entry.substr(prefix.size()));
    at = end + 1;
  }
  return ids;
}

Result<void> FileDamage::forget(Node& node, const std::string& id) const {
  const auto removed = node.must(
      Command::of({"rm", "-rf", "--", fmt::format("{}/{}-{}", saved_root, name(), id)}).root());
  return removed ? Result<void>() : removed.error();
}

Result<std::string> FileDamage::residue(const FaultContext&, Node& node) const {
  const auto ids = saved_on(node);
  if (!ids) return ids.error();
  if (ids->empty()) return std::string();
  return fmt::format("what was saved of, or marks, damaged files: {}", fmt::join(*ids, " "));
}

/// Where the database does not run, the originals are put back as far as the files still hold the
/// damage.
Result<void> FileDamage::clear(const FaultContext& context, Node& node) const {
  const auto ids = saved_on(node);
  if (!ids) return ids.error();
  bool dead = false;
  if (context.database != nullptr && context.database->data_folder()) {
    const auto running = running_processes(*context.database, node);
    if (!running) return running.error();
    dead = running->empty();
  }
  for (const auto& id : *ids) {
    if (dead) (void)damage(context, Value::map({{"id", id}}), node, "undo", {});
    if (const auto removed = forget(node, id); !removed) return removed;
  }
  return {};
}

}  // namespace gauntlet
