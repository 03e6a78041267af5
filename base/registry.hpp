// Self-registration: a unit (checker, fault, workload, database) adds itself from its own file, on
// its last line, so that adding one edits no other file.
//
// Works only for objects that the linker keeps: link OBJECT libraries, or static ones with
// WHOLE_ARCHIVE.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "base/assert.hpp"

namespace gauntlet {

/// All registered `T`s, which have a `name()`. Filled before main; read-only and thread-safe after.
template <class T>
class Registry {
 public:
  static Registry& instance() {
    static Registry registry;
    return registry;
  }

  void add(std::unique_ptr<T> unit) {
    const auto at = std::lower_bound(units_.begin(), units_.end(), unit->name(),
                                     [](const auto& u, auto name) { return u->name() < name; });
    GAUNTLET_ASSERT(at == units_.end() || (*at)->name() != unit->name());
    units_.insert(at, std::move(unit));
  }

  /// nullptr if there is none of that name. O(number of units).
  const T* find(std::string_view name) const {
    for (const auto& unit : units_) {
      if (unit->name() == name) return unit.get();
    }
    return nullptr;
  }

  /// By name, ascending.
  std::vector<const T*> all() const {
    std::vector<const T*> result;
    for (const auto& unit : units_)
      result.push_back(unit.get());
    return result;
  }

 private:
  std::vector<std::unique_ptr<T>> units_;
};

}  // namespace gauntlet

#define GAUNTLET_REGISTER_JOIN_(a, b) a##b
#define GAUNTLET_REGISTER_NAME_(line) GAUNTLET_REGISTER_JOIN_(registered_at_line_, line)

/// Registers a `Type` as a `Base`: the last line of the unit's file, inside namespace gauntlet.
#define GAUNTLET_REGISTER(Base, Type)                                         \
  [[maybe_unused]] static const bool GAUNTLET_REGISTER_NAME_(__LINE__) = [] { \
    ::gauntlet::Registry<Base>::instance().add(std::make_unique<Type>());     \
    return true;                                                              \
  }()
