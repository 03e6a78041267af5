// What the names of anomalies mean, in a sentence or two, for readers who are not of the field.
#pragma once

#include <string_view>

namespace gauntlet {

/// The meaning of an anomaly's name as the checkers use it; empty for a name that is not known.
std::string_view meaning_of(std::string_view anomaly);

/// What an edge of that kind between two operations says (AnomalyEdge); empty for others.
std::string_view meaning_of_edge(std::string_view kind);

/// What a consistency model promises, in a sentence; empty for a name that is not known. `model`:
/// the data type, which tells models of transactions from others of the same name.
std::string_view promise_of(std::string_view consistency, std::string_view model);

}  // namespace gauntlet
