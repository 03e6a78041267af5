// The register search behind one face, whatever its window: as wide as the part needs.
#pragma once

#include <memory>
#include <vector>

#include "base/effort.hpp"
#include "checker/linearizable/register/register_part.hpp"
#include "checker/linearizable/register/register_search_options.hpp"

namespace gauntlet {

/// See RegisterSearch. Not thread-safe.
class AnyRegisterSearch {
 public:
  using State = RegisterSearchState;

  virtual ~AnyRegisterSearch() = default;
  virtual State advance(Effort& effort, std::size_t steps_max) = 0;
  virtual void widen() = 0;
  virtual std::size_t event() const = 0;
  virtual std::size_t steps() const = 0;
  virtual unsigned stuck_count() const = 0;
  virtual std::vector<Trace::Step> best_way() const = 0;
};

/// The most operations that may be outstanding at once.
inline constexpr std::size_t register_pending_most = 1024;

/// Requires part.pending_max <= register_pending_most. The part outlives the answer.
std::unique_ptr<AnyRegisterSearch> make_register_search(const RegisterPart& part,
                                                        const RegisterSearchOptions& options);

}  // namespace gauntlet
