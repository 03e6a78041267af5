// The damage that one fault does to the files of a dead database, and what is saved for undoing it.
//
// gauntlet-agent damage flip|truncate|copy|snapshot|restore|undo|settle FOLDER SAVED
// [NAME=VALUE]...
//
// SAVED is a folder of the fault's own, never below FOLDER: `patches` (see patches.hpp), or for a
// restore `old`, the snapshot, and `now`, what it replaced. It has `done`, the report, once the
// damage is whole; that stays as a mark when the rest is gone.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"

namespace gauntlet::damage {

/// What is printed: a line that begins with a number, and lines for people. Idempotent: a damage
/// that is done is told again; one that was cut short is undone first. One process at a time.
///
/// seed= is the same on all nodes; salt= makes a node's chunks its own.
/// flip: bits flipped; files= pick= seed= chunk= modulus= remainder= bits= or probability=
/// truncate: bytes cut; files= pick= seed= bytes=
/// copy: chunks overwritten; files= pick= seed= chunk= modulus= remainder= chunks=
/// snapshot: files kept. restore: files that are others than before; needs a snapshot.
/// undo: "PUT_BACK OF": ranges, or 1 for a whole state. What has changed since the damage stays as
/// it is. settle: 0; the originals are removed.
Result<std::string> run_damage(const std::string& action, const std::string& folder,
                               const std::string& saved, const std::vector<std::string>& settings);

/// `gauntlet-agent damage ...`, all words.
int damage_main(int argc, char** argv);

}  // namespace gauntlet::damage
