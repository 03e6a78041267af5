// What a node notes of its membership, beside the database's data, for whoever starts it next.
#pragma once

#include <string>

#include "harness/control/node.hpp"

namespace gauntlet {

/// Of a node that is to be no member.
inline constexpr const char* left_note = "left";

/// The text of a note, an absolute path on the node; "" if there is none.
Result<std::string> noted(Node& node, const std::string& file);
/// In its place as a whole or not at all.
Result<void> note(Node& node, const std::string& file, const std::string& text);

/// Removes all that is in a folder, if it is there, but not the folder, where something may be
/// mounted.
Result<void> empty_folder(Node& node, const std::string& folder);

}  // namespace gauntlet
