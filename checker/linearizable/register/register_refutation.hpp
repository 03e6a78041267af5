// Tries to show that a register's operations have no order up to a given event.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checker/linearizable/register/register_any_search.hpp"
#include "checker/linearizable/register/register_prices.hpp"

namespace gauntlet {

/// Each of its means is sound: where it runs out of configurations there is no order. In turn each
/// gets a number of steps, and four times as many in the next round:
///  - projections to up to three values (register_part.hpp);
///  - crashed operations without number, for nothing;
///  - crashed operations without number, at prices that are learned (register_prices.hpp);
///  - exhaustion.
/// Not thread-safe.
class RegisterRefutation {
 public:
  /// `part` outlives this object. `event`: a position in part.events.
  RegisterRefutation(const RegisterPart& part, std::size_t event);

  std::size_t event() const { return event_; }
  /// Once it is shown: by what, and the event, perhaps an earlier one, up to which there is no
  /// order.
  const std::string& how() const { return how_; }
  std::size_t died_at() const { return died_at_; }

  /// Spends about so many steps; true when it has shown that there is no order. `quick`: looks at
  /// the values of the operation at the event only.
  bool advance(Effort& effort, std::size_t steps_max, bool quick);

 private:
  enum class Kind { projection, unlimited, priced, exact };

  struct Means {
    Kind kind;
    std::vector<std::uint32_t> values;
  };

  void list_values();
  void list_projections(std::size_t size, std::vector<std::uint32_t> chosen, std::size_t from);
  void start();
  void give_up_means();
  static std::string describe(const Means& means);

  static constexpr std::size_t values_most = 8;

  const RegisterPart& part_;
  std::size_t event_;
  std::vector<std::uint32_t> values_;
  std::size_t fatal_values_ = 0;  // the first so many means look at one of these
  std::vector<Means> means_;
  std::size_t turn_ = 0, round_ = 0;
  std::size_t round_steps_;
  std::size_t turn_steps_ = 0;  // spent on the means whose turn it is
  RegisterPart projected_;
  std::vector<std::uint32_t> origin_;          // of the projection's events
  std::unique_ptr<AnyRegisterSearch> search_;  // of the means whose turn it is
  CrashedPrices prices_;
  std::string how_;
  std::size_t died_at_ = 0;
};

}  // namespace gauntlet
