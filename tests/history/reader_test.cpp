#include "history/reader.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/random.hpp"

namespace gauntlet {

namespace {

namespace fs = std::filesystem;

std::string gzip(std::string_view text) {
  constexpr int gzip_window = 15 + 16;
  z_stream stream = {};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

/// So many reads and writes of one process, in lines of varied length.
std::string lines_of(int operations) {
  Random random(3);
  std::string text;
  for (int i = 0; i < operations; ++i) {
    Operation operation{.index = 2 * i,
                        .time_ns = random.between(0, 1'000'000'000'000),
                        .process = 5,
                        .f = random.chance(0.5) ? "read" : "write",
                        .value = random.between(0, 1'000'000)};
    append_json_line(text, operation);
    operation.type = OperationType::ok;
    operation.index = 2 * i + 1;
    append_json_line(text, operation);
  }
  return text;
}

std::string error_of(std::string_view text) {
  const auto read = parse_history(text, "h");
  return read ? "no error" : read.error().what;
}

/// A folder of its own, removed at the end.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "gauntlet-reader-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, std::string_view text) const {
    const std::string file = (path_ / name).string();
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

}  // namespace

TEST_CASE("compressed histories are expanded, in one stream or several") {
  const std::string text = lines_of(20'000);
  const std::string half = text.substr(0, text.size() / 2);
  const std::string rest = text.substr(half.size());
  for (const std::string& packed :
       {gzip(text), zstd(text), gzip(half) + gzip(rest), zstd(half) + zstd(rest)}) {
    const auto read = parse_history(packed, "h");
    REQUIRE(read.has_value());
    CHECK(read->history.size() == 40'000);
    CHECK(read->format == HistoryFormat::json_lines);
    CHECK(read->warnings.empty());

    CHECK(error_of(packed.substr(0, packed.size() - 10)) ==
          "h:1:1: the compressed data ends too early");
    std::string damaged = packed;
    for (std::size_t i = damaged.size() / 3; i < damaged.size() / 3 + 50; ++i)
      damaged[i] = static_cast<char>(~damaged[i]);
    CHECK(error_of(damaged).starts_with("h:"));
    CHECK(error_of(damaged) != "no error");
  }
}

TEST_CASE("the place of an error is found in compressed histories too") {
  const std::string text = lines_of(20'000) + R"({"type":"ok","process":5,"f":"read"})" + "\n";
  CHECK(error_of(gzip(text)) ==
        "h:40001:1: process 5 completes read (index 40000), which it never invoked");
}

TEST_CASE("a bomb is refused before it fills the machine") {
  const std::string zeros(std::size_t{64} << 20, '\n');
  std::string bomb;
  for (int i = 0; i < 32; ++i)
    bomb += zstd(zeros);
  CHECK(error_of(bomb) == "h:1:1: expands to more than 200 times its size, beyond 1 GiB");
}

TEST_CASE("a line without end is refused") {
  const std::string line((std::size_t{64} << 20) + 100, ' ');
  CHECK(error_of("\n" + line) == "h:2:1: expected a line of at most 64 MiB");
}

TEST_CASE("formats are told by content") {
  const auto format_of = [](std::string_view text) {
    const auto read = parse_history(text, "h");
    return read ? read->format : HistoryFormat::detect;
  };
  using enum HistoryFormat;
  const std::string json = R"({"type":"invoke","process":0,"f":"read"})";
  const std::string edn_map = "{:type :invoke, :process 0, :f :read}";
  CHECK(format_of(json) == json_lines);
  CHECK(format_of("\xEF\xBB\xBF\r\n " + json + "\r\n") == json_lines);
  CHECK(format_of("") == json_lines);
  CHECK(format_of("[" + json + "]") == json_array);
  CHECK(format_of(" [ ]") == json_array);
  CHECK(format_of("\xEF\xBB\xBF[" + json + "]") == json_array);
  CHECK(format_of(edn_map) == edn);
  CHECK(format_of("[" + edn_map + "]") == edn);
  CHECK(format_of("(" + edn_map + ")") == edn);
  CHECK(format_of("; a comment\n" + edn_map) == edn);
  CHECK(format_of("#jepsen.history.Op" + edn_map) == edn);
  CHECK(format_of("INFO  jepsen.util - 0\t:invoke\t:read\tnil") == jepsen_log);
  CHECK(format_of("0\t:invoke\t:read\tnil") == jepsen_log);
  CHECK(error_of("hello").starts_with("h:1:1: expected a history: JSON lines"));
  CHECK(error_of("\x7f"
                 "ELF")
            .starts_with("h:1:1: expected a history: JSON lines"));
}

TEST_CASE("a file, a run's folder and a pipe are read; what cannot be is a clear error") {
  const Folder folder;
  const std::string text = lines_of(3'000);
  const std::string file = folder.write("history.jsonl", text);
  for (const std::string& path : {file, folder.path("")}) {
    const auto read = read_history(path);
    REQUIRE(read.has_value());
    CHECK(read->history.size() == 6'000);
  }

  const std::string pipe = folder.path("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << text << "]\n"; });
  const auto piped = read_history(pipe);
  writer.join();
  REQUIRE_FALSE(piped.has_value());
  CHECK(piped.error().what.starts_with(pipe + ":6001:1: expected one JSON object"));

  const auto absent = read_history(folder.path("absent"));
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().kind == ErrorKind::usage);
  CHECK(absent.error().what == folder.path("absent") + ": No such file or directory");
}

TEST_CASE("a run that was killed leaves a history that reads") {
  const std::string whole = lines_of(100);
  const std::string nul(5'000, '\0');
  auto read = parse_history(whole + nul, "h");
  REQUIRE(read.has_value());
  CHECK(read->history.size() == 200);
  CHECK(read->warnings.empty());

  read = parse_history(whole.substr(0, whole.size() - 30) + nul, "h");
  REQUIRE(read.has_value());
  CHECK(read->history.size() == 199);
  CHECK(read->warnings.size() == 1);
}

TEST_CASE("columns take little memory, and no more is reserved than is needed") {
  const auto read = parse_history(lines_of(50'000), "h");
  REQUIRE(read.has_value());
  CHECK(read->history.memory_bytes() < 60 * 50'000);
}

}  // namespace gauntlet
