#include "base/suggest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gauntlet {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replace, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t length_max = 100;  // words come from outside; the distance is quadratic
  if (word.empty() || word.size() > length_max) return "";
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    if (candidate.size() > length_max) continue;
    const bool prefix = candidate.starts_with(word) || word.starts_with(candidate);
    const std::size_t distance = prefix && !candidate.empty() ? 1 : edit_distance(word, candidate);
    if (distance < best_distance && distance < std::max(word.size(), candidate.size())) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  if (candidates.empty()) return "there is none";
  const std::string best = closest(word, candidates);
  if (!best.empty()) return fmt::format("did you mean '{}'?", best);
  constexpr std::size_t shown_max = 12;
  const std::size_t shown = std::min(candidates.size(), shown_max);
  return fmt::format(
      "known: {}{}",
      fmt::join(candidates.begin(), candidates.begin() + static_cast<long>(shown), ", "),
      shown < candidates.size() ? ", ..." : "");
}

}  // namespace gauntlet
