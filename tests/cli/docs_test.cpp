// The documentation that lists what registries and tables hold is what they hold.

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "checker/catalogue.hpp"
#include "checker/consistency_models.hpp"
#include "cli/option_table.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/fault.hpp"

using namespace gauntlet;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream in(std::string(GAUNTLET_SOURCE_DIR) + "/" + path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

TEST_CASE("docs/options.md holds the option table") {
  CHECK(content_of("docs/options.md").find(options_markdown()) != std::string::npos);
}

TEST_CASE("docs/faults.md holds the registered faults") {
  CHECK(content_of("docs/faults.md").find(faults_markdown()) != std::string::npos);
}

TEST_CASE("docs/fault-table.md has a row for each fault, tried on each database") {
  const std::string page = content_of("docs/fault-table.md");
  for (const Fault* fault : FaultRegistry::instance().all()) {
    const std::string name(fault->name());
    CAPTURE(name);
    CHECK(page.find("| [" + name + "](faults.md#" + name + ") |") != std::string::npos);
  }
  CHECK(page.find("| etcd | redis | postgres |") != std::string::npos);
  CHECK(page.find("not tried") == std::string::npos);
}

// What these compare is made anew by gauntlet list KIND --markdown.

TEST_CASE("docs/models.md holds the registered models") {
  CHECK(content_of("docs/models.md").find(models_markdown()) != std::string::npos);
}

TEST_CASE("docs/consistency.md holds the table of consistency models") {
  CHECK(content_of("docs/consistency.md").find(consistency_markdown()) != std::string::npos);
}

TEST_CASE("docs/linearizability.md holds the registered algorithms") {
  CHECK(content_of("docs/linearizability.md").find(algorithms_markdown()) != std::string::npos);
}

TEST_CASE("README.md shows the example of the library as it is compiled and run") {
  const std::string example = content_of("examples/check_history/check_history.cpp");
  REQUIRE(!example.empty());
  CHECK(content_of("README.md").find("```cpp\n" + example + "```\n") != std::string::npos);
}
