#include "sim/server_sim.h"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "echo/base/time.h"
#include "echo/loop/selector.h"
#include "echo/os/endpoint.h"
#include "echo/os/log.h"
#include "echo/os/platform.h"
#include "echo/os/signals.h"
#include "echo/server/drain_timeout.h"
#include "echo/server/server.h"
#include "echo/server/server_settings.h"
#include "echo/service/service_manager.h"
#include "sim/dice.h"
#include "sim/kernel.h"
#include "sim/peer.h"

namespace echo::sim {
namespace {

using namespace std::chrono_literals;

// Sends a signal to this process, which has the server's handler. The number is always valid.
void send_signal(int number) { static_cast<void>(std::raise(number)); }

// The maximum number of turns with a pending signal, however busy they are.
constexpr int kMaxTurnsOfASignal = 100;

// No turn of the simulation takes longer.
constexpr Duration kTurnTime = Selector::kRest + 1ms;

// The peers of one run, and its signals.
class ServersWorld : public World {
 public:
  ServersWorld(Kernel& kernel, const ServerSettings& settings)
      : kernel_(kernel),
        settings_(settings),
        is_crowd_(kernel.dice().one_in(20)),
        to_come_(is_crowd_ ? kernel.dice().between(65, 300) : kernel.dice().between(1, 12)),
        // Limited if there are many peers or a small queue, so that a run does not take too long.
        max_sent_(is_crowd_ ? 2000 : std::min<std::size_t>(300'000, 1000 * settings.max_queue)),
        stops_after_(is_crowd_ ? kernel.dice().between(500, 3000) : kernel.dice().length(3000)) {}

  void step() override {
    ++steps_;
    // Some peers connect between the signal and the server's reaction.
    if (std::exchange(stops_now_, false)) {
      for (auto left = kernel_.dice().up_to(to_come_); left > 0; --left) connect_peer();
    }
    if (to_come_ > 0 && kernel_.dice().one_in(is_crowd_ ? 2 : 10)) connect_peer();
    for (const auto& peer : peers_) peer->step();
    if (kernel_.dice().one_in(300)) send_signal(SIGUSR1);
    if (steps_ > stops_after_ && kernel_.dice().one_in(50)) stop();
  }

  bool may_act() const override {
    return (to_come_ > 0 && !backlogs_.empty() && is_open_to_all_) ||
           std::any_of(peers_.begin(), peers_.end(),
                       [](const auto& peer) { return peer->may_act(); });
  }

  bool may_dawdle() const override { return true; }

  std::shared_ptr<Stream> accept(int listener) override {
    Backlog& backlog = backlogs_.at(listener);
    if (backlog.empty()) return nullptr;
    std::shared_ptr<Stream> stream = backlog.front();
    backlog.pop_front();
    return stream;
  }

  bool somebody_waits(int listener) const override { return !backlogs_.at(listener).empty(); }

  void set_listening(int listener, std::optional<int> room) override {
    Backlog& backlog = backlogs_[listener];
    if (room) {
      is_open_to_all_ = *room > 0;
      if (is_open_to_all_) died_at_.reset();
      return;
    }
    if (listener != dead_) stop_if_a_listener_is_dead();
    if (!backlog.empty() && is_in_time()) kernel_.violate("a waiting client was not accepted");
    reset(backlog);
    backlogs_.erase(listener);
  }

  void kill_listener(int listener) override {
    dead_ = listener;
    const bool drains = stops_ > 0 && !kernel_.has_signal();
    if (!drains) died_at_ = kernel_.last_read();
    reset(backlogs_.at(listener));
  }

  void connect(const std::shared_ptr<Stream>& /*stream*/) override {
    kernel_.violate("the server connects to a peer");
  }

  bool wake() override {
    if (stops_ == 2) return false;
    stop();
    return true;
  }

  // The server sends EOF to a peer that has not sent its own.
  void check_shutdown(const Stream& stream) override {
    if (stream.broken || stream.urgent || stops_ == 2) return;
    stop_if_a_listener_is_dead();
    check_that_nothing_is_thrown_away(stream);
    if (stops_ == 0 && !stream.asked) {
      if (!is_full_for(stream)) kernel_.violate("a peer below the limits was refused");
    } else if (stops_ == 0) {
      if (!may_be_idle(stream)) kernel_.violate("hung up on a peer without a reason");
    } else if (is_in_time() && stream.asked && settings_.idle_timeout == 0s) {
      if (stream.received != stream.sent) kernel_.violate("hung up on a peer with pending bytes");
    }
  }

  void check_close(const Stream& stream) override {
    if (stream.broken) return;
    if (stream.out_eof) {
      // A byte from the peer now would reset the connection and lose the unread echo.
      const bool drains =
          !is_posix_only() && stops_ == 1 && is_in_time() && settings_.idle_timeout == 0s;
      if (drains && stream.asked && !stream.in_eof && !stream.urgent && !stream.out.empty()) {
        kernel_.violate("closed on a peer with unacknowledged bytes");
      }
      return;
    }
    if (!stream.saw_eof) kernel_.violate("closed on a peer before its EOF");
    if (stream.received != stream.sent) kernel_.violate("closed on a peer with pending bytes");
  }

  // Inputs, outputs and queue must agree.
  void check_asked(const Stream& stream, std::optional<bool> readable, bool writable) override {
    const std::uint64_t pending = stream.received - stream.sent;
    if (stream.out_eof) {
      if (writable) kernel_.violate("outputs contain a connection after the hang-up");
      return;
    }
    if (writable != (pending > 0)) kernel_.violate("outputs and queue do not agree");
    if (!readable) return;
    const bool full = pending >= settings_.max_queue;
    const bool drained = pending <= settings_.max_queue / 2;
    if (stream.saw_eof || full ? *readable : drained && !*readable) {
      kernel_.violate("inputs and queue do not agree");
    }
  }

  // Call it after each turn.
  void check() {
    stop_if_a_listener_is_dead();
    turns_with_signal_ = kernel_.has_signal() ? turns_with_signal_ + 1 : 0;
    if (turns_with_signal_ > kMaxTurnsOfASignal) kernel_.violate("a signal is not handled");
    check_stop();
    for (const auto& peer : peers_) {
      const std::string violation = peer->violation(settings_.max_queue);
      if (!violation.empty()) kernel_.violate(violation);
      if (is_open(*peer->stream()) && is_overdue(*peer->stream())) {
        kernel_.violate(peer->describe() + " is silent too long");
      }
    }
    if (settings_.max_connections > 0 && count_open(0) > settings_.max_connections) {
      kernel_.violate("more connections than allowed");
    }
    for (const std::uint32_t host : Peer::kHosts) {
      if (settings_.max_per_host > 0 && count_open(host) > settings_.max_per_host) {
        kernel_.violate("more connections of one host than allowed");
      }
    }
  }

  void check_end() {
    for (const auto& peer : peers_) {
      peer->receive_rest();
      const bool refused = is_limited() && !peer->stream()->asked;
      const std::string violation = is_in_time() && settings_.idle_timeout == 0s && !refused
                                        ? peer->violation_at_end()
                                        : peer->violation(settings_.max_queue);
      if (!violation.empty()) kernel_.violate(violation);
    }
    if (kernel_.open_sockets() > 0) kernel_.violate("sockets are left open");
  }

 private:
  using Backlog = std::deque<std::shared_ptr<Stream>>;

  static void reset(Backlog& backlog) {
    for (const auto& stream : backlog) stream->reset = true;
    backlog.clear();
  }

  // If a dead listener has not been reopened, the server stops by itself.
  void stop_if_a_listener_is_dead() {
    if (died_at_ && stops_ == 0) {
      stops_ = 1;
      stopped_at_ = *died_at_;
      stopped_itself_ = true;
    }
    died_at_.reset();
  }

  // True until the drain timeout or the second signal.
  bool is_in_time() const {
    return stops_ == 0 || (stops_ == 1 && kernel_.now() < drain_deadline());
  }

  // The server's own deadline is the same or later.
  Time drain_deadline() const { return stopped_at_ + settings_.drain_timeout; }

  // Bytes that reached the socket in time count, however late the server looks. It need not read
  // from a peer with more than half a queue pending.
  void check_that_nothing_is_thrown_away(const Stream& stream) {
    if (!stream.asked || stream.reset) return;
    const std::uint64_t pending = stream.received - stream.sent;
    const bool reads = !stream.saw_eof && pending <= settings_.max_queue / 2;
    const bool is_late = stops_ > 0 && !is_in_time();
    const bool is_unread = reads && !stream.in.empty() && !stream.looked_dry;
    if (!is_late) {
      if (is_unread) kernel_.violate("hung up on a peer with unread bytes");
      if (pending > 0 && stream.counted_empty) {
        kernel_.violate("hung up on a peer without pending bytes");
      }
    } else if (!kernel_.has_faults() && late_turns_ + 2 < DrainTimeout::kMaxLateTurns) {
      if (is_unread && stream.arrived_at < drain_deadline()) {
        kernel_.violate("discarded bytes that arrived before the drain timeout");
      }
      if (pending > 0 && stream.out.empty() && stream.taken_at < drain_deadline()) {
        kernel_.violate("closed a peer that had received everything");
      }
    }
  }

  bool is_limited() const { return settings_.max_connections > 0 || settings_.max_per_host > 0; }

  static bool is_open(const Stream& stream) { return stream.accepted && !stream.closed; }

  // The number of connections of the host; 0 counts all hosts.
  std::size_t count_open(std::uint32_t host) const {
    return static_cast<std::size_t>(
        std::count_if(peers_.begin(), peers_.end(), [host](const auto& peer) {
          const Stream& stream = *peer->stream();
          return is_open(stream) && (host == 0 || stream.host == host);
        }));
  }

  // True if there is no room for the newcomer.
  bool is_full_for(const Stream& newcomer) const {
    return (settings_.max_connections > 0 && count_open(0) > settings_.max_connections) ||
           (settings_.max_per_host > 0 && count_open(newcomer.host) > settings_.max_per_host);
  }

  // True if the connection may be closed as idle: bytes in flight extend its time once.
  bool may_be_idle(const Stream& stream) const {
    // A build for POSIX only does not know what the peer has received.
    const Duration time = settings_.idle_timeout;
    return time > 0s && kernel_.now() - stream.moved_at >= time &&
           (is_posix_only() || stream.out.empty() || kernel_.now() - stream.sent_at >= 2 * time);
  }

  // True if the connection should have been closed as idle: a peer that takes nothing of the bytes
  // in flight has twice the time.
  bool is_overdue(const Stream& stream) const {
    // A reset ends it, even if select() has not reported the reset yet.
    if (settings_.idle_timeout == 0s || stops_ > 0 || stream.reset) return false;
    const bool in_flight = !stream.out.empty() || stream.taken_at > stream.moved_at;
    const Duration most = settings_.idle_timeout * (in_flight ? 2 : 1) + kTurnTime;
    return kernel_.awake() - std::max(stream.moved_awake, stream.taken_awake) >= most;
  }

  void connect_peer() {
    if (backlogs_.empty() || !is_open_to_all_) return;
    peers_.push_back(std::make_unique<Peer>(peers_.size(), kernel_, max_sent_, is_crowd_));
    const auto listener = std::next(
        backlogs_.begin(), static_cast<std::ptrdiff_t>(kernel_.dice().up_to(backlogs_.size() - 1)));
    if (died_at_ && listener->first == dead_) {
      peers_.back()->stream()->reset = true;
    } else {
      listener->second.push_back(peers_.back()->stream());
    }
    --to_come_;
  }

  // A server that continues must be within its drain timeout, and must not have had a second
  // signal.
  void check_stop() {
    if (stops_ == 0) return;
    if (kernel_.now() >= drain_deadline()) ++late_turns_;
    if (kernel_.has_signal()) return;
    if (!drains_since_) {
      drains_since_ = kernel_.awake();
      stops_when_draining_ = stops_;
    }
    const Duration most = settings_.drain_timeout + DrainTimeout::kMaxLateWait +
                          (DrainTimeout::kMaxLateTurns + 2) * kTurnTime;
    if (kernel_.awake() >= *drains_since_ + most) {
      kernel_.violate("the server outlives the drain timeout");
    }
    if (stops_ > stops_when_draining_) kernel_.violate("the server outlives the second signal");
  }

  void stop() {
    if (stops_ == 2 || (stops_ == 1 && !kernel_.dice().one_in(20))) return;
    stops_now_ = true;
    // The first signal starts the full drain timeout, even if a drain is in progress already.
    if (std::exchange(stopped_itself_, false)) {
      stopped_at_ = kernel_.now();
      drains_since_.reset();
      late_turns_ = 0;
    } else if (++stops_ == 1) {
      stopped_at_ = kernel_.now();
    }
    send_signal(kernel_.dice().one_of({SIGTERM, SIGINT, SIGHUP}));
  }

  Kernel& kernel_;
  const ServerSettings& settings_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::map<int, Backlog> backlogs_;  // By listener.
  bool is_open_to_all_ = true;       // False once the backlog is 0.
  bool is_crowd_;
  std::uint64_t to_come_;
  std::size_t max_sent_;
  std::uint64_t steps_ = 0;
  std::uint64_t stops_after_;
  int stops_ = 0;
  bool stops_now_ = false;
  bool stopped_itself_ = false;  // Without a listener; no signal has come.
  Time stopped_at_{};
  std::optional<Time> died_at_;  // When a listener died, unless one has been opened since.
  int dead_ = -1;                // The last listener that died.
  std::optional<Time> drains_since_;
  int stops_when_draining_ = 0;
  int late_turns_ = 0;         // After the drain deadline, or slightly before the server's own.
  int turns_with_signal_ = 0;  // Turns in a row that left a signal pending.
};

ServerSettings any_server_settings(Dice& dice) {
  ServerSettings settings;
  settings.listen.hosts = {resolve("127.0.0.1", 0)};
  if (dice.one_in(2)) settings.listen.hosts.push_back(resolve("127.0.0.2", 0));
  settings.listen.port = 0;
  settings.listen.backlog = 300;  // No run has more clients.
  settings.max_queue = dice.one_of<std::size_t>({1, 7, 100, 5000, 65536, 262144});
  settings.max_connections = dice.one_of<std::size_t>({0, 0, 0, 2});
  settings.max_per_host = dice.one_of<std::size_t>({0, 0, 1, 3});
  settings.idle_timeout = dice.one_of<Duration>({0s, 0s, 0s, 50ms});
  settings.drain_timeout = dice.one_of<Duration>({0s, 20ms, 5s, 5s, 1h});
  return settings;
}

}  // namespace

std::string simulate_server(std::uint64_t seed) {
  Kernel kernel(seed);
  const ServerSettings settings = any_server_settings(kernel.dice());
  ServersWorld world(kernel, settings);
  kernel.set_world(&world);
  const LogLevel level = kernel.dice().one_in(2) ? LogLevel::kDebug : LogLevel::kInfo;
  Log log(kernel.open_log(), level, Log::Mode::kDaemon);
  Signals signals(Server::kSignals);
  const unsigned faults = kernel.dice().one_of({0U, 0U, 1000U, 100U, 10U});
  // In some runs the faults begin at the start.
  if (kernel.dice().one_in(4)) kernel.set_fault_rate(faults);
  bool started = false;
  try {
    ServiceManager manager;
    Server server(settings, log, signals, manager, {}, [&] { return kernel.read_clock(); });
    started = true;
    kernel.set_fault_rate(faults);
    kernel.set_stop_rate(kernel.dice().one_of({0U, 0U, 5000U, 500U, 50U}));
    int turns = 0;
    while (server.turn() && kernel.violation().empty()) {
      world.check();
      if (++turns > kMaxTurns) kernel.violate("the server never ends");
    }
    kernel.set_fault_rate(0);
    kernel.set_stop_rate(0);
    if (kernel.violation().empty()) world.check_end();
  } catch (const std::system_error&) {
    if (started) kernel.violate("the server threw");
    if (kernel.open_sockets() > 0) kernel.violate("sockets are left open after a failed start");
  }
  if (kernel.violation().empty()) return {};
  return kernel.violation() + "\nthe last calls:\n" + kernel.trace();
}

}  // namespace echo::sim
