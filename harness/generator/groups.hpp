// Groups of workers, each with a generator of its own: what each_worker, reserve and independent
// keys have in common.
#pragma once

#include <vector>

#include "harness/generator/generator.hpp"

namespace gauntlet::gen {

/// A poll asks the group of the preferred worker first and stops at the first operation that is due
/// now, so a busy run costs one poll of one group. Groups without a free worker are not asked.
class Groups : public Generator {
 public:
  Offer poll(const Context& context) override;
  void accept(const Context& context, Worker worker, const Operation& taken) override;
  void update(const Context& context, Worker worker, const Operation& event) override;

 protected:
  struct Group {
    WorkerSet workers;
    GeneratorPtr generator;  ///< nullptr once it is exhausted for good
    Value key;               ///< of independent keys
    std::uint64_t asked = 0;
  };

  /// Makes the groups from the scope's workers; called at the first poll.
  virtual void form(const Context& context) = 0;
  /// A group's generator is exhausted: gives it another one and answers true, or false.
  virtual bool renew(Group& group) {
    (void)group;
    return false;
  }
  virtual bool concerns(const Group& group, const Operation& event) const {
    (void)group, (void)event;
    return true;
  }

  void add(const WorkerSet& workers, GeneratorPtr generator, Value key = {});

 private:
  static constexpr std::uint16_t none = static_cast<std::uint16_t>(-1);

  Group* group_of(Worker worker) {
    const auto group = group_of_[static_cast<std::size_t>(worker)];
    return group == none ? nullptr : &groups_[group];
  }
  Offer poll_group(const Context& context, Group& group);

  std::vector<Group> groups_;
  std::vector<std::uint16_t> group_of_;  ///< by worker
  std::size_t alive_ = 0;                ///< groups that are not exhausted
  std::uint64_t polls_ = 0;
  bool formed_ = false;
};

}  // namespace gauntlet::gen
