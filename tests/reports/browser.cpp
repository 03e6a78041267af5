#include "tests/reports/browser.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/subprocess.hpp"

namespace gauntlet {

bool browser_available() {
  static const bool available = [] {
    const auto result = run_process({.argv = {"chromium", "--version"}});
    const bool found = result.has_value() && result->succeeded();
    if (!found) std::puts("SKIPPED: the tests in a browser need the package chromium");
    return found;
  }();
  return available;
}

BrowserPage open_in_browser(const std::string& name, const std::string& html,
                            const std::string& fragment) {
  const std::filesystem::path folder = GAUNTLET_BINARY_DIR "/report_pages";
  const std::filesystem::path page = folder / name;
  const std::filesystem::path profile = folder / (name + ".profile");
  std::filesystem::remove_all(profile);
  std::filesystem::create_directories(profile);
  std::ofstream(page) << html;
  const auto result = run_process(
      {.argv = {"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--window-size=1400,2000", "--virtual-time-budget=4000",
                "--enable-logging=stderr", "--user-data-dir=" + profile.string(), "--dump-dom",
                "file://" + page.string() + fragment},
       .timeout = std::chrono::seconds(60),
       .output_bytes_max = std::size_t{64} << 20});
  std::filesystem::remove_all(profile);
  BrowserPage shown;
  if (!result) {
    shown.console = result.error().to_string();
    return shown;
  }
  shown.dom = result->output;
  std::istringstream lines(result->error_output);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("CONSOLE") != std::string::npos) shown.console += line + "\n";
  }
  return shown;
}

}  // namespace gauntlet
