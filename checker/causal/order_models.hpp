// The consistency models of reads and writes without real time, and which implies which.
//
//   sequential => causal memory (CM) => causal (CC)
//   sequential => causal convergence (CCv) => causal (CC)
//   causal memory (CM) => PRAM
//
// and no others: CC, CM and CCv are told apart, and neither CC nor CCv implies PRAM, by Bouajjani
// et al. (POPL 2017, section 2); PRAM is Lipton and Sandberg's (1988). Linearizable implies all.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace gauntlet::causal {

enum class OrderModel : std::uint8_t {
  pram,
  causal,
  causal_convergence,
  causal_memory,
  sequential
};

/// From the weakest to the strongest.
inline constexpr std::array order_models = {OrderModel::pram, OrderModel::causal,
                                            OrderModel::causal_convergence,
                                            OrderModel::causal_memory, OrderModel::sequential};

constexpr std::string_view name_of(OrderModel model) {
  constexpr std::array<std::string_view, 5> names = {"pram", "causal", "causal-convergence",
                                                     "causal-memory", "sequential"};
  return names[static_cast<std::size_t>(model)];
}

/// A set of models.
class OrderModels {
 public:
  constexpr OrderModels() = default;
  constexpr OrderModels(OrderModel model) : bits_(bit(model)) {}

  constexpr bool has(OrderModel model) const { return (bits_ & bit(model)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr void add(OrderModels others) { bits_ |= others.bits_; }
  friend constexpr bool operator==(OrderModels, OrderModels) = default;

 private:
  static constexpr unsigned bit(OrderModel model) { return 1u << static_cast<unsigned>(model); }
  unsigned bits_ = 0;
};

/// The model and all that imply it: what fails where it fails.
constexpr OrderModels with_stronger(OrderModel model) {
  OrderModels set = model;
  const bool is_causal = model == OrderModel::causal;
  if (is_causal) set.add(OrderModel::causal_convergence);
  if (is_causal || model == OrderModel::pram) set.add(OrderModel::causal_memory);
  set.add(OrderModel::sequential);
  return set;
}

}  // namespace gauntlet::causal
