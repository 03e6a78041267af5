// A client of one etcd member, over its JSON gateway: read, write and cas on integer
// registers, add and read on sets, an element a key.
#pragma once

#include <string>

#include "databases/http.hpp"
#include "harness/run/client.hpp"

namespace gauntlet {

/// Operations (as in the workloads' terms): read nil -> value; write v; cas [from, to], where a
/// `from` of nil writes only if the key is absent. A comparison that fails is a definite `fail`.
class EtcdClient : public Client {
 public:
  /// `origin` as from http_origin. With `serializable_reads` the member answers reads from its own
  /// state, stale or not.
  EtcdClient(std::string origin, bool serializable_reads);

  void invoke(Operation& operation, Deadline deadline) override;

 private:
  void read(Operation& operation, Deadline deadline);
  void write(Operation& operation, Deadline deadline);
  void compare_and_set(Operation& operation, Deadline deadline);

  HttpConnection connection_;
  bool serializable_reads_;
};

}  // namespace gauntlet
