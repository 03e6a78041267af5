// What a checker answers: three-valued, with its evidence.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/history.hpp"
#include "history/value.hpp"

namespace gauntlet {

/// `unknown` is not an error: it is the honest answer when a budget ran out, when the history holds
/// too little to judge, or when the method cannot decide. It always comes with a reason.
enum class Validity { valid, invalid, unknown };

std::string_view to_string(Validity validity);

/// The worse of two: invalid over unknown over valid.
Validity worse(Validity a, Validity b);

/// An order of the operations of an anomaly that works as far as it goes, and why it goes no
/// further.
struct DeadEnd {
  struct Refusal {
    EventIndex operation;  ///< the invocation of one that is left
    std::string reason;    ///< why it cannot come next
  };

  std::vector<EventIndex> order;  ///< invocations, in the order in which they take effect
  std::string state;              ///< what the object holds then, in words
  std::vector<Refusal> refusals;
};

/// That one operation came before another, as a step of a proof that no order is possible; or, of
/// an anomaly that is no cycle, from what is contradicted to what contradicts it.
struct AnomalyEdge {
  EventIndex from = no_event, to = no_event;  ///< invocations
  std::string kind;  ///< "ww", "wr", "rw", "process", "realtime"; "session", "reads from", ...
  std::string why;   ///< a sentence
  /// Whether it is one of the cycle; others are what steps of the cycle were derived from.
  bool in_cycle = true;
  ValueId key = ValueId::nil;  ///< the object that it is about; nil: it is about none
};

/// A violation with its evidence. All texts may quote values of the history, which are untrusted;
/// whoever shows them escapes them.
struct Anomaly {
  std::string name;                    ///< from the literature: "stale read", "G-single", ...
  std::string key;                     ///< the key concerned, as text; empty where there is none
  std::vector<std::string> rules_out;  ///< consistency models that cannot hold any more
  std::vector<EventIndex> operations;  ///< positions of the invocations involved, in order of time
  EventIndex detected_at = no_event;   ///< the event at which no order is possible any more
  std::vector<std::string> explanation;  ///< the reasoning, a sentence an element
  /// What the explanation calls operations, "T1", where not by their index.
  std::vector<std::pair<EventIndex, std::string>> names;
  std::vector<AnomalyEdge> edges;   ///< empty where it is about no two operations
  std::vector<DeadEnd> dead_ends;   ///< all ways of ordering them, the longest first; may be cut
  std::size_t dead_ends_total = 0;  ///< how many there are
  bool dead_ends_complete = true;   ///< else they are more: not all orders were tried
  Value certificate;                ///< what the independent verifier was shown (see docs)
  std::string verified_by;          ///< the verifier that accepted it; empty if none did
};

/// The verdict on one part (a key) of a history that was judged part by part.
struct PartVerdict {
  std::string key;
  Validity validity = Validity::unknown;
  std::string reason;
  std::size_t operations = 0;
};

/// What is known of one consistency model.
struct ModelVerdict {
  std::string name;
  Validity validity = Validity::unknown;
  std::string why;  ///< invalid: the anomalies that break it; unknown: why, if it was looked at
};

struct Verdict {
  Validity validity = Validity::unknown;
  std::string reason;               ///< why it is unknown, or a one-line summary
  std::string checker;              ///< which checker spoke
  std::string consistency;          ///< what was claimed: "linearizable", ...
  std::string model;                ///< the data type: "cas-register", ...
  std::string algorithm;            ///< what decided, e.g. "interval zones (Gibbons and Korach)"
  std::size_t operations = 0;       ///< client operations judged
  std::size_t crashed = 0;          ///< of these, never completed or indefinite
  std::vector<Anomaly> anomalies;   ///< the clearest few
  std::size_t anomalies_total = 0;  ///< all that were found
  std::vector<PartVerdict> parts;   ///< those not valid first; may be cut
  std::size_t parts_total = 0;
  /// Of a checker that judges by several models: each that it knows, weaker ones first.
  std::vector<ModelVerdict> models;
  std::vector<std::string> strongest_holding;  ///< those that no other which holds implies
  std::vector<std::string> weakest_failing;    ///< those that imply no other which fails
  Value statistics;                            ///< a map of figures and tables, by name
};

}  // namespace gauntlet
