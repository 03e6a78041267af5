#include "harness/generator/conductor.hpp"

namespace gauntlet {

Conductor::Conductor(Generator& generator, int clients, bool nemesis, std::uint64_t seed)
    : generator_(generator), clients_(clients), random_(seed) {
  GAUNTLET_ASSERT(clients >= 0 && clients <= WorkerSet::clients_max && (clients > 0 || nemesis));
  for (Process process = 0; process < clients; ++process)
    processes_.push_back(process);
  context_.all = WorkerSet::range(0, clients);
  if (nemesis) context_.all.insert(WorkerSet::nemesis);
  context_.free = context_.all;
  context_.processes = processes_.data();
  context_.random = &random_;
}

Offer Conductor::poll(Nanos now, Worker preferred) {
  GAUNTLET_ASSERT(now >= context_.time_ns);
  context_.time_ns = now;
  context_.preferred = preferred;
  return generator_.poll(context_);
}

void Conductor::begin(Nanos now, Offer& offer) {
  GAUNTLET_ASSERT(offer.kind == Offer::Kind::operation && offer.time_ns <= now);
  GAUNTLET_ASSERT(now == context_.time_ns && context_.free.contains(offer.worker));
  Operation& operation = offer.operation;
  operation.index = index_next_++;
  operation.time_ns = now;
  operation.type = offer.worker == WorkerSet::nemesis ? OperationType::info : OperationType::invoke;
  operation.process = context_.process_of(offer.worker);
  generator_.accept(context_, offer.worker, operation);
  context_.free.erase(offer.worker);
  context_.cursor = offer.worker + 1;
  generator_.update(context_, offer.worker, operation);
}

void Conductor::end(Nanos now, Worker worker, Operation& completion) {
  GAUNTLET_ASSERT(now >= context_.time_ns && !context_.free.contains(worker));
  GAUNTLET_ASSERT(context_.all.contains(worker) && completion.type != OperationType::invoke);
  context_.time_ns = now;
  completion.index = index_next_++;
  completion.time_ns = now;
  if (worker == WorkerSet::nemesis) {
    completion.type = OperationType::info;
  } else if (completion.type == OperationType::info) {
    processes_[static_cast<std::size_t>(worker)] += clients_;
  }
  context_.free.insert(worker);
  generator_.update(context_, worker, completion);
}

}  // namespace gauntlet
