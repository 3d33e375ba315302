#include "sim/client_sim.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/client.h"
#include "echo/client/server_addresses.h"
#include "echo/client/target.h"
#include "echo/load/load.h"
#include "echo/load/load_observer.h"
#include "echo/load/load_results.h"
#include "echo/load/load_settings.h"
#include "echo/os/endpoint.h"
#include "echo/os/log.h"
#include "sim/dice.h"
#include "sim/kernel.h"

namespace echo::sim {
namespace {

using namespace std::chrono_literals;

// The server end of one of the client's sockets.
class EchoServer {
 public:
  EchoServer(std::shared_ptr<Stream> stream, Kernel& kernel, bool honest)
      : stream_(std::move(stream)), kernel_(kernel) {
    Dice& dice = kernel.dice();
    stream_->in_room = static_cast<std::size_t>(dice.between(1, 100'000));
    stream_->out_room = static_cast<std::size_t>(dice.between(1, 100'000));
    laziness_ = dice.one_of({1U, 1U, 2U, 5U});
    if (!honest && dice.one_in(2)) mode_ = static_cast<Mode>(dice.between(1, 8));
    acts_at_ = dice.length(20'000) - 1;
  }

  // True if the client must report a fault of this server, or if it may. Known only at the end: the
  // server may not have reached its action.
  bool is_at_fault() const {
    // A reset after the whole echo is not a fault.
    const bool is_reset = stream_->broken || (acted_ && mode_ == Mode::kResets);
    if (is_reset) return stream_->received < stream_->sent;
    return acted_ && mode_ != Mode::kSendsUrgently;
  }
  bool is_suspect() const { return stream_->broken || acted_; }

  void step() {
    if (stalled_ || stream_->closed || stream_->reset) return;
    if (!kernel_.dice().one_in(laziness_)) return;
    if (stream_->connecting) {
      answer();
    } else {
      echo();
    }
  }

  bool may_act() const {
    if (stream_->closed || stream_->reset || stalled_) return false;
    return stream_->connecting || !stream_->out.empty() || !pending_.empty() ||
           (stream_->out_eof && !stream_->in_eof);
  }

 private:
  enum class Mode {
    kEchoes,
    kRefuses,
    kNeverAnswers,
    kFlips,    // Flips one bit of a byte.
    kDrops,    // Drops a byte.
    kRepeats,  // Repeats a byte.
    kCloses,   // Closes too early.
    kResets,
    kSendsUrgently,
  };

  void answer() {
    if (mode_ == Mode::kNeverAnswers) {
      stalled_ = acted_ = true;
      return;
    }
    stream_->connecting = false;
    if (mode_ == Mode::kRefuses) {
      stream_->error = ECONNREFUSED;
      acted_ = true;
    }
  }

  void echo() {
    const std::size_t taken = std::min(stream_->out.size(), kernel_.dice().length(70'000));
    pending_.append(stream_->out, 0, taken);
    stream_->out.erase(0, taken);
    const std::size_t room = stream_->in_room - std::min(stream_->in_room, stream_->in.size());
    std::size_t count = std::min({room, pending_.size(), kernel_.dice().length(70'000)});
    if (!acted_ && mode_ != Mode::kEchoes && count > 0 && echoed_ + count > acts_at_) {
      count = static_cast<std::size_t>(acts_at_ - echoed_);
      give_back(count);
      act();
      return;
    }
    give_back(count);
    if (stream_->out_eof && stream_->out.empty() && pending_.empty()) stream_->in_eof = true;
  }

  void give_back(std::size_t count) {
    stream_->in.append(pending_, 0, count);
    if (count > 0) stream_->came_at = kernel_.now();
    pending_.erase(0, count);
    echoed_ += count;
  }

  void act() {
    acted_ = true;
    switch (mode_) {
      case Mode::kFlips:
        pending_[0] = static_cast<char>(pending_[0] ^ 4);
        break;
      case Mode::kDrops:
        pending_.erase(0, 1);
        break;
      case Mode::kRepeats:
        pending_.insert(0, 1, pending_[0]);
        break;
      case Mode::kCloses:
        stream_->in_eof = true;
        stalled_ = true;
        break;
      case Mode::kResets:
        stream_->reset = true;
        stream_->in.clear();
        break;
      case Mode::kSendsUrgently:
        stream_->urgent = true;
        break;
      default:
        break;
    }
  }

  std::shared_ptr<Stream> stream_;
  Kernel& kernel_;
  Mode mode_ = Mode::kEchoes;
  unsigned laziness_ = 1;
  std::uint64_t acts_at_ = 0;
  std::uint64_t echoed_ = 0;
  std::string pending_;
  bool acted_ = false;
  bool stalled_ = false;
};

class ClientsWorld : public World {
 public:
  ClientsWorld(Kernel& kernel, bool honest) : kernel_(kernel), honest_(honest) {}

  void step() override {
    for (const auto& server : servers_) server->step();
  }

  bool may_act() const override {
    return std::any_of(servers_.begin(), servers_.end(),
                       [](const auto& server) { return server->may_act(); });
  }

  bool may_dawdle() const override { return false; }

  std::shared_ptr<Stream> accept(int /*listener*/) override {
    kernel_.violate("the client accepts a connection");
    return nullptr;
  }

  bool somebody_waits(int /*listener*/) const override { return false; }
  void set_listening(int /*listener*/, std::optional<int> /*backlog*/) override {
    kernel_.violate("the client listens");
  }

  void kill_listener(int /*listener*/) override {}

  void connect(const std::shared_ptr<Stream>& stream) override {
    servers_.push_back(std::make_unique<EchoServer>(stream, kernel_, honest_));
  }

  bool wake() override { return false; }

  void check_shutdown(const Stream& /*stream*/) override {}
  // The program may discard input of an honest server only if it has to end before it reads the
  // input.
  void check_close(const Stream& stream) override {
    if (honest_ && !ends_ && !stream.in.empty() && stream.came_at < kernel_.last_read()) {
      kernel_.violate("an answer was not read before a timeout");
    }
  }

  // Call it before the program closes all connections.
  void let_end() { ends_ = true; }

  void check_asked(const Stream& stream, std::optional<bool> readable, bool writable) override {
    if (stream.saw_eof && readable.value_or(false))
      kernel_.violate("inputs contain a finished connection");
    if (stream.out_eof && writable) kernel_.violate("outputs contain a half-closed connection");
    if (stream.connecting && !writable) kernel_.violate("the connection is missing from select()");
  }

  bool any_at_fault() const {
    return std::any_of(servers_.begin(), servers_.end(),
                       [](const auto& server) { return server->is_at_fault(); });
  }

  bool any_suspect() const {
    return std::any_of(servers_.begin(), servers_.end(),
                       [](const auto& server) { return server->is_suspect(); });
  }

 private:
  Kernel& kernel_;
  bool honest_;
  bool ends_ = false;
  std::vector<std::unique_ptr<EchoServer>> servers_;
};

std::string any_text(Dice& dice, std::size_t length) {
  std::string text(length, '\0');
  for (char& byte : text) byte = static_cast<char>(dice.up_to(255));
  return text;
}

void choose_target(Dice& dice, std::size_t most_connections, Target& target) {
  target.host = "127.0.0.1";
  target.port = 10000;
  target.connections = dice.length(most_connections);
  // Longer than any answer takes, however small its pieces are.
  target.timeout = dice.one_of<Duration>({1min, 2min});
}

ClientSettings any_client_settings(Dice& dice) {
  ClientSettings settings;
  choose_target(dice, 12, settings);
  settings.messages.clear();
  settings.from_input = dice.one_in(2);
  for (std::uint64_t left = dice.length(6); left > 0 && !settings.from_input; --left) {
    settings.messages.push_back(any_text(dice, dice.length(20'000)));
  }
  return settings;
}

LoadSettings any_load(Dice& dice) {
  LoadSettings settings;
  choose_target(dice, 8, settings);
  settings.count = dice.length(10);
  settings.sizes.least = dice.length(1000);
  settings.sizes.most = settings.sizes.least + static_cast<std::size_t>(dice.up_to(1000));
  settings.pipeline = dice.one_of<std::size_t>({1, 2, 10, 1000});
  settings.churn = dice.one_in(3);
  if (dice.one_in(3)) settings.rate.count = dice.one_of<std::uint64_t>({1, 100, 1000});
  if (settings.rate.count > 0) {
    settings.poisson = dice.one_in(3);
    settings.no_catch_up = dice.one_in(3);
  }
  settings.text = dice.one_in(4);
  if (dice.one_in(6)) {
    settings.connect_only = settings.churn = true;
    settings.sizes = {};
    settings.text = false;
  }
  if (dice.one_in(3)) settings.duration = dice.one_of<Duration>({1ms, 1s});
  if (dice.one_in(4)) settings.warmup = 10ms;
  if (dice.one_in(4) && !settings.connect_only) settings.idle = dice.length(4);
  if (dice.one_in(4) && !settings.churn) settings.ramp = dice.one_of<Duration>({1us, 1ms});
  settings.half_close = dice.one_in(3);
  settings.reconnect = dice.one_in(4);
  return settings;
}

// These must be true whatever the servers did.
void check_results(const LoadResults& results, const LoadSettings& settings, Kernel& kernel) {
  const auto require = [&](bool truth, const char* otherwise) {
    if (!truth) kernel.violate(otherwise);
  };
  require(results.received + results.lost <= results.sent, "an answer to nothing");
  require(results.received == results.latency.count(), "an answer without a latency");
  require(results.sent <= settings.count * settings.connections, "more messages than requested");
  require(results.bytes >= results.received * settings.sizes.least &&
              results.bytes <= results.received * settings.sizes.most,
          "the bytes received belong to no message");
  require(results.interrupted || (results.in_flight() == 0 && results.open == 0),
          "the load ended with messages in flight");
  const bool is_complete =
      results.is_exact() && !results.interrupted && settings.duration == Duration{0};
  require(!is_complete || results.sent == settings.count * settings.connections,
          "fewer messages than requested");
}

// Call it at the end of a run.
std::string verdict(Kernel& kernel) {
  if (kernel.open_sockets() > 0) kernel.violate("sockets are left open");
  if (kernel.violation().empty()) return {};
  return kernel.violation() + "\nthe last calls:\n" + kernel.trace();
}

}  // namespace

std::string simulate_client(std::uint64_t seed) {
  Kernel kernel(seed);
  Dice& dice = kernel.dice();
  const ClientSettings settings = any_client_settings(dice);
  const bool honest = dice.one_in(2);
  ClientsWorld world(kernel, honest);
  kernel.set_world(&world);
  Log log(kernel.open_log(), LogLevel::kDebug, Log::Mode::kDaemon);
  const std::string text = any_text(dice, dice.one_in(5) ? 0 : dice.length(200'000));
  const int input = kernel.open_input(text);
  const int output = kernel.open_output();
  const unsigned faults = honest ? 0U : dice.one_of({0U, 0U, 1000U, 100U});
  // After a long stop of the client, even an honest slow server may miss the timeout.
  const unsigned stops = dice.one_of({0U, 0U, 1000U, 100U});
  bool exact = false;
  try {
    Client client(settings, log, input, output, [&] { return kernel.read_clock(); });
    kernel.set_fault_rate(faults);
    kernel.set_stop_rate(stops);
    for (int turns = 0; kernel.violation().empty() && client.turn(); ++turns) {
      if (turns == kMaxTurns) kernel.violate("the client never ends");
    }
    kernel.set_fault_rate(0);
    kernel.set_stop_rate(0);
    // Only the report of the result is left.
    if (kernel.violation().empty()) exact = client.run();
  } catch (const std::system_error&) {
    // select() failed, and the client reported it.
    if (faults == 0) kernel.violate("the client threw without a reason");
  }
  if (exact && world.any_at_fault()) kernel.violate("the client missed a fault");
  if (!exact && !world.any_suspect() && faults == 0 && stops == 0) {
    kernel.violate("the client reported a fault that did not happen");
  }
  const bool echoes = settings.from_input && settings.connections == 1;
  const std::string expected = echoes ? text : "";
  if (exact ? kernel.output() != expected : !expected.starts_with(kernel.output())) {
    kernel.violate("the output is not the echo");
  }
  return verdict(kernel);
}

std::string simulate_load(std::uint64_t seed) {
  Kernel kernel(seed);
  Dice& dice = kernel.dice();
  const LoadSettings settings = any_load(dice);
  const bool honest = dice.one_in(2);
  ClientsWorld world(kernel, honest);
  kernel.set_world(&world);
  const unsigned faults = honest ? 0U : dice.one_of({0U, 0U, 1000U, 100U});
  // After a long stop of the client, even an honest slow server may miss the timeout.
  const unsigned stops = dice.one_of({0U, 0U, 1000U, 100U});
  const auto interrupted_after = dice.one_in(5) ? dice.length(200) : std::uint64_t{kMaxTurns};
  LoadObserver observer;
  try {
    Load load(settings, ServerAddresses([&] { return resolve(settings.host, settings.port); }),
              observer, {.sample = 1s, .progress = 1s}, -1, [&] { return kernel.read_clock(); });
    kernel.set_fault_rate(faults);
    kernel.set_stop_rate(stops);
    std::uint64_t turns = 0;
    while (kernel.violation().empty() && turns < interrupted_after && load.turn()) ++turns;
    if (turns == kMaxTurns) kernel.violate("the client never ends");
    kernel.set_fault_rate(0);
    kernel.set_stop_rate(0);
    world.let_end();
    const LoadResults& results = load.finish(turns == interrupted_after);
    check_results(results, settings, kernel);
    // A client that only connects receives nothing.
    if (!settings.connect_only && results.is_exact() && !results.interrupted &&
        world.any_at_fault()) {
      kernel.violate("the load missed a fault");
    }
    const bool has_fault = results.failed() > 0 || results.lost > 0;
    if (has_fault && !world.any_suspect() && faults == 0 && stops == 0) {
      kernel.violate("the load reported a fault that did not happen");
    }
  } catch (const std::system_error&) {
    if (faults == 0) kernel.violate("the client threw without a reason");
  }
  return verdict(kernel);
}

}  // namespace echo::sim
