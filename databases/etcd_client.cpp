#include "databases/etcd_client.hpp"

#include "databases/etcd_wire.hpp"

namespace gauntlet {

namespace {

constexpr long http_ok = 200;
constexpr std::size_t answer_bytes_max = 64 << 20;  // of a set

bool answered(const HttpReply& reply) {
  return reply.complete && reply.status == http_ok;
}

/// A request that we do not send: a workload asks for what this client does not offer.
void refuse(Operation& operation, std::string error) {
  operation.type = OperationType::fail;
  operation.error = std::move(error);
}

void complete(Operation& operation, etcd::Failure failure) {
  operation.type = failure.definite ? OperationType::fail : OperationType::info;
  operation.error = std::move(failure.error);
}

}  // namespace

EtcdClient::EtcdClient(std::string origin, bool serializable_reads)
    : connection_(std::move(origin), answer_bytes_max), serializable_reads_(serializable_reads) {}

void EtcdClient::invoke(Operation& operation, Deadline deadline) {
  if (operation.f == "read") {
    read(operation, deadline);
  } else if (operation.f == "write" || (operation.f == "add" && holds_set(operation.key))) {
    write(operation, deadline);
  } else if (operation.f == "cas") {
    compare_and_set(operation, deadline);
  } else {
    refuse(operation, "the etcd client has no function '" + operation.f + "'");
  }
}

void EtcdClient::read(Operation& operation, Deadline deadline) {
  const std::string key = etcd::key_of(operation.key);
  const bool set = holds_set(operation.key);
  const HttpReply reply = connection_.post(etcd::range_path,
                                           set ? etcd::set_request(key, serializable_reads_)
                                               : etcd::read_request(key, serializable_reads_),
                                           deadline);
  // A read has no effect, so one without a value certainly did not happen, whatever went wrong.
  operation.type = OperationType::fail;
  if (!answered(reply)) {
    operation.error = etcd::judge(reply).error;
    return;
  }
  auto value = set ? etcd::set_answer(reply.body, key) : etcd::read_answer(reply.body, key);
  if (!value) {
    operation.error = value.error().what;
    return;
  }
  operation.type = OperationType::ok;
  operation.value = std::move(*value);
}

void EtcdClient::write(Operation& operation, Deadline deadline) {
  if (!operation.value.is_integer()) return refuse(operation, "only integers can be written");
  std::string key = etcd::key_of(operation.key);
  if (operation.f == "add") key += "/" + std::to_string(operation.value.integer());
  const std::string body = etcd::write_request(key, operation.value.integer());
  const HttpReply reply = connection_.post(etcd::put_path, body, deadline);
  if (!answered(reply)) return complete(operation, etcd::judge(reply));
  const auto written = etcd::write_answer(reply.body);
  if (!written) return complete(operation, etcd::judge_unreadable(written.error()));
  operation.type = OperationType::ok;
}

void EtcdClient::compare_and_set(Operation& operation, Deadline deadline) {
  const Value& pair = operation.value;
  if (!pair.is_list() || pair.items().size() != 2 || !pair.items()[1].is_integer() ||
      !(pair.items()[0].is_integer() || pair.items()[0].is_nil()))
    return refuse(operation, "cas takes [from, to], integers, or nil as from");
  const std::string body =
      etcd::cas_request(etcd::key_of(operation.key), pair.items()[0], pair.items()[1].integer());
  const HttpReply reply = connection_.post(etcd::txn_path, body, deadline);
  if (!answered(reply)) return complete(operation, etcd::judge(reply));
  const auto succeeded = etcd::cas_answer(reply.body);
  if (!succeeded) return complete(operation, etcd::judge_unreadable(succeeded.error()));
  if (!*succeeded) return refuse(operation, "the value was another one");
  operation.type = OperationType::ok;
}

}  // namespace gauntlet
