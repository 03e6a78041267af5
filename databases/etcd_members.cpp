#include "databases/etcd_members.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace gauntlet::etcd {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds change_timeout(5);
constexpr seconds election_timeout(6);  ///< the leader may be the one that left last

bool succeeded(const HttpReply& reply) {
  return reply.complete && reply.status == 200;
}

/// A change that one member was asked for. `done_before` is how etcd says that it is so already.
Result<void> change(const Node& asked, const char* path, const std::string& request,
                    std::string_view done_before) {
  HttpConnection connection(http_origin(asked.address(), port_for_clients));
  const HttpReply reply = connection.post(path, request, Deadline::after(change_timeout));
  if (succeeded(reply)) return {};
  const std::string why = judge(reply).error;
  if (why.find(done_before) != std::string::npos) return {};
  return failure(reply.complete ? ErrorKind::remote : ErrorKind::timeout,
                 fmt::format("{} did not confirm it: {}", asked.name(), why));
}

}  // namespace

std::string peer_url_of(const Node& node) {
  return http_origin(node.address(), port_for_peers);
}

Result<std::vector<Member>> members_told_by(const Node& asked) {
  const auto deadline = Deadline::after(seconds(2));
  HttpConnection connection(http_origin(asked.address(), port_for_clients));
  HttpReply reply = connection.get("/health", deadline);  // a linearizable read
  if (succeeded(reply)) reply = connection.post(members_path, "{}", deadline);
  if (succeeded(reply)) return members_answer(reply.body);
  return failure(ErrorKind::transport, asked.name() + ": " + judge(reply).error);
}

const Member* Told::find(const Node& node) const {
  const auto at = std::ranges::find(members, peer_url_of(node), &Member::peer_url);
  return at == members.end() ? nullptr : &*at;
}

Result<Told> members_told_to(const Cluster& cluster, const Node& node) {
  std::vector<Node*> others = cluster.nodes();
  std::erase(others, &node);
  const auto deadline = Deadline::after(election_timeout);
  while (true) {
    const auto answers =
        on_each<std::vector<Member>>(others, [](Node& other) { return members_told_by(other); });
    std::string why = "there is none";
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (answers[i]) return Told{others[i], *answers[i]};
      why = answers[i].error().what;
    }
    if (deadline.passed()) return failure(ErrorKind::transport, "no other member serves: " + why);
    std::this_thread::sleep_for(milliseconds(100));
  }
}

Result<void> remove_member(const Cluster& cluster, const Node& node) {
  const auto told = members_told_to(cluster, node);
  if (!told) return told.error();
  const Member* const member = told->find(node);
  if (member == nullptr) return {};
  return change(*told->by, remove_member_path, remove_member_request(member->id),
                "member not found");
}

/// A new member's id follows from its URL and the second in which it is added, and the id of one
/// that was removed is refused for good: then the next second has to come.
Result<Told> add_member(const Cluster& cluster, const Node& node) {
  for (int attempt = 1;; ++attempt) {
    auto told = members_told_to(cluster, node);
    if (!told || told->find(node) != nullptr) return told;
    const auto added = change(*told->by, add_member_path, add_member_request(peer_url_of(node)),
                              "Peer URLs already exists");
    if (added) break;
    if (attempt > 1 || added.error().what.find("member not found") == std::string::npos)
      return added.error();
    std::this_thread::sleep_for(milliseconds(1100));
  }
  auto told = members_told_to(cluster, node);
  if (told && told->find(node) == nullptr)
    return failure(ErrorKind::remote, "it was added, and is no member");
  return told;
}

Result<void> await_started(const Cluster& cluster, const Node& node, Deadline deadline) {
  while (!deadline.passed()) {
    const auto told = members_told_to(cluster, node);
    const Member* const member = told ? told->find(node) : nullptr;
    if (member != nullptr && !member->name.empty()) return {};
    std::this_thread::sleep_for(milliseconds(100));
  }
  return failure(ErrorKind::timeout, node.name() + " has joined, and does not start");
}

Result<std::string> initial_cluster(const Cluster& cluster, const std::vector<Member>& members) {
  std::string text;
  for (const Member& member : members) {
    const auto nodes = cluster.nodes();
    const auto at = std::ranges::find(nodes, member.peer_url,
                                      [](const Node* node) { return peer_url_of(*node); });
    if (at == nodes.end()) {
      return failure(ErrorKind::remote, fmt::format("a member at {} is none of the nodes",
                                                    member.peer_url.substr(0, 100)));
    }
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", (*at)->name(), member.peer_url);
  }
  return text;
}

}  // namespace gauntlet::etcd
