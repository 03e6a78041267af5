#include "databases/member_note.hpp"

#include <fmt/format.h>

namespace gauntlet {

namespace {

Result<void> run(Node& node, const char* label, std::string script) {
  Command command = Command::shell(std::move(script));
  command.label = label;
  const auto done = node.must(std::move(command).root());
  return done ? Result<void>() : done.error();
}

}  // namespace

Result<std::string> noted(Node& node, const std::string& file) {
  const auto read =
      node.must(Command::shell(fmt::format("[ ! -e {0} ] || cat {0}", shell_quote(file))).root());
  if (!read) return read.error();
  constexpr std::size_t bytes_max = 1 << 14;
  if (read->output.size() > bytes_max) return failure(ErrorKind::remote, file + " is not ours");
  return std::move(read->output);
}

Result<void> note(Node& node, const std::string& file, const std::string& text) {
  return run(node, "note membership",
             fmt::format("file={}\nmkdir -p \"${{file%/*}}\" && printf %s {} >\"$file.new\" && mv "
                         "\"$file.new\" \"$file\"\n",
                         shell_quote(file), shell_quote(text)));
}

Result<void> empty_folder(Node& node, const std::string& folder) {
  return run(node, "remove the data",
             fmt::format("[ ! -d {0} ] || find {0} -mindepth 1 -delete\n", shell_quote(folder)));
}

}  // namespace gauntlet
