#include "checker/causal/order_models.hpp"

#include "checker/consistency_models.hpp"

namespace gauntlet::causal {

namespace {

using Closure = std::array<OrderModels, order_models.size()>;

Closure closure_of_table() {
  Closure stronger;
  for (std::size_t i = 0; i < order_models.size(); ++i) {
    ModelStandings standings(Subject::operations);
    standings.note(name_of(order_models[i]), false);
    for (const OrderModel model : order_models) {
      if (standings.of(name_of(model)) == Standing::fails) stronger[i].add(model);
    }
  }
  return stronger;
}

}  // namespace

OrderModels with_stronger(OrderModel model) {
  static const Closure stronger = closure_of_table();
  return stronger[static_cast<std::size_t>(model)];
}

}  // namespace gauntlet::causal
