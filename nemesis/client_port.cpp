#include "nemesis/client_port.hpp"

#include <fmt/format.h>

#include <chrono>

#include "harness/control/dial.hpp"

namespace gauntlet {

std::optional<std::string> no_client_port(const FaultContext& context) {
  if (context.database == nullptr) return "no database is known";
  if (context.database->client_port()) return std::nullopt;
  return fmt::format("{} does not say at which port it serves clients", context.database->name());
}

Result<int> client_port_from(const Value& plan) {
  const Value* port = plan.find("client_port");
  if (port != nullptr && port->is_integer() && port->integer() >= 1 && port->integer() <= 65535)
    return static_cast<int>(port->integer());
  return failure(ErrorKind::input, "the plan of a fault has no port of clients");
}

void knock(const FaultContext& context, const NodeNames& nodes, int port) {
  (void)on_each<void>(nodes_named(*context.cluster, nodes), [&](Node& node) -> Result<void> {
    const auto deadline = Deadline::after(std::chrono::milliseconds(100));
    const auto connection = dial(node.address(), port, deadline);
    return connection ? Result<void>() : connection.error();
  });
}

}  // namespace gauntlet
