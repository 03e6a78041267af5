// A model of one's own in one struct: a high-water mark, which `raise` lifts and `read` answers.
// The general search judges it, and the verifier replays the order that was found.
#include <algorithm>
#include <array>
#include <cstdio>
#include <gauntlet/checker.hpp>
#include <gauntlet/model.hpp>
#include <string_view>

namespace {

using gauntlet::ModelCall;
using gauntlet::ModelContext;

struct HighWater {
  static constexpr std::string_view name = "high-water";
  static constexpr std::string_view description = "raise(n) and read, the largest n so far";
  static constexpr std::array functions{gauntlet::ModelFunction{"raise", false, true},
                                        gauntlet::ModelFunction{"read", true, false}};
  using State = std::int64_t;

  static State initial(const ModelContext&) { return 0; }

  static std::string admit(ModelCall& call, const ModelContext& context) {
    const auto number = call.function == 0 ? call.input : call.output;
    return context.values.is_integer(number) ? "" : "raise and read need integers";
  }

  static bool step(State& state, const ModelCall& call, const ModelContext& context) {
    if (call.function == 1) return context.values.as_integer(call.output) == state;
    state = std::max(state, context.values.as_integer(call.input));
    return true;
  }
};

GAUNTLET_REGISTER(gauntlet::Model, gauntlet::ModelOf<HighWater>);

/// Two raises at once, then a read.
gauntlet::Verdict judge(std::int64_t answer) {
  gauntlet::Recording seen;
  seen.invoke(0, "raise", 7);
  seen.invoke(1, "raise", 5);
  seen.ok(1);
  seen.ok(0);
  seen.invoke(1, "read");
  seen.ok(1, answer);
  return gauntlet::check("high-water", seen.finish());
}

}  // namespace

int main() {
  const gauntlet::Verdict good = judge(7);
  const gauntlet::Verdict bad = judge(5);
  std::printf("%s%s", gauntlet::to_text(good).c_str(), gauntlet::to_text(bad).c_str());
  const gauntlet::Value* replayed = good.statistics.find("orders verified");
  const bool is_replayed = replayed != nullptr && *replayed == gauntlet::Value(1);
  const bool is_as_expected = good.validity == gauntlet::Validity::valid && is_replayed &&
                              bad.validity == gauntlet::Validity::invalid &&
                              !bad.anomalies.front().verified_by.empty();
  return is_as_expected ? 0 : 1;
}
