// Chunks of a file overwritten by other chunks of it, as a write that went to the wrong place
// leaves them: each is sound by itself, and a checksum alone does not tell.
#include "nemesis/file_damage.hpp"

namespace gauntlet {

namespace {

NumberParameter chunks() {
  return {"chunks", 1, 1, 1000, "how many chunks of each file are overwritten"};
}

class FileCopy : public FileDamage {
 public:
  std::string_view name() const override { return "file-copy"; }
  std::string_view description() const override {
    return "the database is killed, chunks of its files are overwritten by others of the same "
           "file, and it is started again";
  }
  std::string_view proof() const override { return "chunks that differ, read back"; }

 protected:
  Details details() const override {
    return {{chunks(), chunk_parameter()}, {pick_parameter(), layout_parameter()}, true};
  }
  std::string action() const override { return "copy"; }
  std::vector<std::string> settings(const FaultContext& context, const Value& plan,
                                    const Node& node) const override {
    auto words = file_settings(plan);
    for (auto& word : chunk_settings(context, plan, node))
      words.push_back(std::move(word));
    words.push_back(fmt::format("chunks={:.0f}", number_or_default(plan, chunks())));
    return words;
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, FileCopy);

}  // namespace gauntlet
