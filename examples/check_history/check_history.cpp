#include <cstdio>
#include <gauntlet/checker.hpp>

int main() {
  gauntlet::Recording seen;  // any number of threads may record at once
  seen.invoke(0, "write", 1);
  seen.ok(0);
  seen.invoke(1, "read");
  seen.ok(1, 0);  // stale: 1 had been acknowledged before this read began
  const gauntlet::Verdict verdict = gauntlet::check("register", seen.finish(), {.initial = 0});
  std::puts(gauntlet::to_text(verdict).c_str());
  return verdict.validity == gauntlet::Validity::valid ? 0 : 1;
}
