// A real browser for tests of the report: opens a file as a reader would.
#pragma once

#include <string>

namespace gauntlet {

struct BrowserPage {
  std::string dom;      ///< after the scripts have run
  std::string console;  ///< lines that the page wrote to the console, errors included
};

/// Whether chromium is installed; says once on stdout that tests are skipped if not.
bool browser_available();

/// Opens `html`, which is written to the build folder as `name`, with `fragment` ("#op-12" or "")
/// in a fresh profile, lets 4 s of virtual time pass, and ends. Takes about a second.
BrowserPage open_in_browser(const std::string& name, const std::string& html,
                            const std::string& fragment = "");

}  // namespace gauntlet
