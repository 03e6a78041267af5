// IO stress: a file beside the database's data is written over and over, with fsyncs, so that the
// database's own writes wait for the disk.
//
// The file has no name, and is gone when what writes it is.
#include <fmt/format.h>

#include "nemesis/agent_fault.hpp"
#include "nemesis/fault.hpp"

namespace gauntlet {

namespace {

NumberParameter mib() {
  return {"mib", 64, 1, 4096, "the size of the file, in MiB"};
}

class IoStress : public AgentFault {
 public:
  std::string_view name() const override { return "io-stress"; }
  std::vector<std::string_view> packages() const override { return {"resource"}; }
  std::string_view description() const override {
    return "other writes and fsyncs compete for the disk of the data";
  }
  std::string_view proof() const override { return "the bytes that were written"; }

 protected:
  std::string module() const override { return "stress"; }
  std::vector<NumberParameter> numbers() const override { return {mib()}; }
  /// Beside the data folder, which may be a file system of its own.
  std::vector<std::string> words(const FaultContext& context, const Node&,
                                 const Value& plan) const override {
    const std::string data = context.database->data_folder().value_or("/var/tmp/data");
    const std::size_t slash = data.rfind('/');
    const std::string folder =
        slash == 0 || slash == std::string::npos ? "/" : data.substr(0, slash);
    return {"io", folder, fmt::format("{:.0f}", number_or_default(plan, mib()))};
  }
  FaultOutcome told(const Figures& figures) const override {
    const double written = static_cast<double>(figure(figures, "bytes")) / (1 << 20);
    return {figure(figures, "bytes") > 0,
            fmt::format("wrote {:.1f} MiB with {} fsyncs", written, figure(figures, "fsyncs")),
            {}};
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, IoStress);

}  // namespace gauntlet
