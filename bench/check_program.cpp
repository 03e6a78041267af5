#include "bench/check_program.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "base/subprocess.hpp"
#include "history/json_value.hpp"

namespace gauntlet {

std::optional<std::vector<Value>> check_with_program(const std::vector<std::string>& arguments) {
  const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  LocalProgram local;
  local.argv = {(here / "gauntlet").string(), "check", "--json", "--time-limit",
                fmt::format("{}s", program_time_limit.count())};
  local.argv.insert(local.argv.end(), arguments.begin(), arguments.end());
  // Loading counts as well; what goes on for longer than this does not honour its limit.
  local.timeout = program_time_limit + std::chrono::seconds(15);
  local.output_bytes_max = std::size_t{64} << 20;
  const auto result = run_process(local);
  if (!result) return std::nullopt;
  std::vector<Value> lines;
  std::string_view rest = result->output;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    auto line = parse_json(rest.substr(0, end), "gauntlet");
    if (line) lines.push_back(std::move(*line));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

std::pair<double, double> spent_on_programs() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime),
          static_cast<double>(usage.ru_maxrss) * 1024};
}

ProgramAnswer answer_of(const Value& line) {
  const Value* valid = line.find("valid");
  if (valid == nullptr) return ProgramAnswer::none;
  if (valid->kind() != Value::Kind::boolean) return ProgramAnswer::unknown;
  return valid->boolean() ? ProgramAnswer::valid : ProgramAnswer::invalid;
}

}  // namespace gauntlet
