#include <doctest/doctest.h>

#include "harness/control/embedded_cluster.hpp"
#include "harness/control/host_cluster.hpp"
#include "harness/control/host_spec.hpp"
#include "harness/control/secret.hpp"
#include "tests/result_printing.hpp"

using namespace gauntlet;

TEST_CASE("a host is named by user, name and port") {
  struct Example {
    const char* text;
    const char* user;
    const char* host;
    int port;
  };
  for (const Example& e :
       {Example{"db1", "", "db1", 22}, Example{"root@db1", "root", "db1", 22},
        Example{"db1:2222", "", "db1", 2222},
        Example{"root@10.0.0.1:65535", "root", "10.0.0.1", 65535},
        Example{"[::1]:23", "", "::1", 23}, Example{"me@[fe80::1%eth0]", "me", "fe80::1%eth0", 22},
        Example{"fd00::5", "", "fd00::5", 22}, Example{"a@b@host", "a@b", "host", 22}}) {
    CAPTURE(e.text);
    const auto spec = parse_host(e.text);
    REQUIRE(spec);
    CHECK(spec->user == e.user);
    CHECK(spec->host == e.host);
    CHECK(spec->port == e.port);
  }
}

TEST_CASE("what is no host is refused") {
  for (const char* text :
       {"",        "@",      "root@", "@db1",   "db1:",       "db1:0",    "db1:65536",
        "db1:22x", "db1:-1", "[::1",  "[::1]x", "[::1]:",     "[db1]:22", "-oProxyCommand=x",
        "root@-x", "-x@db1", "db 1",  "db1;id", "a$(id)@db1", "db1\n"}) {
    CAPTURE(text);
    const auto spec = parse_host(text);
    REQUIRE_FALSE(spec);
    CHECK(spec.error().kind == ErrorKind::usage);
    CHECK_FALSE(spec.error().remedy.empty());
  }
}

TEST_CASE("a nodes file has a host a line, and comments") {
  const auto hosts = parse_nodes_file(
      "nodes.txt", "# my nodes\n\nroot@db1\n  db2:2222  # the second\r\n\t[fd00::1]:22");
  REQUIRE(hosts);
  REQUIRE(hosts->size() == 3);
  CHECK((*hosts)[0].user == "root");
  CHECK((*hosts)[1].port == 2222);
  CHECK((*hosts)[2].host == "fd00::1");
}

TEST_CASE("a bad line of a nodes file is named by its number") {
  const auto hosts = parse_nodes_file("nodes.txt", "db1\n# fine\ndb2:abc\n");
  REQUIRE_FALSE(hosts);
  CHECK(hosts.error().kind == ErrorKind::input);
  CHECK(hosts.error().what.rfind("nodes.txt:3: ", 0) == 0);

  const auto none = parse_nodes_file("nodes.txt", "# nothing\n");
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorKind::input);

  const auto absent = read_nodes_file("/no/such/file");
  REQUIRE_FALSE(absent);
  CHECK(absent.error().what.find("/no/such/file") != std::string::npos);
}

TEST_CASE("a cluster of hosts is refused before any connection is made") {
  const auto none = connect_hosts({});
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorKind::usage);

  HostClusterOptions twice;
  twice.hosts = {{"root", "127.0.0.1", 1}, {"me", "127.0.0.1", 1}};
  const auto same = connect_hosts(twice);
  REQUIRE_FALSE(same);
  CHECK(same.error().kind == ErrorKind::usage);
  CHECK(same.error().what.find("127.0.0.1:1") != std::string::npos);

  HostClusterOptions no_key;
  no_key.hosts = {{"root", "127.0.0.1", 1}};
  no_key.identity_file = "/no/such/key";
  const auto keyless = connect_hosts(no_key);
  REQUIRE_FALSE(keyless);
  CHECK(keyless.error().kind == ErrorKind::usage);
  CHECK(keyless.error().what.find("/no/such/key") != std::string::npos);
}

TEST_CASE("a host that refuses connections, or has no address, fails soon and says so") {
  HostClusterOptions closed;
  closed.hosts = {{"root", "127.0.0.1", 1}};
  const Nanos start = monotonic_now();
  const auto refused = connect_hosts(closed);
  CHECK(monotonic_now() - start < 15 * nanos_per_second);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::transport);
  CHECK(refused.error().what.find("127.0.0.1:1 refuses connections") != std::string::npos);

  HostClusterOptions nameless;
  nameless.hosts = {{"root", "no-such-host.invalid", 22}};
  const auto unknown = connect_hosts(nameless);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().what.find("no-such-host.invalid") != std::string::npos);
}

TEST_CASE("a secret comes from the environment, and is not asked for without a terminal") {
  setenv("GAUNTLET_TEST_SECRET", "s3cret", 1);
  CHECK(*read_secret("GAUNTLET_TEST_SECRET", "password", true) == "s3cret");
  unsetenv("GAUNTLET_TEST_SECRET");
  CHECK(read_secret("GAUNTLET_TEST_SECRET", "password", false)->empty());
}

TEST_CASE("embedded nodes have names, and refuse commands") {
  const auto cluster = embedded_cluster(3);
  CHECK(cluster->provider() == "embedded");
  CHECK_FALSE(cluster->reachable());
  REQUIRE(cluster->nodes().size() == 3);
  Node* node = cluster->find("n3");
  REQUIRE(node != nullptr);
  CHECK(node->address() == "embedded");
  CHECK(cluster->find("n4") == nullptr);
  const auto result = node->run(Command::of({"true"}));
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::usage);
  CHECK_FALSE(node->upload("x", "/x"));
  CHECK_FALSE(node->download("/x", "/tmp/x", 1));
}
