#include "harness/control/state_directory.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/descriptor.hpp"

namespace gauntlet {
namespace fs = std::filesystem;
namespace {

fs::path environment_path(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? fs::path() : fs::path(value);
}

Error cannot(std::string_view verb, const fs::path& path) {
  return failure(ErrorKind::resource,
                 "cannot " + std::string(verb) + " " + path.string() + ": " + std::strerror(errno));
}

}  // namespace

fs::path home_directory() {
  fs::path home = environment_path("HOME");
  if (!home.empty()) return home;
  const passwd* user = getpwuid(getuid());
  return user == nullptr ? fs::path("/") : fs::path(user->pw_dir);
}

fs::path state_directory() {
  if (fs::path home = environment_path("GAUNTLET_HOME"); !home.empty()) return home;
  if (fs::path state = environment_path("XDG_STATE_HOME"); !state.empty())
    return state / "gauntlet";
  return home_directory() / ".local" / "state" / "gauntlet";
}

Result<fs::path> private_directory(std::string_view name) {
  const fs::path path = state_directory() / name;
  std::error_code code;
  fs::create_directories(path.parent_path(), code);
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return cannot("make folder", path);
  return path;
}

Result<void> write_file(const fs::path& path, std::string_view content, int mode) {
  std::string temporary = path.string() + ".XXXXXX";
  const Descriptor file(mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.open()) return cannot("write", path);
  bool good = fchmod(file.get(), static_cast<mode_t>(mode)) == 0;
  while (good && !content.empty()) {
    const ssize_t n = write(file.get(), content.data(), content.size());
    if (n > 0) content.remove_prefix(static_cast<std::size_t>(n));
    good = n > 0 || errno == EINTR;
  }
  if (good && rename(temporary.c_str(), path.c_str()) == 0) return {};
  const Error error = cannot("write", path);
  unlink(temporary.c_str());
  return error;
}

}  // namespace gauntlet
