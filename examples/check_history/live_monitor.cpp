// Stops a test at the very answer that broke the promise, instead of judging it afterwards.
#include <cstdio>
#include <gauntlet/monitor.hpp>

namespace {

using gauntlet::Operation;
using gauntlet::OperationType;

Operation event(OperationType type, gauntlet::Process process, const char* f,
                gauntlet::Value value) {
  Operation operation;
  operation.type = type;
  operation.process = process;
  operation.f = f;
  operation.value = std::move(value);
  return operation;
}

}  // namespace

int main() {
  gauntlet::MonitorOptions options;
  options.check.initial = 0;
  gauntlet::LinearizabilityMonitor monitor(*gauntlet::find_model("register"), options);
  for (int n = 1; n <= 1000; ++n) {
    // Client 0 writes n, client 1 reads; from the 700th on the reads come from a lagging copy.
    monitor.append(event(OperationType::invoke, 0, "write", n));
    monitor.append(event(OperationType::ok, 0, "write", n));
    monitor.append(event(OperationType::invoke, 1, "read", {}));
    monitor.append(event(OperationType::ok, 1, "read", n < 700 ? n : 699));
    if (monitor.violation()) {
      std::printf("stopped at write %d: %s\n", n, monitor.violation()->name.c_str());
      for (const auto& sentence : monitor.violation()->explanation)
        std::puts(sentence.c_str());
      return n == 700 ? 0 : 1;
    }
  }
  std::puts("the stale read went unseen");
  return 1;
}
