// Bits flipped in files at rest, as bad memory, cables and sectors leave them.
//
// Ganesan et al., "Redundancy Does Not Imply Fault Tolerance" (FAST 2017), found that most
// replicated stores do not use their copies when one of them is damaged.
#include "nemesis/file_damage.hpp"

namespace gauntlet {

namespace {

NumberParameter bits() {
  return {"bits", 16, 1, 10'000, "how many bits of each file"};
}

NumberParameter probability() {
  return {"probability", 0, 0, 1, "if above 0, of each chunk one bit with this probability"};
}

class FileFlip : public FileDamage {
 public:
  std::string_view name() const override { return "file-flip"; }
  std::string_view description() const override {
    return "the database is killed, bits of its files are flipped, and it is started again";
  }
  std::string_view proof() const override { return "bits that differ, read back from the files"; }

 protected:
  Details details() const override {
    return {
        {bits(), probability(), chunk_parameter()}, {pick_parameter(), layout_parameter()}, true};
  }
  std::string action() const override { return "flip"; }
  std::vector<std::string> settings(const FaultContext& context, const Value& plan,
                                    const Node& node) const override {
    auto words = file_settings(plan);
    for (auto& word : chunk_settings(context, plan, node))
      words.push_back(std::move(word));
    words.push_back(fmt::format("bits={:.0f}", number_or_default(plan, bits())));
    words.push_back(fmt::format("probability={}", number_or_default(plan, probability())));
    return words;
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, FileFlip);

}  // namespace gauntlet
