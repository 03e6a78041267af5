#include "nemesis/agent/disk/file_content.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace gauntlet::disk {

namespace {

constexpr std::int64_t page_size = page_bytes;
constexpr std::int64_t sector_bytes = 512;

std::int64_t size_of(int file) {
  struct stat status {};
  return fstat(file, &status) == 0 ? static_cast<std::int64_t>(status.st_size) : 0;
}

/// Reads a page; what is beyond the end is zeros.
bool read_page(int file, std::uint64_t number, char* page) {
  std::memset(page, 0, page_bytes);
  std::size_t done = 0;
  while (done < page_bytes) {
    const auto at = static_cast<off_t>(number * page_bytes + done);
    const ssize_t n = pread(file, page + done, page_bytes - done, at);
    if (n < 0) return false;
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

/// Where an append of all up to `size` may have stopped: at the boundary of a page or a sector.
std::int64_t some_end(std::int64_t base, std::int64_t size, Loss loss, Random& random) {
  if (size <= base) return base;
  const std::int64_t step = loss == Loss::pages ? page_size : sector_bytes;
  const std::int64_t boundaries = size / step - base / step + 1;
  const auto steps =
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(boundaries) + 1));
  return steps == 0 ? base : std::min(size, (base / step + steps) * step);
}

bool all_zeros(const char* page) {
  return page[0] == 0 && std::memcmp(page, page + 1, page_bytes - 1) == 0;
}

}  // namespace

bool FileContent::before_change(int file, std::int64_t from, std::int64_t to) {
  if (!dirty()) {
    const std::string link = "/proc/self/fd/" + std::to_string(file);
    file_ = Descriptor(open(link.c_str(), O_RDWR | O_CLOEXEC));
    if (!file_.open()) return false;
    durable_bytes_ = lowest_bytes_ = size_of(file_.get());
  }
  const auto first = static_cast<std::uint64_t>(from / page_size);
  const auto end = static_cast<std::uint64_t>((to + page_size - 1) / page_size);
  for (std::uint64_t page = first; page < end; ++page) {
    if (keep(page)) continue;
    clean();
    return false;
  }
  return true;
}

bool FileContent::keep(std::uint64_t page) {
  const auto [at, added] = pages_.try_emplace(page);
  at->second.lost = false;
  if (!added || static_cast<std::int64_t>(page) * page_size >= *durable_bytes_) return true;
  char old[page_bytes];
  if (!read_page(file_.get(), page, old)) return false;
  if (all_zeros(old)) return true;
  at->second.slot = spill_.store(old);
  return at->second.slot.has_value();
}

void FileContent::synced() {
  if (!dirty()) return;
  bool any_lost = false;
  for (auto at = pages_.begin(); at != pages_.end();) {
    if (at->second.lost) {
      any_lost = true;
      ++at;
      continue;
    }
    forget(at->second);
    at = pages_.erase(at);
  }
  if (any_lost) {
    durable_bytes_ = lowest_bytes_ = size_of(file_.get());
    return;
  }
  clean();
}

void FileContent::lose_dirty_pages() {
  for (auto& [number, page] : pages_)
    page.lost = true;
}

std::uint64_t FileContent::power_failure(Loss loss, bool strict, Random& random) {
  if (!dirty()) return 0;
  const std::int64_t size = size_of(file_.get());
  const bool all_old =
      loss == Loss::whole || (lowest_bytes_ < *durable_bytes_ && random.chance(0.5));
  const std::int64_t base = all_old ? *durable_bytes_ : lowest_bytes_;
  std::int64_t end = base;
  if (!all_old && !strict) end = some_end(base, size, loss, random);
  std::uint64_t lost = 0;
  for (const auto& [number, page] : pages_) {
    const std::int64_t begin = static_cast<std::int64_t>(number) * page_size;
    if (!all_old && !strict && (begin >= base || (begin + page_size > base && end > base)))
      continue;  // appended: up to `end` it is there, what it was appended to as well
    if (!all_old && random.chance(0.5)) {
      if (strict) end = std::max(end, std::min(size, begin + page_size));
      if (loss == Loss::pages) continue;
    }
    lost += restore(number, page, base, all_old ? Loss::whole : loss, random);
  }
  if (ftruncate(file_.get(), end) == 0 && end < size)
    lost = std::max(lost, static_cast<std::uint64_t>(size - end));
  clean();
  return lost;
}

std::uint64_t FileContent::restore(std::uint64_t number, const Page& page, std::int64_t base,
                                   Loss loss, Random& random) {
  char old[page_bytes] = {};
  char now[page_bytes];
  if (page.slot && !spill_.load(*page.slot, old)) return 0;
  if (!read_page(file_.get(), number, now)) return 0;
  const auto begin = static_cast<std::int64_t>(number * page_bytes);
  const std::int64_t kept = std::clamp<std::int64_t>(base - begin, 0, page_size);
  std::memset(old + kept, 0, page_bytes - static_cast<std::size_t>(kept));
  std::uint64_t lost = 0;
  for (std::int64_t at = 0; at < page_size; at += sector_bytes) {
    if (loss == Loss::sectors && random.chance(0.5)) continue;
    if (std::memcmp(now + at, old + at, sector_bytes) == 0) continue;
    std::memcpy(now + at, old + at, sector_bytes);
    lost += sector_bytes;
  }
  if (pwrite(file_.get(), now, page_bytes, begin) != static_cast<ssize_t>(page_bytes)) return 0;
  return lost;
}

void FileContent::clean() {
  forget_pages();
  durable_bytes_.reset();
  file_.close();
}

void FileContent::forget(const Page& page) {
  if (page.slot) spill_.release(*page.slot);
}

void FileContent::forget_pages() {
  for (const auto& [number, page] : pages_)
    forget(page);
  pages_.clear();
}

}  // namespace gauntlet::disk
