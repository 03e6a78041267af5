#include "nemesis/agent/vdso.hpp"

#include <elf.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

namespace gauntlet::agent {

namespace {

struct Range {
  std::uint64_t begin = 0, end = 0;
};

std::optional<Range> mapped(const std::string& pid) {
  std::ifstream maps("/proc/" + pid + "/maps");
  for (std::string line; std::getline(maps, line);) {
    if (!line.ends_with(" [vdso]")) continue;
    Range range;
    const std::size_t dash = line.find('-');
    range.begin = std::stoull(line.substr(0, dash), nullptr, 16);
    range.end = std::stoull(line.substr(dash + 1, line.find(' ') - dash - 1), nullptr, 16);
    return range;
  }
  return std::nullopt;
}

/// Of the image, which is the kernel's and to be trusted.
template <class T>
T at(const std::string& image, std::uint64_t offset) {
  T value{};
  if (offset + sizeof(T) <= image.size()) std::memcpy(&value, image.data() + offset, sizeof(T));
  return value;
}

}  // namespace

const Vdso& own_vdso() {
  static const Vdso own = [] {
    Vdso vdso;
    if (const auto range = mapped("self")) {
      vdso.image.assign(reinterpret_cast<const char*>(range->begin), range->end - range->begin);
    }
    return vdso;
  }();
  return own;
}

std::optional<Vdso::Function> Vdso::find(std::string_view name) const {
  const auto header = at<Elf64_Ehdr>(image, 0);
  std::uint64_t symbols = 0, names = 0, hash = 0;
  for (int i = 0; i < header.e_phnum; ++i) {
    const auto part =
        at<Elf64_Phdr>(image, header.e_phoff + static_cast<std::uint64_t>(i) * sizeof(Elf64_Phdr));
    if (part.p_type != PT_DYNAMIC) continue;
    for (std::uint64_t d = part.p_vaddr; d < part.p_vaddr + part.p_memsz; d += sizeof(Elf64_Dyn)) {
      const auto entry = at<Elf64_Dyn>(image, d);
      if (entry.d_tag == DT_SYMTAB) symbols = entry.d_un.d_ptr;
      if (entry.d_tag == DT_STRTAB) names = entry.d_un.d_ptr;
      if (entry.d_tag == DT_HASH || entry.d_tag == DT_GNU_HASH) hash = entry.d_un.d_ptr;
    }
  }
  if (symbols == 0 || names <= symbols || hash == 0) return std::nullopt;
  // The names follow the symbols.
  for (std::uint64_t s = symbols; s + sizeof(Elf64_Sym) <= names; s += sizeof(Elf64_Sym)) {
    const auto symbol = at<Elf64_Sym>(image, s);
    const std::uint64_t begin = names + symbol.st_name;
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || begin >= image.size()) continue;
    if (image.compare(begin, name.size() + 1, std::string(name) + '\0') != 0) continue;
    return Function{symbol.st_value, symbol.st_size};
  }
  return std::nullopt;
}

std::optional<std::uint64_t> vdso_of(int pid) {
  const auto range = mapped(std::to_string(pid));
  if (!range || range->end - range->begin != own_vdso().image.size()) return std::nullopt;
  return range->begin;
}

}  // namespace gauntlet::agent
