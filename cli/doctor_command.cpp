// gauntlet doctor: can tests run here, and if not, what is missing.

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <thread>

#include "base/duration.hpp"
#include "base/subprocess.hpp"
#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "harness/control/docker_client.hpp"
#include "harness/control/docker_cluster.hpp"
#include "harness/control/state_directory.hpp"

namespace gauntlet {
namespace {

/// What came of one examination. `needed`: without it no test on containers can run.
struct Finding {
  std::string subject;
  bool good = false;
  bool needed = true;
  std::string detail;
  std::string remedy;
};

Finding examine_program(const std::string& program, std::vector<std::string> argv,
                        const std::string& remedy, bool needed) {
  LocalProgram call;
  call.argv = std::move(argv);
  call.timeout = std::chrono::seconds(5);
  const auto result = run_process(call);
  if (!result || !result->succeeded()) {
    return {program, false, needed, result ? "does not run" : result.error().what, remedy};
  }
  const std::string text = result->output.empty() ? result->error_output : result->output;
  return {program, true, needed, text.substr(0, text.find('\n')), ""};
}

Finding examine_docker() {
  const auto available = docker_available();
  if (!available) {
    return {"docker", false, true, available.error().what, available.error().remedy};
  }
  const auto version = docker({"version", "--format", "{{.Server.Version}}"});
  return {"docker", true, true, version ? "daemon " + version->substr(0, version->find('\n')) : "",
          ""};
}

Finding examine_image() {
  const std::string image = default_node_image();
  const auto found = docker({"image", "inspect", "--format", "{{.Created}}", image});
  if (!found) return {"node image", false, true, image + " is absent", "run ./dev build"};
  return {"node image", true, true, fmt::format("{}, made {}", image, found->substr(0, 16)), ""};
}

Finding examine_nodes() {
  const auto nodes = docker_status();
  if (!nodes) return {"nodes", false, false, nodes.error().what, nodes.error().remedy};
  return {"nodes", true, false, fmt::format("{} up", nodes->size()), ""};
}

Finding examine_disk() {
  std::error_code error;
  const auto space = std::filesystem::space(".", error);
  constexpr std::uintmax_t wanted = std::uintmax_t{1} << 30;
  if (error) return {"disk", false, false, error.message(), ""};
  return {"disk", space.available >= wanted, false,
          format_bytes(static_cast<std::size_t>(space.available)) + " free here",
          "free a gigabyte, or choose another --store"};
}

Finding examine_machine() {
  return {"machine", true, false,
          fmt::format("{} cores", std::max(1u, std::thread::hardware_concurrency())), ""};
}

class DoctorCommand : public SubCommand {
 public:
  std::string_view name() const override { return "doctor"; }
  std::string_view description() const override {
    return "Examine whether tests can run on this machine, and say what is missing";
  }
  std::vector<std::string_view> options() const override { return {"json"}; }

  Result<ExitCode> run(Settings& settings) const override {
    std::vector<Finding> findings = {
        examine_machine(), examine_disk(), examine_docker(),
        examine_program("ssh", {"ssh", "-V"}, "apt-get install openssh-client", false),
        examine_program("graphviz", {"dot", "-V"}, "apt-get install graphviz", false)};
    if (findings[2].good) {
      findings.push_back(examine_image());
      findings.push_back(examine_nodes());
    }
    bool good = true;
    Value::List rows;
    for (const auto& finding : findings) {
      good = good && (finding.good || !finding.needed);
      if (settings.flag("json")) {
        rows.push_back(Value::map({{"subject", finding.subject},
                                   {"good", finding.good},
                                   {"needed", finding.needed},
                                   {"detail", finding.detail},
                                   {"remedy", finding.remedy}}));
        continue;
      }
      fmt::print("{:<8} {:<11} {}{}\n",
                 finding.good     ? "ok"
                 : finding.needed ? "MISSING"
                                  : "absent",
                 finding.subject, finding.detail,
                 finding.good || finding.remedy.empty() ? "" : "; " + finding.remedy);
    }
    if (settings.flag("json")) fmt::print("{}\n", to_json(Value(std::move(rows))));
    return good ? ExitCode::valid : ExitCode::setup;
  }
};

}  // namespace

GAUNTLET_REGISTER(SubCommand, DoctorCommand);

}  // namespace gauntlet
