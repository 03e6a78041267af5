// The vDSO, the kernel's small library in every process: its image, the same in all of a machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gauntlet::agent {

/// This process's, which nobody has changed.
struct Vdso {
  std::string image;  ///< as it is mapped
  /// A function by its name, as an offset into the image, and its size in bytes.
  struct Function {
    std::uint64_t at = 0;
    std::uint64_t size = 0;
  };
  std::optional<Function> find(std::string_view name) const;
};

/// Empty where there is none.
const Vdso& own_vdso();
/// Where a process has it mapped; nullopt where it has none of our size, or is gone.
std::optional<std::uint64_t> vdso_of(int pid);

}  // namespace gauntlet::agent
