// The models without real time, of reads and writes. Which implies which is in the table of
// consistency models (consistency_models.cpp). Linearizable implies all.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace gauntlet::causal {

enum class OrderModel : std::uint8_t {
  monotonic_writes,
  read_your_writes,
  monotonic_reads,
  writes_follow_reads,
  pram,
  causal,
  causal_convergence,
  causal_memory,
  sequential
};

/// Weaker ones before those that imply them.
inline constexpr std::array order_models = {OrderModel::monotonic_writes,
                                            OrderModel::read_your_writes,
                                            OrderModel::monotonic_reads,
                                            OrderModel::writes_follow_reads,
                                            OrderModel::pram,
                                            OrderModel::causal,
                                            OrderModel::causal_convergence,
                                            OrderModel::causal_memory,
                                            OrderModel::sequential};

/// As in the table.
constexpr std::string_view name_of(OrderModel model) {
  constexpr std::array<std::string_view, order_models.size()> names = {
      "monotonic-writes", "read-your-writes",   "monotonic-reads", "writes-follow-reads", "pram",
      "causal",           "causal-convergence", "causal-memory",   "sequential"};
  return names[static_cast<std::size_t>(model)];
}

/// A set of models.
class OrderModels {
 public:
  constexpr OrderModels() = default;
  constexpr OrderModels(OrderModel model) : bits_(bit(model)) {}

  static constexpr OrderModels all() {
    OrderModels models;
    for (const OrderModel model : order_models)
      models.add(model);
    return models;
  }

  constexpr bool has(OrderModel model) const { return (bits_ & bit(model)) != 0; }
  constexpr bool has_any(OrderModels others) const { return (bits_ & others.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr void add(OrderModels others) { bits_ |= others.bits_; }
  friend constexpr bool operator==(OrderModels, OrderModels) = default;
  friend constexpr OrderModels operator|(OrderModels a, OrderModels b) {
    a.add(b);
    return a;
  }

 private:
  static constexpr unsigned bit(OrderModel model) { return 1u << static_cast<unsigned>(model); }
  unsigned bits_ = 0;
};

/// The model and all that imply it: what fails where it fails.
OrderModels with_stronger(OrderModel model);

}  // namespace gauntlet::causal
