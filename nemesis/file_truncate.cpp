// The end of a file is gone: what was appended last, as after a loss of power or a full disk.
//
// A file that is preallocated ends, for this, where its zeros begin.
#include "nemesis/file_damage.hpp"

namespace gauntlet {

namespace {

NumberParameter bytes() {
  return {"bytes", 64, 1, 16 << 20, "how many bytes are cut off; zeros at the end do not count"};
}

class FileTruncate : public FileDamage {
 public:
  std::string_view name() const override { return "file-truncate"; }
  std::string_view description() const override {
    return "the database is killed, the ends of its files are cut off, and it is started again";
  }
  std::string_view proof() const override { return "bytes that are gone, by the files' length"; }

 protected:
  Details details() const override { return {{bytes()}, {pick_parameter()}, true}; }
  std::string action() const override { return "truncate"; }
  std::vector<std::string> settings(const FaultContext&, const Value& plan,
                                    const Node&) const override {
    auto words = file_settings(plan);
    words.push_back(fmt::format("bytes={:.0f}", number_or_default(plan, bytes())));
    return words;
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, FileTruncate);

}  // namespace gauntlet
