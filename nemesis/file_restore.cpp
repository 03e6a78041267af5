// An old state comes back: a snapshot of the data folder is put in place of what came after it, as
// when a backup or an image of a machine is restored. To the others that node has forgotten what it
// said.
//
// The snapshot is taken while the database is dead, so that it is what a crash leaves.
#include <thread>

#include "nemesis/file_damage.hpp"

namespace gauntlet {

namespace {

NumberParameter after() {
  return {"after", 5, 0, 20, "seconds from the snapshot to its restoration"};
}

class FileRestore : public FileDamage {
 public:
  std::string_view name() const override { return "file-restore"; }
  std::string_view description() const override {
    return "the database is killed and its data folder is kept; some time later it is killed "
           "again, gets that state back, and is started";
  }
  std::string_view proof() const override { return "files that are as they were, compared"; }

 protected:
  Details details() const override { return {{after()}, {}, false}; }
  std::string action() const override { return "restore"; }
  std::vector<std::string> settings(const FaultContext&, const Value&, const Node&) const override {
    return {};
  }
  /// From then on the database may have acknowledged things on the old state.
  bool settles_at_once() const override { return true; }

  Result<void> before(const FaultContext& context, const Value& plan,
                      const std::vector<Node*>& nodes) const override {
    const auto kept = on_each<void>(nodes, [&](Node& node) -> Result<void> {
      if (auto killed = context.database->kill(node); !killed) return killed;
      const auto taken = damage(context, plan, node, "snapshot", {});
      const auto started = context.database->start(node);
      if (!taken) return taken.error();
      return started;
    });
    if (auto all = all_of(nodes, kept); !all) return all;
    std::this_thread::sleep_for(std::chrono::milliseconds(
        static_cast<std::int64_t>(1000 * number_or_default(plan, after()))));
    return {};
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, FileRestore);

}  // namespace gauntlet
