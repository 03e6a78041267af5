// The ways of ordering an anomaly's operations, and where each ends.
#pragma once

#include "checker/verdict.hpp"
#include "history/history.hpp"
#include "reports/markup.hpp"

namespace gauntlet {

/// A list of orders as far as they go, each with the reasons why nothing can come next. Writes
/// nothing where the anomaly has none.
void write_dead_ends(Markup& html, const History& history, const Anomaly& anomaly);

/// "3 orders were tried as far as they go, none has a place for all": what stands above them.
std::string dead_ends_summary(const Anomaly& anomaly);

}  // namespace gauntlet
