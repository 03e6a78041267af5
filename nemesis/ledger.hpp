// The fault ledger: every injection and heal, on disk before it acts.
//
// A file of JSON lines, `faults.jsonl` in the run directory, each line fsynced. A fault is in place
// from its "inject" line until its "healed" line. `gauntlet heal` needs nothing but this file and
// the plan beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "history/value.hpp"

namespace gauntlet {

struct LedgerEntry {
  std::int64_t id = 0;
  std::string fault;
  Value plan;  ///< what Fault::prepare answered
  bool healed = false;
};

/// Appends to one file; used by one thread. Every call returns once the line is on disk.
class FaultLedger {
 public:
  /// Makes the file, or goes on with one that is there: its ids continue, a cut last line goes.
  static Result<std::unique_ptr<FaultLedger>> create(const std::string& path);
  /// Reads a ledger, oldest injection first, passing over lines that are cut or make no sense.
  static Result<std::vector<LedgerEntry>> read(const std::string& path);
  ~FaultLedger();

  Result<std::int64_t> injecting(const std::string& fault, const Value& plan);
  Result<void> healed(std::int64_t id, const std::string& evidence);
  /// Notes what an injection was seen to do; informative only.
  Result<void> observed(std::int64_t id, bool took_effect, const std::string& evidence);

 private:
  explicit FaultLedger(int descriptor) : descriptor_(descriptor) {}
  Result<void> append(const Value& line);
  int descriptor_;
  std::string path_;
  std::size_t size_bytes_ = 0;  ///< of the complete lines; the next one goes here
  std::int64_t next_id_ = 1;
};

}  // namespace gauntlet
