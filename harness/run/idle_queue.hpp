// The workers that wait for an operation, longest first.
#pragma once

#include <cstddef>
#include <vector>

#include "base/assert.hpp"
#include "harness/generator/generator.hpp"

namespace gauntlet {

/// A list threaded through a table: all operations O(1). Not thread-safe.
class IdleQueue {
 public:
  IdleQueue() : links_(WorkerSet::clients_max + 2) {
    links_[head].next = links_[head].previous = head;
  }

  bool empty() const { return links_[head].next == head; }
  bool contains(Worker w) const { return links_[at(w)].next != none; }
  Worker front() const { return empty() ? no_worker : static_cast<Worker>(links_[head].next); }
  /// The one after `w`, which must be in the queue; no_worker at the end.
  Worker after(Worker w) const {
    const std::size_t next = links_[at(w)].next;
    return next == head ? no_worker : static_cast<Worker>(next);
  }

  void push_back(Worker w) {
    GAUNTLET_ASSERT(!contains(w));
    const std::size_t i = at(w), last = links_[head].previous;
    links_[i] = {head, last};
    links_[last].next = links_[head].previous = i;
  }
  void remove(Worker w) {
    Links& links = links_[at(w)];
    if (links.next == none) return;
    links_[links.previous].next = links.next;
    links_[links.next].previous = links.previous;
    links = {};
  }

 private:
  static constexpr std::size_t head = WorkerSet::clients_max + 1;
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  struct Links {
    std::size_t next = none, previous = none;
  };
  static std::size_t at(Worker w) { return static_cast<std::size_t>(w); }

  std::vector<Links> links_;
};

}  // namespace gauntlet
