// Partition: nodes drop the packets of others, in any shape that a grudge can have.
//
// The listener drops, on its input: a packet that it drops was sent, so one-way cuts are honest.
// Names of hosts are resolved while the fault is prepared; the plan holds addresses. The kernel
// counts what the rules did: once they are in, every cut pair is probed with a ping, so that the
// counters prove the cut even where the database is silent; at heal they are read a last time.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "nemesis/addresses.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/firewall.hpp"
#include "nemesis/partition_shape.hpp"
#include "nemesis/script.hpp"
#include "nemesis/wording.hpp"

namespace gauntlet {

namespace {

// --- the plan ---------------------------------------------------------------------------------

struct Cut {
  std::string table;
  Grudge grudge;
  Addresses addresses;

  /// What a listener drops, each with the name of its owner.
  std::map<std::string, std::string> owners_of_dropped(const std::string& listener) const {
    std::map<std::string, std::string> owners;
    for (const auto& speaker : grudge.at(listener)) {
      for (const auto& address : addresses.at(speaker))
        owners[address] = speaker;
    }
    return owners;
  }
};

Value plan_of(const Cut& cut, const ChosenGrudge& chosen) {
  Value grudge{Value::Map{}}, addresses{Value::Map{}};
  for (const auto& [listener, speakers] : cut.grudge)
    grudge.set(listener, to_value(NodeNames(speakers.begin(), speakers.end())));
  for (const auto& [name, own] : cut.addresses)
    addresses.set(name, to_value(own));
  return Value::map({{"targets", to_value(chosen.targets)},
                     {"shape", chosen.shape.name},
                     {"grudge", grudge},
                     {"table", cut.table},
                     {"addresses", addresses}});
}

/// Reads a plan back, which may come from a file: nothing in it is taken on trust.
Result<Cut> cut_from(const Value& plan) {
  const auto wrong = [](const char* what) {
    return failure(ErrorKind::input, fmt::format("the plan of a partition has no {}", what));
  };
  Cut cut;
  const Value* table = plan.find("table");
  const Value* grudge = plan.find("grudge");
  const Value* addresses = plan.find("addresses");
  if (table == nullptr || !table->is_string()) return wrong("table");
  if (grudge == nullptr || !grudge->is_map()) return wrong("grudge");
  if (addresses == nullptr || !addresses->is_map()) return wrong("addresses");
  cut.table = table->string();
  const bool ours =
      cut.table.starts_with(partition_table_prefix) && cut.table.size() <= 28 &&
      cut.table.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
  if (!ours) return wrong("table of ours");
  for (const auto& [name, own] : addresses->entries()) {
    for (const auto& text : names_from(&own)) {
      const std::string address = canonical_address(text);
      if (address.empty()) return wrong("address in figures");
      cut.addresses[name].push_back(address);
    }
  }
  for (const auto& [listener, speakers] : grudge->entries()) {
    if (!cut.addresses.contains(listener)) return wrong("address of a node");
    for (const auto& speaker : names_from(&speakers)) {
      if (!cut.addresses.contains(speaker)) return wrong("address of a node");
      cut.grudge[listener].insert(speaker);
    }
  }
  return cut;
}

// --- what the nodes say -----------------------------------------------------------------------

/// What one listener was seen to drop.
struct Dropped {
  std::int64_t rules = 0;
  std::map<std::string, std::int64_t> packets_by_speaker;
};

/// A listener and a speaker that it does not hear.
using Pair = std::pair<std::string, std::string>;

Result<Dropped> run_and_count(Node& node, const std::string& script, const Cut& cut) {
  const auto printed = run_script(node, "rules of " + cut.table, script);
  if (!printed) return printed.error();
  Dropped dropped;
  const auto owners = cut.owners_of_dropped(node.name());
  for (const auto& [address, packets] : parse_drop_counters(*printed)) {
    const auto owner = owners.find(address);
    if (owner == owners.end()) continue;
    ++dropped.rules;
    dropped.packets_by_speaker[owner->second] += packets;
  }
  return dropped;
}

/// A ping of each pair from the speaker to the listener, all at once: whether it was answered
/// within `wait_s`. Pairs for which nobody can say (the speaker is lost, it has no ping) are
/// absent.
std::map<Pair, bool> probe(const Cluster& cluster, const Cut& cut, const std::vector<Pair>& pairs,
                           const char* wait_s) {
  // Scripts number the pairs; ping ends with 0 after an answer, with 1 without one.
  std::map<std::string, std::string> script_of_speaker;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto& [listener, speaker] = pairs[i];
    script_of_speaker[speaker] +=
        fmt::format("(ping -n -q -c 1 -W {} {} >/dev/null 2>&1; echo {} $?) &\n", wait_s,
                    cut.addresses.at(listener).front(), i);
  }
  NodeNames speakers;
  for (const auto& [speaker, script] : script_of_speaker)
    speakers.push_back(speaker);
  const auto printed = on_each<std::string>(nodes_named(cluster, speakers), [&](Node& node) {
    return run_script(node, "ping of those that are cut off",
                      script_of_speaker.at(node.name()) + "wait\n");
  });
  std::map<Pair, bool> answers;
  for (const auto& one : printed) {
    if (!one) continue;
    std::istringstream lines(*one);
    std::size_t number = 0;
    int status = 0;
    while (lines >> number >> status) {
      if (number < pairs.size() && status <= 1) answers[pairs[number]] = status == 0;
    }
  }
  return answers;
}

/// What all listeners say, and how it reads.
struct Observation {
  std::vector<Node*> nodes;  ///< the listeners that the cluster has
  std::vector<Result<Dropped>> dropped;

  std::int64_t rules() const {
    std::int64_t sum = 0;
    for (const auto& one : dropped)
      sum += one ? one->rules : 0;
    return sum;
  }
  std::int64_t reached() const {
    return std::ranges::count_if(dropped, [](const auto& one) { return one.has_value(); });
  }
  std::int64_t packets() const {
    std::int64_t sum = 0;
    for (const auto& one : dropped) {
      if (!one) continue;
      for (const auto& [speaker, count] : one->packets_by_speaker)
        sum += count;
    }
    return sum;
  }
  /// Pairs with a rule in place that has counted no packet yet.
  std::vector<Pair> silent(const Cut& cut) const {
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!dropped[i]) continue;
      for (const auto& speaker : cut.grudge.at(nodes[i]->name())) {
        const auto found = dropped[i]->packets_by_speaker.find(speaker);
        if (found != dropped[i]->packets_by_speaker.end() && found->second == 0) {
          pairs.emplace_back(nodes[i]->name(), speaker);
        }
      }
    }
    return pairs;
  }
  std::string failures(const Cut& cut) const {
    std::string text;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!dropped[i]) text += "; " + told_of(nodes[i]->name(), dropped[i].error());
    }
    for (const auto& entry : cut.grudge) {
      const bool known = std::ranges::count(nodes, entry.first, &Node::name) > 0;
      if (!known) text += fmt::format("; {} is no node of this cluster", entry.first);
    }
    return text;
  }
};

Observation on_listeners(const Cluster& cluster, const Cut& cut,
                         const std::function<std::string(const std::string& node)>& script) {
  NodeNames names;
  for (const auto& [listener, speakers] : cut.grudge)
    names.push_back(listener);
  Observation observation{nodes_named(cluster, names), {}};
  observation.dropped = on_each<Dropped>(
      observation.nodes, [&](Node& node) { return run_and_count(node, script(node.name()), cut); });
  return observation;
}

Observation read_counters(const Cluster& cluster, const Cut& cut) {
  return on_listeners(cluster, cut,
                      [&](const std::string&) { return drop_counters_script(cut.table); });
}

// --- the fault --------------------------------------------------------------------------------

class Partition : public Fault {
 public:
  std::string_view name() const override { return "partition"; }
  std::vector<std::string_view> packages() const override { return {"standard", "network"}; }
  std::string_view proof() const override { return "counters of the dropping rules, pings"; }
  std::string_view needs() const override { return "NET_ADMIN; nft or iptables"; }
  std::string_view description() const override { return "nodes drop the packets of other nodes"; }
  std::vector<FaultParameter> parameters() const override { return partition_parameters(); }

  Result<void> check(const Value& parameters,
                     const std::vector<std::string>& nodes) const override {
    const auto shape = partition_shape(parameters, nodes);
    return shape ? Result<void>() : shape.error();
  }

  std::optional<std::string> unsupported(const FaultContext& context) const override {
    if (!context.cluster->reachable()) return "no commands can be run on the nodes";
    const auto nodes = context.cluster->nodes();
    if (nodes.size() < 2) return "there is only one node";
    const auto probes = on_each<std::string>(nodes, [](Node& node) {
      return run_script(node, "probe of nft", probe_firewall_script());
    });
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      // A node that does not answer now may come back.
      if (probes[i] || probes[i].error().kind != ErrorKind::remote) continue;
      return fmt::format("neither nft nor iptables works on {}: {}", nodes[i]->name(),
                         probes[i].error().what);
    }
    return std::nullopt;
  }

  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    const auto shape = partition_shape(parameters, node_names(*context.cluster));
    if (!shape) return shape.error();
    const auto chosen = choose_grudge(*shape, context, random);
    if (!chosen) return chosen.error();
    const auto addresses = addresses_of(*context.cluster);
    if (!addresses) return addresses.error();
    Cut cut{fmt::format("{}{:08x}", partition_table_prefix, random.below(1ull << 32)),
            chosen->grudge,
            {}};
    for (const auto& [name, own] : *addresses)
      cut.addresses[name] = own;
    return plan_of(cut, *chosen);
  }

  Value decided(const Value& given, const Value& plan) const override {
    const auto cut = cut_from(plan);
    if (!cut) return given;
    std::string text;
    for (const auto& [listener, speakers] : cut->grudge) {
      text += fmt::format("{}{}>{}", text.empty() ? "" : "/", fmt::join(speakers, "+"), listener);
    }
    return Value::map({{"grudge", text}});
  }

  FaultOutcome inject(const FaultContext& context, const Value& plan) const override {
    const auto cut = cut_from(plan);
    if (!cut) return {false, cut.error().what, {}};
    const Cluster& cluster = *context.cluster;
    const Nanos start_ns = monotonic_now();
    const Observation applied = on_listeners(cluster, *cut, [&](const std::string& node) {
      std::vector<std::string> addresses;
      for (const auto& [address, owner] : cut->owners_of_dropped(node))
        addresses.push_back(address);
      return drop_script(cut->table, addresses);
    });
    const Nanos applied_ns = monotonic_now() - start_ns;
    std::string doubts = applied.failures(*cut);
    if (applied.rules() == 0) return {false, "no rule is in place" + doubts, {}};

    probe(cluster, *cut, applied.silent(*cut), "0.05");
    Observation seen = read_counters(cluster, *cut);
    bool silence = false;
    if (const auto silent = seen.silent(*cut); !silent.empty()) {
      // A packet was late, or another fault drops it first. Then no ping may be answered.
      for (const auto& [pair, answered] : probe(cluster, *cut, silent, "1")) {
        if (answered)
          doubts += fmt::format("; {} still gets answers of {}", pair.second, pair.first);
        silence = silence || !answered;
      }
      seen = read_counters(cluster, *cut);
    }
    return {
        seen.packets() > 0 || silence,
        fmt::format("{}: {} on {} within {} ms, {} dropped so far{}", to_text(cut->grudge),
                    counted(applied.rules(), "rule"), counted(applied.reached(), "node"),
                    applied_ns / nanos_per_millisecond, counted(seen.packets(), "packet"), doubts),
        {}};
  }

  FaultOutcome heal(const FaultContext& context, const Value& plan) const override {
    const auto cut = cut_from(plan);
    if (!cut) return {false, cut.error().what, {}};
    const Observation last = on_listeners(
        *context.cluster, *cut, [&](const std::string&) { return undo_drop_script(cut->table); });
    const std::string failures = last.failures(*cut);
    return {failures.empty(),
            fmt::format("{}: {} removed, dropped {}{}", to_text(cut->grudge),
                        counted(last.rules(), "rule"), counted(last.packets(), "packet"), failures),
            {}};
  }

  Result<std::string> residue(const FaultContext&, Node& node) const override {
    auto found =
        run_script(node, "search for partitions", list_tables_script(partition_table_prefix));
    if (!found) return found;
    found->resize(std::min<std::size_t>(found->find_last_not_of('\n') + 1, 1000));
    std::ranges::replace(*found, '\n', ',');
    return found;
  }

  Result<void> clear(const FaultContext&, Node& node) const override {
    const auto removed =
        run_script(node, "removal of partitions", remove_tables_script(partition_table_prefix));
    return removed ? Result<void>() : removed.error();
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Partition);

}  // namespace gauntlet
