// What a module has to undo, on disk before it acts: a small file a module in the agent's folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gauntlet::agent {

/// In memory (/run), since all that the agent does ends with the machine. A test may have another.
std::string& run_folder();

/// The lines of a module's journal, each without its end; none if there is no journal. A last line
/// that was cut is there as far as it goes.
std::vector<std::string> read_journal(std::string_view module);
/// Replaces the journal, in one step; removes it if there are no lines. "" or why it cannot.
std::string write_journal(std::string_view module, const std::vector<std::string>& lines);

}  // namespace gauntlet::agent
