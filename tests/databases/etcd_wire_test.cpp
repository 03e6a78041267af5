#include "databases/etcd_wire.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "history/json_value.hpp"

using namespace gauntlet;
using namespace gauntlet::etcd;

namespace {

const std::string header = R"("header":{"cluster_id":"3","member_id":"7","revision":"5"})";
const std::string foo = "foo";  // Zm9v

HttpReply answered(long status, std::string body) {
  return {.sent = true, .complete = true, .status = status, .body = std::move(body)};
}

HttpReply grpc_error(long status, int code, const std::string& message) {
  return answered(status, R"({"error":")" + message + R"(","message":")" + message +
                              R"(","code":)" + std::to_string(code) + "}");
}

}  // namespace

TEST_CASE("keys") {
  CHECK(key_of({}) == "gauntlet/register");
  CHECK(key_of(3) == "gauntlet/3");
  CHECK(key_of("a\"b") == "gauntlet/a\"b");
}

TEST_CASE("requests are JSON with base64") {
  CHECK(read_request(foo, false) == R"({"key":"Zm9v"})");
  CHECK(read_request(foo, true) == R"({"key":"Zm9v","serializable":true})");
  CHECK(write_request(foo, -12) == R"({"key":"Zm9v","value":"LTEy"})");
  CHECK(cas_request(foo, 5, 6) ==
        R"({"compare":[{"key":"Zm9v","target":"VALUE","result":"EQUAL","value":"NQ=="}],)"
        R"("success":[{"request_put":{"key":"Zm9v","value":"Ng=="}}]})");
  CHECK(cas_request(foo, {}, 6) ==
        R"({"compare":[{"key":"Zm9v","target":"VERSION","result":"EQUAL","version":"0"}],)"
        R"("success":[{"request_put":{"key":"Zm9v","value":"Ng=="}}]})");
  for (const auto& body : {read_request("\"\\\n", true), write_request("\xff", 1),
                           cas_request("", {}, 1), cas_request("k", -1, 1)})
    CHECK(parse_json(body, "request").has_value());
}

TEST_CASE("answers to reads") {
  const auto stored = [](const std::string& value) {
    return "{" + header + R"(,"kvs":[{"key":"Zm9v","version":"1","value":)" + value +
           R"(}],"count":"1"})";
  };
  CHECK(read_answer(stored(R"("NQ==")"), foo).value() == Value(5));
  CHECK(read_answer(stored(R"("LTEy")"), foo).value() == Value(-12));
  CHECK(read_answer("{" + header + "}", foo).value().is_nil());
  // What we never wrote must reach the checker as it is.
  CHECK(read_answer(stored(R"("MDA3")"), foo).value() == Value("007"));
  CHECK(read_answer(stored(R"("aGVsbG8=")"), foo).value() == Value("hello"));
  CHECK(read_answer("{" + header + R"(,"kvs":[{"key":"Zm9v"}],"count":"1"})", foo).value() ==
        Value(""));

  CHECK_FALSE(read_answer(stored(R"("NQ")"), foo).has_value());
  CHECK_FALSE(read_answer(stored("5"), foo).has_value());
  CHECK_FALSE(read_answer(stored("null"), foo).has_value());
  CHECK_FALSE(read_answer(stored(R"("NQ==")"), "bar").has_value());
  CHECK_FALSE(read_answer("{" + header + R"(,"kvs":[],"count":"0"})", foo).has_value());
  CHECK_FALSE(read_answer("{" + header + R"(,"kvs":{},"count":"0"})", foo).has_value());
  CHECK_FALSE(read_answer("{" + header + R"(,"kvs":[1]})", foo).has_value());
  CHECK_FALSE(read_answer("{" + header + R"(,"count":"1"})", foo).has_value());
}

TEST_CASE("answers that etcd did not give whole are refused, whatever they are") {
  const std::string whole = "{" + header + R"(,"succeeded":true})";
  REQUIRE(cas_answer(whole).value());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string cut = whole.substr(0, length);
    CHECK_FALSE(cas_answer(cut).has_value());
    CHECK_FALSE(write_answer(cut).has_value());
    CHECK_FALSE(read_answer(cut, foo).has_value());
    CHECK_FALSE(status_answer(cut).has_value());
  }
  for (const std::string& body :
       {std::string("null"), std::string("[]"), std::string("{}"), std::string("\"x\""),
        std::string("{\"header\":5}"), std::string("{\"header\":{}}"), std::string("\xff\xfe"),
        std::string("{\"header\":{\"member_id\":\"1\"},\"x\":1e999}"), std::string(100'000, '['),
        std::string("<html>")}) {
    CHECK_FALSE(cas_answer(body).has_value());
    CHECK_FALSE(write_answer(body).has_value());
    CHECK_FALSE(read_answer(body, foo).has_value());
    CHECK_FALSE(status_answer(body).has_value());
  }
}

TEST_CASE("answers to transactions") {
  CHECK(cas_answer("{" + header + R"(,"succeeded":true})").value());
  CHECK_FALSE(cas_answer("{" + header + "}").value());
  CHECK_FALSE(cas_answer("{" + header + R"(,"succeeded":"true"})").has_value());
}

TEST_CASE("a member leads if it is the leader that it knows") {
  const auto leads = [](const std::string& rest) {
    return status_answer("{" + header + R"(,"version":"3.4.23")" + rest + "}").value().leads;
  };
  CHECK(leads(R"(,"leader":"7")"));
  CHECK_FALSE(leads(R"(,"leader":"8")"));
  CHECK_FALSE(leads(R"(,"leader":"0")"));
  CHECK_FALSE(leads(R"(,"leader":7)"));
  CHECK_FALSE(leads(""));
  CHECK(status_answer("{" + header + R"(,"version":"3.4.23"})").value().version == "3.4.23");
}

TEST_CASE("definite errors: only those that etcd gives before it proposes") {
  CHECK(judge({.error = "refused"}).definite);
  CHECK(judge(grpc_error(500, 2, "etcdserver: too many requests")).definite);
  CHECK(judge(grpc_error(400, 3, "etcdserver: request is too large")).definite);
  CHECK(judge(grpc_error(400, 3, "etcdserver: key is not provided")).definite);
  CHECK(judge(grpc_error(400, 3, "invalid character 'b'")).definite);
  CHECK(judge(grpc_error(500, 2, "raft proposal dropped")).definite);
  CHECK(judge(grpc_error(503, 14, "etcdserver: not capable")).definite);
  CHECK(judge(answered(404, "Not Found\n")).definite);
  CHECK(judge(answered(405, "Method Not Allowed\n")).definite);
}

TEST_CASE("indefinite errors: all others") {
  CHECK_FALSE(judge({.sent = true, .error = "reset"}).definite);
  for (const char* message :
       {"etcdserver: request timed out",
        "etcdserver: request timed out, possibly due to previous leader failure",
        "etcdserver: leader changed", "etcdserver: no leader", "etcdserver: server stopped",
        "etcdserver: unhealthy cluster", "etcdserver: corrupt cluster",
        "etcdserver: mvcc: database space exceeded", "context deadline exceeded",
        "transport is closing", "etcdserver: too many requests, or so", "", "something new"}) {
    CAPTURE(message);
    for (const int code : {1, 2, 4, 8, 9, 13, 14, 15})
      CHECK_FALSE(judge(grpc_error(503, code, message)).definite);
  }
  for (const long status : {201L, 204L, 302L, 400L, 401L, 408L, 413L, 429L, 500L, 502L, 503L, 504L})
    for (const char* body : {"", "oops", "{}", "[]", "{\"message\":5,\"code\":3}", "null"})
      CHECK_FALSE(judge(answered(status, body)).definite);
  // A gRPC NotFound is not the gateway's 404.
  CHECK_FALSE(judge(grpc_error(404, 5, "etcdserver: requested lease not found")).definite);
  CHECK_FALSE(judge_unreadable(failure(ErrorKind::remote, "etcd answered no JSON")).definite);
}

TEST_CASE("errors are kept, bounded") {
  CHECK(judge(grpc_error(503, 14, "etcdserver: leader changed")).error ==
        "etcdserver: leader changed");
  CHECK(judge(answered(503, "<html>")).error == "HTTP status 503");
  CHECK(judge({.error = "refused"}).error == "refused");
  CHECK(judge(grpc_error(503, 14, std::string(100'000, 'x'))).error.size() < 1000);
  CHECK(read_answer(std::string(100'000, 'x'), foo).error().what.size() < 1000);
}

TEST_CASE("the table: its last row takes everything, no row is hidden behind another") {
  const auto table = error_table();
  CHECK(table.back().sign == Sign::other);
  CHECK_FALSE(table.back().definite);
  std::set<std::tuple<Sign, std::string_view, std::int64_t>> seen;
  for (const auto& row : table) {
    CHECK(seen.insert({row.sign, row.text, row.number}).second);
    CHECK_FALSE(row.reason.empty());
  }
}

TEST_CASE("docs/databases.md has the table as it is") {
  std::string expected;
  for (const auto& row : error_table()) {
    const std::string sign = row.sign == Sign::not_sent    ? "the request was not sent"
                             : row.sign == Sign::no_answer ? "no whole answer"
                             : row.sign == Sign::message   ? "`" + std::string(row.text) + "`"
                             : row.sign == Sign::code  ? "gRPC code " + std::to_string(row.number)
                             : row.sign == Sign::plain ? "HTTP status " + std::to_string(row.number)
                             : row.sign == Sign::unreadable ? "status 200, unreadable"
                                                            : "anything else";
    expected += "| " + sign + " | " + (row.definite ? "fail" : "info") + " | " +
                std::string(row.reason) + " |\n";
  }
  std::ifstream file(GAUNTLET_SOURCE_DIR "/docs/databases.md");
  std::stringstream text;
  text << file.rdbuf();
  INFO("expected in the document:\n" << expected);
  CHECK(text.str().find(expected) != std::string::npos);
}

TEST_CASE("members") {
  CHECK(remove_member_request("12") == R"({"ID":"12"})");
  CHECK(add_member_request("http://10.0.0.1:2380") == R"({"peerURLs":["http://10.0.0.1:2380"]})");
  CHECK(parse_json(add_member_request("\"\n"), "request").has_value());
  const auto answer = [](const std::string& members) {
    return "{" + header + R"(,"members":[)" + members + "]}";
  };
  const auto two = members_answer(
      answer(R"({"ID":"18446744073709551615","name":"n1","peerURLs":["http://a:2380"]},)"
             R"({"ID":"2","peerURLs":["http://b:2380","http://c:2380"],"clientURLs":[]})"));
  REQUIRE(two.has_value());
  REQUIRE(two->size() == 2);
  CHECK(two->at(0).id == "18446744073709551615");
  CHECK(two->at(0).name == "n1");
  CHECK(two->at(1).name.empty());  // it has not started
  CHECK(two->at(1).peer_url == "http://b:2380");
  for (const std::string& wrong :
       {std::string("{}"), "{" + header + "}", answer("3"), answer(R"({"ID":"1"})"),
        answer(R"({"ID":"x","peerURLs":["http://a:2380"]})"),
        answer(R"({"ID":"123456789012345678901","peerURLs":["http://a:2380"]})"),
        answer(R"({"ID":"1","peerURLs":[]})"), answer(R"({"ID":"1","peerURLs":[1]})"),
        answer(R"({"name":"n1","peerURLs":["http://a:2380"]})")})
    CHECK_FALSE(members_answer(wrong).has_value());
}
