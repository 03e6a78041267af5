// planted-journal: a set of numbers that is kept in a file, rightly or with a planted bug.
//
//   planted-journal PORT FOLDER append|append-unsynced|rename|rename-unsynced
//
// "add N" is answered by "ok" once the number is kept, "read" by all numbers on a line. The wrong
// modes leave out one fsync: that of the journal, and that of the new file before it is renamed.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>

namespace {

class Journal {
 public:
  Journal(std::string folder, std::string_view mode)
      : folder_(std::move(folder)),
        renames_(mode.starts_with("rename")),
        syncs_(!mode.ends_with("unsynced")) {}

  bool load() {
    const int file = open(path("numbers").c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return false;
    std::string text;
    char piece[4096];
    for (ssize_t n = 0; (n = read(file, piece, sizeof(piece))) > 0;)
      text.append(piece, static_cast<std::size_t>(n));
    fsync(file);
    close(file);
    sync_folder();
    // A line without its end was not acknowledged.
    for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos;
         text.erase(0, end + 1)) {
      long number = 0;
      const auto [at, error] = std::from_chars(text.data(), text.data() + end, number);
      if (error != std::errc() || at != text.data() + end) return false;
      numbers_.insert(number);
    }
    return true;
  }

  bool add(long number) {
    numbers_.insert(number);
    return renames_ ? replace() : append(number);
  }

  std::string all() const {
    std::string text;
    for (const long number : numbers_)
      text += (text.empty() ? "" : " ") + std::to_string(number);
    return text;
  }

 private:
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  void sync_folder() const {
    const int folder = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fsync(folder);
    close(folder);
  }

  bool put(const std::string& name, int flags, const std::string& text) const {
    const int file = open(path(name).c_str(), O_WRONLY | O_CREAT | flags | O_CLOEXEC, 0600);
    bool done = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (syncs_) done = fsync(file) == 0 && done;
    close(file);
    return done;
  }

  bool append(long number) const { return put("numbers", O_APPEND, std::to_string(number) + "\n"); }

  bool replace() const {
    std::string text;
    for (const long number : numbers_)
      text += std::to_string(number) + "\n";
    if (!put("numbers.new", O_TRUNC, text) ||
        rename(path("numbers.new").c_str(), path("numbers").c_str()) != 0)
      return false;
    sync_folder();
    return true;
  }

  std::string folder_;
  bool renames_, syncs_;
  std::set<long> numbers_;
};

std::string answer(Journal& journal, std::string_view line) {
  if (line == "read") return journal.all();
  long number = 0;
  if (!line.starts_with("add ")) return "what";
  const auto [at, error] = std::from_chars(line.data() + 4, line.data() + line.size(), number);
  if (error != std::errc() || at != line.data() + line.size()) return "what";
  return journal.add(number) ? "ok" : "failed";
}

/// One client at a time, until it goes.
void serve(Journal& journal, int client) {
  std::string pending;
  char piece[4096];
  for (ssize_t n = 0; (n = recv(client, piece, sizeof(piece), 0)) > 0;) {
    pending.append(piece, static_cast<std::size_t>(n));
    for (std::size_t end = 0; (end = pending.find('\n')) != std::string::npos;
         pending.erase(0, end + 1)) {
      const std::string reply = answer(journal, std::string_view(pending).substr(0, end)) + "\n";
      if (send(client, reply.data(), reply.size(), MSG_NOSIGNAL) < 0) return;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 254;
  const std::string_view port_text = argv[1];
  std::uint16_t port = 0;
  std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  Journal journal(argv[2], argv[3]);
  if (!journal.load()) {
    std::fputs("planted-journal: the journal cannot be read\n", stderr);
    return 1;
  }
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listening, 8) != 0) {
    std::perror("planted-journal");
    return 1;
  }
  while (true) {
    const int client = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    serve(journal, client);
    close(client);
  }
}
