#include "tests/reports/browser.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/assert.hpp"

namespace gauntlet {

namespace {

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  GAUNTLET_ASSERT(pipe != nullptr);
  std::string out;
  std::array<char, 65536> buffer;
  for (std::size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    out.append(buffer.data(), n);
  pclose(pipe);
  return out;
}

std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

bool browser_available() {
  static const bool available = [] {
    const bool found = !output_of("command -v chromium 2>/dev/null").empty();
    if (!found) std::puts("SKIPPED: the tests in a browser need the package chromium");
    return found;
  }();
  return available;
}

BrowserPage open_in_browser(const std::string& name, const std::string& html,
                            const std::string& fragment) {
  const std::filesystem::path folder = GAUNTLET_BINARY_DIR "/report_pages";
  const std::filesystem::path page = folder / name;
  const std::filesystem::path log = folder / (name + ".log");
  const std::filesystem::path profile = folder / (name + ".profile");
  std::filesystem::remove_all(profile);
  std::filesystem::create_directories(profile);
  std::ofstream(page) << html;
  BrowserPage result;
  result.dom = output_of(
      "timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
      "--disable-background-networking --disable-component-update --disable-sync "
      "--window-size=1400,2000 --virtual-time-budget=4000 --enable-logging=stderr "
      "--user-data-dir='" +
      profile.string() + "' --dump-dom 'file://" + page.string() + fragment + "' 2>'" +
      log.string() + "'");
  std::istringstream lines(file_text(log));
  for (std::string line; std::getline(lines, line);) {
    if (line.find("CONSOLE") != std::string::npos) result.console += line + "\n";
  }
  std::filesystem::remove_all(profile);
  return result;
}

}  // namespace gauntlet
