// Generators that offer no operation: time passes, or a message is written.
#include "harness/generator/generators.hpp"

namespace gauntlet::gen {

namespace {

class Sleep : public Generator {
 public:
  explicit Sleep(Nanos duration_ns) : duration_ns_(duration_ns) {}
  Offer poll(const Context& context) override {
    if (!until_ns_) until_ns_ = context.time_ns + duration_ns_;
    if (context.time_ns >= *until_ns_) return Offer::exhausted();
    return Offer::pending_until(*until_ns_);
  }
  void accept(const Context&, Worker, const Operation&) override {}

 private:
  Nanos duration_ns_;
  std::optional<Nanos> until_ns_;
};

class Log : public Generator {
 public:
  explicit Log(std::function<void()> write) : write_(std::move(write)) {}
  Offer poll(const Context&) override {
    if (write_) std::exchange(write_, nullptr)();
    return Offer::exhausted();
  }
  void accept(const Context&, Worker, const Operation&) override {}

 private:
  std::function<void()> write_;
};

}  // namespace

GeneratorPtr sleep(Duration duration) {
  return std::make_unique<Sleep>(duration.count());
}

GeneratorPtr log(std::function<void()> write) {
  return std::make_unique<Log>(std::move(write));
}

}  // namespace gauntlet::gen
