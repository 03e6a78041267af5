// What each read of a register may have read.

#include "checker/transactional/register_transactions.hpp"

#include <doctest/doctest.h>

#include <string>

#include "history/reader.hpp"

using namespace gauntlet;

namespace {

/// Transactions, each an outcome and a value, of process 0 and then 1, 2 and so on.
History history_of(const std::vector<std::pair<std::string, std::string>>& transactions) {
  std::string lines;
  int process = 0;
  for (const auto& [end, value] : transactions) {
    const std::string rest =
        ",\"f\":\"txn\",\"process\":" + std::to_string(process++) + ",\"value\":" + value + "}\n";
    lines += "{\"type\":\"invoke\"" + rest + "{\"type\":\"" + end + "\"" + rest;
  }
  auto read = parse_history(lines, "test", HistoryFormat::json_lines);
  REQUIRE(read.has_value());
  return std::move(read->history);
}

struct Resolved {
  History history;
  Result<Transactions> all;
  RegisterTransactions registers;

  explicit Resolved(const std::vector<std::pair<std::string, std::string>>& transactions,
                    const CheckOptions& options = {})
      : history(history_of(transactions)),
        all(Transactions::of(history, options.budget, KeyType::registers)),
        registers(*all) {
    Effort effort(options.budget);
    REQUIRE(registers.resolve(options, effort));
  }
};

}  // namespace

TEST_CASE("a read of a register has the transaction that wrote the value, or the initial version") {
  const Resolved r({{"ok", R"([["w","x",1],["w","x",2],["r","x",2]])"},
                    {"ok", R"([["r","x",2],["r","y",null],["r","x",2]])"}});
  CHECK(r.registers.source(2) == ReadSource::own);
  CHECK(r.registers.writer(2) == 1);
  CHECK(r.registers.source(3) == ReadSource::others);
  CHECK(r.registers.writer(3) == 1);
  CHECK(r.registers.is_external(3));
  CHECK(r.registers.writer(4) == initial_version);
  CHECK_FALSE(r.registers.is_external(5));
  CHECK(r.registers.agrees(5));
  CHECK_FALSE(r.registers.is_final(0));
  REQUIRE(r.registers.versions(0).size() == 1);
  CHECK(r.registers.versions(0)[0] == 1);
}

TEST_CASE("what cannot be read is told apart") {
  const Resolved r({{"ok", R"([["w","x",1],["w","x",2],["r","x",1]])"},
                    {"fail", R"([["w","x",3]])"},
                    {"ok", R"([["r","x",1]])"},
                    {"ok", R"([["r","x",3]])"},
                    {"ok", R"([["r","x",4],["w","x",4]])"},
                    {"ok", R"([["r","x",5],["r","x",2]])"}});
  CHECK(r.registers.source(2) == ReadSource::own_earlier);
  CHECK(r.registers.source(4) == ReadSource::intermediate);
  CHECK(r.registers.writer(4) == 0);
  CHECK(r.registers.source(5) == ReadSource::aborted);
  CHECK(r.registers.source(6) == ReadSource::own_later);
  CHECK(r.registers.writer(6) == 7);
  CHECK(r.registers.source(8) == ReadSource::thin_air);
  CHECK_FALSE(r.registers.agrees(9));
  CHECK_FALSE(r.registers.counts(1));
}

TEST_CASE("an indefinite transaction counts where a read may show what it wrote") {
  const Resolved r({{"info", R"([["w","x",1],["r","y",7]])"},
                    {"info", R"([["w","x",2]])"},
                    {"ok", R"([["r","x",1]])"}});
  CHECK(r.registers.counts(0));
  CHECK_FALSE(r.registers.counts(1));
  CHECK(r.registers.source(1) == ReadSource::none);
  CHECK(r.registers.versions(0).size() == 1);
}

TEST_CASE("a value that several wrote has several writers, and may be the initial one") {
  CheckOptions options;
  options.initial = 1;
  const Resolved r({{"ok", R"([["w","x",1]])"},
                    {"info", R"([["w","x",1]])"},
                    {"ok", R"([["r","x",1],["w","x",1]])"},
                    {"ok", R"([["r","y",1],["r","z",null]])"}},
                   options);
  CHECK(r.registers.has_repeated_values());
  CHECK(r.registers.writer(2) == no_micro);
  CHECK(r.registers.writers(2).size() == 3);
  CHECK(r.registers.may_be_initial(2));
  CHECK(r.registers.counts(1));
  CHECK(r.registers.writer(4) == initial_version);
  CHECK(r.registers.source(5) == ReadSource::thin_air);
}

TEST_CASE("a read of nil may be no answer") {
  CheckOptions options;
  options.nil_read = NilRead::any;
  const Resolved r({{"ok", R"([["r","x",null]])"}}, options);
  CHECK(r.registers.source(0) == ReadSource::none);
}
