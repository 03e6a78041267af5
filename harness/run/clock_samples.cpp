#include "harness/run/clock_samples.hpp"

#include <algorithm>
#include <fstream>

#include "history/json_value.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t file_bytes_max = 64 << 20;
constexpr std::size_t nodes_max = 1000;

NodeClock* clock_of(std::vector<NodeClock>& clocks, const std::string& node) {
  const auto found = std::ranges::find(clocks, node, &NodeClock::node);
  if (found != clocks.end()) return &*found;
  if (clocks.size() >= nodes_max) return nullptr;
  clocks.push_back({node, false, {}, 0});
  return &clocks.back();
}

void take_line(const Value& line, std::vector<NodeClock>& clocks) {
  const auto integer = [&](std::string_view name) {
    const Value* found = line.find(name);
    return found != nullptr && found->is_integer() ? found : nullptr;
  };
  const Value* node = line.is_map() ? line.find("node") : nullptr;
  if (node == nullptr || !node->is_string() || integer("time") == nullptr) return;
  NodeClock* clock = clock_of(clocks, node->string());
  if (clock == nullptr) return;
  if (line.find("error") != nullptr) {
    ++clock->unanswered;
  } else if (integer("offset") != nullptr && integer("within") != nullptr) {
    const Value* of = line.find("of");
    clock->of_database = of != nullptr && *of == Value("database");
    clock->samples.push_back(
        {integer("time")->integer(), integer("offset")->integer(), integer("within")->integer()});
  }
}

}  // namespace

Result<std::vector<NodeClock>> read_clock_samples(const std::string& path) {
  std::ifstream in(path);
  if (!in) return failure(ErrorKind::input, path + " cannot be read");
  std::vector<NodeClock> clocks;
  std::size_t bytes = 0;
  for (std::string text; std::getline(in, text);) {
    bytes += text.size() + 1;
    if (bytes > file_bytes_max) break;
    if (const auto line = parse_json(text, path)) take_line(*line, clocks);
  }
  return clocks;
}

}  // namespace gauntlet
