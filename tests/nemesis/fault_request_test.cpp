#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "nemesis/catalogue.hpp"
#include "nemesis/nemesis.hpp"

using namespace gauntlet;

TEST_CASE("faults are asked for by name, with parameters") {
  const auto requests =
      parse_fault_requests("partition:shape=isolate:targets=n1+n3,kill,pause:targets=majority");
  REQUIRE(requests.has_value());
  REQUIRE(requests->size() == 3);
  CHECK((*requests)[0].name == "partition");
  CHECK((*requests)[0].parameters == Value::map({{"shape", "isolate"}, {"targets", "n1+n3"}}));
  CHECK((*requests)[1].parameters == Value(Value::Map{}));
  CHECK(parse_fault_requests("")->empty());
  CHECK(parse_fault_requests("partition:grudge=n1+n2~*/n4>n5").has_value());
}

TEST_CASE("what is not there is refused with a suggestion") {
  const auto error_of = [](const char* text) {
    const auto requests = parse_fault_requests(text);
    REQUIRE(requests.has_error());
    CHECK(requests.error().kind == ErrorKind::usage);
    return requests.error().to_string();
  };
  CHECK(error_of("partiton") == "no fault 'partiton'; did you mean 'partition'?");
  CHECK(error_of("kill,,pause").find("no fault ''; known: ") == 0);
  CHECK(error_of("kill:target=one") ==
        "fault kill has no parameter 'target'; did you mean 'targets'?");
  CHECK(error_of("kill:targets") ==
        "parameter targets of fault kill has no value; write kill:targets=VALUE");
  CHECK(error_of("kill:targets=one:targets=all") ==
        "parameter targets of fault kill is given twice");
  CHECK(error_of("partition:shape=halve") ==
        "fault partition: no shape 'halve' of a partition; did you mean 'halves'?");
  CHECK(error_of("partition:grudge=n1~n2:shape=one").find("not both") != std::string::npos);
  CHECK(error_of("partition:shape=halves:targets=n1").find("takes no targets") !=
        std::string::npos);
  CHECK(error_of("partition:shape=one-way:direction=up").find("no direction") != std::string::npos);
  error_of("partition:direction=in");
  error_of("partition:grudge=n1");
  error_of("pause:targets=");
}

TEST_CASE("names of nodes are checked once the nodes are known") {
  const auto requests = parse_fault_requests("kill:targets=n4,partition:grudge=n1~n9");
  REQUIRE(requests.has_value());
  const auto sound = check_fault_requests(*requests, {"n1", "n2", "n3"});
  CHECK(sound.error().to_string() == "fault kill: no targets 'n4'; did you mean 'n1'?");
  CHECK(check_fault_requests({(*requests)[1]}, {"n1", "n2", "n3"}).has_error());
  CHECK(check_fault_requests(*requests, {"n1", "n4", "n9"}).has_value());
}

TEST_CASE("a package stands for its faults, those named apart from it") {
  const auto requests = parse_fault_requests("kill:targets=one,standard,network");
  REQUIRE(requests.has_value());
  CHECK((*requests)[0].package == "");
  CHECK(std::ranges::count((*requests), std::string("kill"), &FaultRequest::name) == 1);
  CHECK(std::ranges::count((*requests), std::string("partition"), &FaultRequest::name) == 1);
  const auto pause = std::ranges::find(*requests, std::string("pause"), &FaultRequest::name);
  REQUIRE(pause != requests->end());
  CHECK(pause->package == "standard");
  CHECK(parse_fault_requests("all")->size() == FaultRegistry::instance().all().size());
  CHECK(parse_fault_requests("network:targets=n1").error().to_string() ==
        "package network takes no parameters; give them to its faults by name");
  CHECK(parse_fault_requests("netwrk").error().to_string() ==
        "no fault 'netwrk'; did you mean 'network'?");
}

TEST_CASE("every fault says which packages it comes with, and what shows it") {
  for (const Fault* fault : FaultRegistry::instance().all()) {
    CAPTURE(std::string(fault->name()));
    CHECK_FALSE(fault->packages().empty());
    CHECK_FALSE(fault->proof().empty());
    for (const auto package : fault->packages()) {
      CHECK(package != "all");
      CHECK(std::ranges::count(package_names(), std::string(package)) == 1);
    }
    CHECK_FALSE(FaultRegistry::instance().all().empty());
    CHECK(std::ranges::count(package_names(), std::string(fault->name())) == 0);
  }
  CHECK(faults_of_package("all") == FaultRegistry::instance().all());
  CHECK(faults_of_package("network").size() >= 5);
  CHECK(faults_of_package("nothing").empty());
}

TEST_CASE("docs/faults.md holds what the registry says") {
  std::ifstream file(GAUNTLET_SOURCE_DIR "/docs/faults.md");
  std::ostringstream text;
  text << file.rdbuf();
  const bool generated = text.str().find(faults_markdown()) != std::string::npos;
  if (!generated) MESSAGE("docs/faults.md should contain:\n" << faults_markdown());
  CHECK(generated);
}
