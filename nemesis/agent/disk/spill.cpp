#include "nemesis/agent/disk/spill.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace gauntlet::disk {

Spill::Spill(const std::string& folder, std::size_t pages_max) : pages_max_(pages_max) {
  const std::string name = folder + "/pages";
  file_ = Descriptor(open(name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  unlink(name.c_str());
}

std::optional<std::uint32_t> Spill::store(const char* page) {
  std::uint32_t slot = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      slot = free_.back();
      free_.pop_back();
    } else if (slots_ < pages_max_) {
      slot = slots_++;
    } else {
      return std::nullopt;
    }
  }
  const auto at = static_cast<off_t>(slot) * static_cast<off_t>(page_bytes);
  if (pwrite(file_.get(), page, page_bytes, at) == static_cast<ssize_t>(page_bytes)) return slot;
  release(slot);
  return std::nullopt;
}

bool Spill::load(std::uint32_t slot, char* page) const {
  const auto at = static_cast<off_t>(slot) * static_cast<off_t>(page_bytes);
  return pread(file_.get(), page, page_bytes, at) == static_cast<ssize_t>(page_bytes);
}

void Spill::release(std::uint32_t slot) {
  const std::lock_guard lock(mutex_);
  free_.push_back(slot);
}

std::size_t Spill::used() const {
  const std::lock_guard lock(mutex_);
  return slots_ - free_.size();
}

}  // namespace gauntlet::disk
