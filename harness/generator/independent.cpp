// Independent keys: many short histories instead of one long one, which checkers decide each by
// itself (linearizability is local: Herlihy and Wing, TOPLAS 1990, section 3.2).
#include <algorithm>

#include "harness/generator/generators.hpp"
#include "harness/generator/groups.hpp"

namespace gauntlet::gen {

namespace {

class Independent : public Groups {
 public:
  Independent(int workers_per_key, Keys keys, std::function<GeneratorPtr(const Value&)> make)
      : workers_per_key_(workers_per_key), keys_(std::move(keys)), make_(std::move(make)) {
    GAUNTLET_ASSERT(workers_per_key > 0);
  }

 protected:
  void form(const Context& context) override {
    std::vector<Worker> clients;
    for (Worker w = context.all.next(0); w != no_worker && w != WorkerSet::nemesis;
         w = context.all.next(w + 1))
      clients.push_back(w);
    const auto size = static_cast<std::size_t>(workers_per_key_);
    const std::size_t groups = std::max<std::size_t>(1, clients.size() / size);
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t end = g + 1 == groups ? clients.size() : (g + 1) * size;
      WorkerSet workers;
      for (std::size_t i = g * size; i < end; ++i)
        workers.insert(clients[i]);
      if (auto key = next_key()) add(workers, make_(*key), *key);
    }
  }

  bool renew(Group& group) override {
    auto key = next_key();
    if (!key) return false;
    group.generator = make_(*key);
    group.key = std::move(*key);
    return true;
  }

  /// Completions of the key before may still come.
  bool concerns(const Group& group, const Operation& event) const override {
    return event.key == group.key;
  }

 private:
  std::optional<Value> next_key() {
    if (ended_) return std::nullopt;
    auto key = keys_(keys_taken_++);
    ended_ = !key;
    GAUNTLET_ASSERT(ended_ || !key->is_nil());
    return key;
  }

  int workers_per_key_;
  Keys keys_;
  std::function<GeneratorPtr(const Value&)> make_;
  std::int64_t keys_taken_ = 0;
  bool ended_ = false;
};

}  // namespace

Keys integer_keys(std::optional<std::int64_t> count) {
  return [count](std::int64_t n) -> std::optional<Value> {
    if (count && n >= *count) return std::nullopt;
    return Value(n);
  };
}

GeneratorPtr independent(int workers_per_key, Keys keys,
                         std::function<GeneratorPtr(const Value& key)> make) {
  return std::make_unique<Independent>(workers_per_key, std::move(keys), std::move(make));
}

}  // namespace gauntlet::gen
