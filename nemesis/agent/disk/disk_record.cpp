// The part of a Disk that keeps a record of its changes, and tells what is not durable.
#include <algorithm>

#include "nemesis/agent/disk/disk.hpp"

namespace gauntlet::disk {

std::unique_lock<std::mutex> Disk::in_order() {
  return log_ == nullptr ? std::unique_lock<std::mutex>() : std::unique_lock(order_mutex_);
}

void Disk::note(const Change& change, std::string_view data) {
  if (log_ != nullptr) log_->append(change, data);
}

std::size_t Disk::open_files() {
  const std::lock_guard table(table_mutex_);
  return static_cast<std::size_t>(std::count_if(
      table_.begin(), table_.end(), [](const auto& entry) { return entry.second->handles > 0; }));
}

std::string Disk::start_record(const std::string& path, std::uint64_t bytes_max) {
  const std::unique_lock world(world_);
  if (log_ != nullptr) return "a record is under way";
  if (const std::size_t open = open_files(); open > 0)
    return std::to_string(open) + " files are open";
  auto log = std::make_unique<ChangeLogWriter>(path, bytes_max);
  if (!log->trouble().empty()) return log->trouble();
  table_.clear();
  names_->all_synced();
  log_ = std::move(log);
  return "";
}

bool Disk::mark(std::string_view text) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  note({.kind = ChangeKind::mark}, text);
  return log_ != nullptr;
}

std::optional<Disk::Record> Disk::record_status() {
  const std::shared_lock world(world_);
  const auto order = in_order();
  if (log_ == nullptr) return std::nullopt;
  return Record{log_->entries(), log_->bytes(), log_->trouble()};
}

std::optional<Disk::Record> Disk::end_record() {
  auto record = record_status();
  const std::unique_lock world(world_);
  log_.reset();
  return record;
}

std::vector<std::string> Disk::undurable(std::size_t lines_max) {
  const std::unique_lock world(world_);
  std::vector<std::string> lines;
  for (const auto& [inode, content] : table_) {
    if (!content->dirty()) continue;
    const std::string path = path_of(content->descriptor());
    if (!path.empty())
      lines.push_back("file " + escaped(path) + " " + std::to_string(content->dirty_pages()) +
                      " pages");
  }
  std::sort(lines.begin(), lines.end());
  if (lines.size() > lines_max) lines.resize(lines_max);
  for (const NameChange& change : names_->changes()) {
    static constexpr const char* kinds[] = {"create", "remove", "rename", "exchange"};
    if (lines_max-- == 0) break;
    std::string line = std::string("name ") + kinds[static_cast<int>(change.kind)];
    for (const auto& path : {change.path, change.target})
      if (!path.empty()) line += " " + escaped(path);
    lines.push_back(line);
  }
  return lines;
}

}  // namespace gauntlet::disk
