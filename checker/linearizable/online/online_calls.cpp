#include "checker/linearizable/online/online_calls.hpp"

#include <algorithm>

namespace gauntlet {

namespace {

constexpr std::size_t state_bytes_per_kind = 1024;
/// A call that one event adds at most: what an operation may have done, and what it did.
constexpr std::size_t kinds_per_event = 2;

}  // namespace

struct OnlineCalls::Old {
  std::vector<ModelCall> calls;
  std::unique_ptr<StateSpace> states;
  boost::unordered_flat_map<StateId, StateId> kept;
};

OnlineCalls::OnlineCalls(const Model& model, const CheckOptions& options, std::size_t renewal_calls)
    : model_(model),
      context_{values_, model.initial_value(options.initial), options.nil_read, options.failed_cas,
               ValueId::nil},
      calls_(renewal_calls),
      bytes_min_(renewal_calls * state_bytes_per_kind),
      bytes_max_(bytes_min_) {
  context_.initial_id = values_.intern(context_.initial);
  states_ = model_.states(calls_, context_);
}

OnlineCalls::~OnlineCalls() = default;

std::uint32_t OnlineCalls::kind(const ModelCall& call) {
  const auto [at, is_new] = ids_.try_emplace(call, static_cast<std::uint32_t>(kinds_));
  if (is_new) {
    GAUNTLET_ASSERT(kinds_ < calls_.size());
    calls_[kinds_++] = call;
    updates_.push_back(model_.updates(call, context_));
  }
  return at->second;
}

bool OnlineCalls::wants_renewal() const {
  return kinds_ + kinds_per_event > calls_.size() || states_->memory_bytes() > bytes_max_;
}

void OnlineCalls::begin_renewal() {
  // All that there are may be kept. Where most were kept the last time, there is more room now.
  const bool is_full = 2 * kinds_kept_ > calls_.size();
  std::vector<ModelCall> calls(is_full ? 2 * calls_.size() : calls_.size());
  calls.swap(calls_);
  old_ = std::make_unique<Old>(Old{std::move(calls), std::move(states_), {}});
  states_ = model_.states(calls_, context_);
  kinds_ = 0;
  updates_.clear();
  ids_ = {};
}

StateId OnlineCalls::keep_state(StateId old) {
  const auto [at, is_new] = old_->kept.try_emplace(old, no_state);
  if (is_new) at->second = states_->adopt(*old_->states, old);
  return at->second;
}

std::uint32_t OnlineCalls::keep_kind(std::uint32_t old) {
  return kind(old_->calls[old]);
}

void OnlineCalls::end_renewal() {
  old_.reset();
  kinds_kept_ = kinds_;
  bytes_max_ = std::max(bytes_min_, 2 * states_->memory_bytes());
}

std::size_t OnlineCalls::memory_bytes() const {
  return values_.memory_bytes() + calls_.size() * sizeof(ModelCall) + states_->memory_bytes();
}

}  // namespace gauntlet
