#include "checker/linearizable/register/register_any_search.hpp"

#include "checker/linearizable/register/register_search.hpp"

namespace gauntlet {

namespace {

template <int W>
class SearchOf : public AnyRegisterSearch {
 public:
  SearchOf(const RegisterPart& part, const RegisterSearchOptions& options)
      : search_(part, options) {}
  State advance(Effort& effort, std::size_t steps_max) override {
    return search_.advance(effort, steps_max);
  }
  void widen() override { search_.widen(); }
  std::size_t event() const override { return search_.event(); }
  std::size_t steps() const override { return search_.steps(); }
  unsigned stuck_count() const override { return search_.stuck_count(); }
  std::vector<Trace::Step> best_way() const override { return search_.best_way(); }

 private:
  RegisterSearch<W> search_;
};

}  // namespace

std::unique_ptr<AnyRegisterSearch> make_register_search(const RegisterPart& part,
                                                        const RegisterSearchOptions& options) {
  GAUNTLET_ASSERT(part.pending_max <= register_pending_most);
  if (part.pending_max <= 64) return std::make_unique<SearchOf<1>>(part, options);
  if (part.pending_max <= 128) return std::make_unique<SearchOf<2>>(part, options);
  if (part.pending_max <= 256) return std::make_unique<SearchOf<4>>(part, options);
  return std::make_unique<SearchOf<register_pending_most / 64>>(part, options);
}

}  // namespace gauntlet
