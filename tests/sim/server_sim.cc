#include "sim/server_sim.h"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "echo/log.h"
#include "echo/selector.h"
#include "echo/server.h"
#include "echo/signals.h"
#include "sim/kernel.h"

namespace echo::sim {
namespace {

using namespace std::chrono_literals;

// To this process, whose handler is the server's. The number is one that may be sent.
void send_signal(int number) { static_cast<void>(std::raise(number)); }

constexpr int kMostTurns = 200'000;

// Where the peers are.
constexpr std::initializer_list<std::uint32_t> kHosts = {0x7f000001, 0x7f000002, 0x7f000003};

// For how many turns a signal may be pending, however busy they are.
constexpr int kMostTurnsOfASignal = 100;

// No turn of the simulation takes longer.
constexpr Duration kTurnTime = Selector::kRest + 1ms;

// What the peer with that number says: no two are alike, and no byte tells of its neighbours.
char byte_of(std::uint64_t peer, std::uint64_t offset) {
  std::uint64_t mixed = (peer + 1) * 0x9E3779B97F4A7C15U + offset * 0xBF58476D1CE4E5B9U;
  mixed ^= mixed >> 29;
  mixed *= 0x94D049BB133111EBU;
  return static_cast<char>(mixed >> 56);
}

// A client of the server, which does as the dice say.
class Peer {
 public:
  Peer(std::uint64_t number, Kernel& kernel, std::size_t max_queue)
      : number_(number), kernel_(kernel) {
    Dice& dice = kernel_.dice();
    // Through a small queue, not so much that it takes for ever.
    to_send_ = dice.one_in(4) ? 0 : dice.length(std::min<std::size_t>(300'000, 1000 * max_queue));
    chunk_ = dice.length(70'000);
    stream_->host = dice.one_of(kHosts);
    stream_->in_room = dice.between(1, 100'000);
    stream_->out_room = dice.between(1, 100'000);
    laziness_ = dice.one_of({1U, 1U, 2U, 5U, 20U});
    manner_ = static_cast<Manner>(dice.one_of({0, 0, 0, 1, 2, 3, 4, 5, 6}));
    acts_at_ = dice.up_to(to_send_);
  }

  const std::shared_ptr<Stream>& stream() const { return stream_; }
  bool was_promised_all() const { return manner_ == Manner::kHalfCloses && said_all_; }
  bool is_done() const { return done_; }

  // Does something, or nothing.
  void step() {
    if (done_ || !kernel_.dice().one_in(laziness_)) return;
    if (stream_->reset) {
      done_ = true;
      return;
    }
    if (kernel_.dice().one_in(2)) {
      send();
    } else {
      receive(kernel_.dice().length(100'000));
    }
  }

  // Whether it will ever do something more without the server's doing.
  bool may_act() const {
    if (done_) return false;
    const bool can_send = sent_ < to_send_ && stream_->in.size() < stream_->in_room;
    const bool can_receive = manner_ != Manner::kNeverReads && !stream_->out.empty();
    return can_send || can_receive || (sent_ == to_send_ && !ended_) || stream_->out_eof;
  }

  // At the end of the run: takes whatever is still on its way to it.
  void receive_rest() {
    if (!stream_->reset) receive(SIZE_MAX);
  }

  // What must be true at any time.
  std::string complaint(std::size_t max_queue) const {
    if (wrong_) return describe() + " got back what it had not sent";
    const bool echoes = !stream_->out_eof && !stream_->broken && !stream_->reset;
    if (echoes && stream_->received - stream_->sent > max_queue) {
      return describe() + " is owed more than the queue may hold";
    }
    return {};
  }

  // What must be true once the connection is closed.
  std::string complaint_at_end() const {
    if (!was_promised_all() || stream_->broken || stream_->reset || got_ == sent_) return {};
    return describe() + " got back " + std::to_string(got_) + " bytes of " + std::to_string(sent_);
  }

  std::string describe() const { return "peer " + std::to_string(number_); }

 private:
  enum class Manner {
    kHalfCloses,  // Sends all, then EOF, and reads to the end.
    kStaysOpen,   // Sends all, and waits.
    kResets,
    kVanishes,  // Does nothing more at some point.
    kNeverReads,
    kSendsUrgently,
    kCloses,  // Without a look at what comes back.
  };

  void send() {
    if (sent_ >= acts_at_ && act()) return;
    const std::size_t room = stream_->in_room - std::min(stream_->in_room, stream_->in.size());
    const auto count =
        std::min<std::uint64_t>({room, to_send_ - sent_, kernel_.dice().length(chunk_)});
    for (std::uint64_t i = 0; i < count; ++i) stream_->in += byte_of(number_, sent_ + i);
    sent_ += count;
    if (sent_ == to_send_ && manner_ == Manner::kHalfCloses) {
      stream_->in_eof = true;
      // After the server's own EOF it is too late.
      said_all_ = !stream_->out_eof;
      ended_ = true;
    }
    if (sent_ == to_send_ && manner_ == Manner::kStaysOpen) ended_ = true;
  }

  // Does what its manner is, when the time has come. Returns whether that was all.
  bool act() {
    switch (manner_) {
      case Manner::kHalfCloses:
      case Manner::kStaysOpen:
      case Manner::kNeverReads:
        ended_ = ended_ || sent_ == to_send_;
        return false;
      case Manner::kResets:
        stream_->reset = true;
        stream_->in.clear();
        stream_->out.clear();
        break;
      case Manner::kVanishes:
        break;
      case Manner::kSendsUrgently:
        stream_->urgent = true;
        ended_ = true;
        return false;
      case Manner::kCloses:
        stream_->in_eof = true;
        break;
    }
    ended_ = true;
    done_ = true;
    return true;
  }

  void receive(std::size_t most) {
    if (manner_ == Manner::kNeverReads) return;
    const std::size_t count = std::min(most, stream_->out.size());
    for (std::size_t i = 0; i < count; ++i) {
      if (got_ + i >= sent_ || stream_->out[i] != byte_of(number_, got_ + i)) wrong_ = true;
    }
    got_ += count;
    stream_->out.erase(0, count);
    if (count > 0) stream_->taken_at = kernel_.now();
    if (stream_->out_eof && stream_->out.empty() && manner_ != Manner::kVanishes) {
      // The server's EOF is answered by ours.
      stream_->in_eof = true;
      done_ = true;
    }
  }

  std::uint64_t number_;
  Kernel& kernel_;
  std::shared_ptr<Stream> stream_ = std::make_shared<Stream>();
  Manner manner_ = Manner::kHalfCloses;
  unsigned laziness_ = 1;
  std::uint64_t to_send_ = 0;
  std::size_t chunk_ = 1;
  std::uint64_t acts_at_ = 0;  // After so many bytes it acts by its manner.
  std::uint64_t sent_ = 0;
  std::uint64_t got_ = 0;
  bool said_all_ = false;
  bool ended_ = false;
  bool done_ = false;
  bool wrong_ = false;
};

// The peers of one run, and the signals.
class ServersWorld : public World {
 public:
  ServersWorld(Kernel& kernel, const ServerSettings& settings)
      : kernel_(kernel),
        settings_(settings),
        to_come_(kernel.dice().between(1, 12)),
        stops_after_(kernel.dice().length(3000)) {}

  void step() override {
    ++steps_;
    // Some connect in the moment between the stop and what the server does of it.
    if (std::exchange(stops_now_, false)) {
      while (to_come_ > 0 && listening_ && kernel_.dice().one_in(2)) connect_peer();
    }
    if (to_come_ > 0 && listening_ && kernel_.dice().one_in(10)) connect_peer();
    for (const auto& peer : peers_) peer->step();
    if (kernel_.dice().one_in(300)) send_signal(SIGUSR1);
    if (steps_ > stops_after_ && kernel_.dice().one_in(50)) stop();
  }

  bool may_act() const override {
    return (to_come_ > 0 && listening_) ||
           std::any_of(peers_.begin(), peers_.end(),
                       [](const auto& peer) { return peer->may_act(); });
  }

  bool may_dawdle() const override { return true; }

  std::shared_ptr<Stream> accept() override {
    if (backlog_.empty()) return nullptr;
    std::shared_ptr<Stream> stream = backlog_.front();
    backlog_.pop_front();
    return stream;
  }

  bool somebody_waits() const override { return !backlog_.empty(); }

  void set_listening(bool listening) override {
    listening_ = listening;
    if (listening) return;
    if (!backlog_.empty() && is_in_time()) kernel_.violate("a client that waited was let down");
    for (const auto& stream : backlog_) stream->reset = true;
    backlog_.clear();
  }

  void connect(const std::shared_ptr<Stream>& /*stream*/) override {
    kernel_.violate("the server connects to somebody");
  }

  bool wake() override {
    if (stops_ == 2) return false;
    stop();
    return true;
  }

  // EOF for a peer that has not ended yet.
  void check_shutdown(const Stream& stream) override {
    if (stream.broken || stream.urgent || stops_ == 2) return;
    if (stops_ == 0 && !stream.asked) {
      if (!is_full_for(stream)) kernel_.violate("a peer was refused for which there was room");
    } else if (stops_ == 0) {
      if (!may_be_idle(stream)) {
        kernel_.violate("hung up on a peer for no reason");
      }
    } else if (is_in_time() && stream.asked && settings_.idle_timeout == 0s) {
      if (!stream.in.empty()) kernel_.violate("hung up on a peer that had said more");
      if (stream.received != stream.sent) kernel_.violate("hung up on a peer that is owed more");
    }
  }

  void check_close(const Stream& stream) override {
    if (stream.broken) return;
    if (stream.out_eof) {
      // A byte that it sends now would cost it what it has not taken yet.
      const bool drains = stops_ == 1 && is_in_time() && settings_.idle_timeout == 0s;
      if (drains && stream.asked && !stream.in_eof && !stream.urgent && !stream.out.empty()) {
        kernel_.violate("closed on a peer that had not taken all");
      }
      return;
    }
    if (!stream.saw_eof) kernel_.violate("closed on a peer that had not ended");
    if (stream.received != stream.sent) kernel_.violate("closed on a peer that is owed more");
  }

  static void forget_signals() {
    sigset_t all{};
    ::sigfillset(&all);
    constexpr timespec kNow{0, 0};
    while (::sigtimedwait(&all, nullptr, &kNow) > 0) continue;
  }

  // Inputs, outputs and queue agree.
  void check_asked(const Stream& stream, bool readable, bool writable) override {
    const std::uint64_t owed = stream.received - stream.sent;
    if (stream.out_eof) {
      if (writable) kernel_.violate("a watch for output after the hang-up");
      return;
    }
    if (writable != (owed > 0)) kernel_.violate("outputs and queue do not agree");
    const bool full = owed >= settings_.max_queue;
    const bool drained = owed <= settings_.max_queue / 2;
    if (stream.saw_eof || full ? readable : drained && !readable) {
      kernel_.violate("inputs and queue do not agree");
    }
  }

  // After each turn.
  void check() {
    turns_with_signal_ = is_signal_pending() ? turns_with_signal_ + 1 : 0;
    if (turns_with_signal_ > kMostTurnsOfASignal) kernel_.violate("a signal that is not taken");
    for (const auto& peer : peers_) {
      const std::string complaint = peer->complaint(settings_.max_queue);
      if (!complaint.empty()) kernel_.violate(complaint);
      if (is_open(*peer->stream()) && is_overdue(*peer->stream()))
        kernel_.violate(peer->describe() + " is silent too long");
    }
    if (settings_.max_connections > 0 && count_open(0) > settings_.max_connections) {
      kernel_.violate("more connections than allowed");
    }
    for (const std::uint32_t host : kHosts) {
      if (settings_.max_per_host > 0 && count_open(host) > settings_.max_per_host) {
        kernel_.violate("more connections of one host than allowed");
      }
    }
  }

  void check_end() {
    for (const auto& peer : peers_) {
      peer->receive_rest();
      const std::string complaint = is_in_time() && settings_.idle_timeout == 0s && !is_limited()
                                        ? peer->complaint_at_end()
                                        : peer->complaint(settings_.max_queue);
      if (!complaint.empty()) kernel_.violate(complaint);
    }
    if (kernel_.open_sockets() > 0) kernel_.violate("sockets are left open");
  }

 private:
  // Whether nobody has been given up yet.
  bool is_in_time() const {
    return stops_ == 0 || (stops_ == 1 && kernel_.now() < stopped_at_ + settings_.drain_timeout);
  }

  bool is_limited() const { return settings_.max_connections > 0 || settings_.max_per_host > 0; }

  static bool is_open(const Stream& stream) { return stream.accepted && !stream.closed; }

  // How many connections that host has; 0 for every host.
  std::size_t count_open(std::uint32_t host) const {
    return static_cast<std::size_t>(
        std::count_if(peers_.begin(), peers_.end(), [host](const auto& peer) {
          const Stream& stream = *peer->stream();
          return is_open(stream) && (host == 0 || stream.host == host);
        }));
  }

  // Whether there was no room for it beside the others.
  bool is_full_for(const Stream& newcomer) const {
    return (settings_.max_connections > 0 && count_open(0) > settings_.max_connections) ||
           (settings_.max_per_host > 0 && count_open(newcomer.host) > settings_.max_per_host);
  }

  // Whether it may be closed by now: what is in flight to it counts as a byte, once.
  bool may_be_idle(const Stream& stream) const {
    const Duration time = settings_.idle_timeout;
    return time > 0s && kernel_.now() - stream.moved_at >= time &&
           (stream.out.empty() || kernel_.now() - stream.sent_at >= 2 * time);
  }

  // Whether it should have been closed by now: one that takes nothing of what is in flight to it is
  // given the time twice.
  bool is_overdue(const Stream& stream) const {
    if (settings_.idle_timeout == 0s || stops_ > 0) return false;
    const bool in_flight = !stream.out.empty() || stream.taken_at > stream.moved_at;
    const Duration most = settings_.idle_timeout * (in_flight ? 2 : 1) + kTurnTime;
    return kernel_.now() - std::max(stream.moved_at, stream.taken_at) >= most;
  }

  static bool is_signal_pending() {
    sigset_t pending{};
    return ::sigpending(&pending) == 0 && ::sigisemptyset(&pending) == 0;
  }

  void connect_peer() {
    peers_.push_back(std::make_unique<Peer>(peers_.size(), kernel_, settings_.max_queue));
    backlog_.push_back(peers_.back()->stream());
    --to_come_;
  }

  void stop() {
    if (stops_ == 2 || (stops_ == 1 && !kernel_.dice().one_in(20))) return;
    stops_now_ = true;
    if (++stops_ == 1) stopped_at_ = kernel_.now();
    send_signal(kernel_.dice().one_of({SIGTERM, SIGINT, SIGHUP}));
  }

  Kernel& kernel_;
  const ServerSettings& settings_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::deque<std::shared_ptr<Stream>> backlog_;
  std::uint64_t to_come_;
  std::uint64_t steps_ = 0;
  std::uint64_t stops_after_;
  int stops_ = 0;
  bool stops_now_ = false;
  Time stopped_at_{};
  int turns_with_signal_ = 0;  // How many turns in a row have left one pending.
  bool listening_ = false;
};

ServerSettings any_settings(Dice& dice) {
  ServerSettings settings;
  settings.listen.hosts = {resolve("127.0.0.1", 0)};
  if (dice.one_in(2)) settings.listen.hosts.push_back(resolve("127.0.0.2", 0));
  settings.listen.backlog = 100;
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
  const ServerSettings settings = any_settings(kernel.dice());
  ServersWorld world(kernel, settings);
  kernel.set_world(&world);
  const LogLevel level = kernel.dice().one_in(2) ? LogLevel::kDebug : LogLevel::kInfo;
  Log log(kernel.open_log(), level, Log::Manner::kDaemon);
  Signals signals(Server::kSignals);
  const unsigned faults = kernel.dice().one_of({0U, 0U, 1000U, 100U, 10U});
  // Now and then there are faults from the start on.
  if (kernel.dice().one_in(4)) kernel.set_fault_rate(faults);
  try {
    Server server(settings, log, signals, [&] { return kernel.now(); });
    kernel.set_fault_rate(faults);
    int turns = 0;
    while (server.turn() && kernel.violation().empty()) {
      world.check();
      if (++turns > kMostTurns) kernel.violate("it never ends");
    }
    kernel.set_fault_rate(0);
    if (kernel.violation().empty()) world.check_end();
  } catch (const std::system_error&) {
    if (kernel.open_sockets() > 0) kernel.violate("sockets are left open after a failed start");
  }
  // A signal that came last would end this process once its handler is gone.
  while (signals.take() != 0) continue;
  ServersWorld::forget_signals();
  if (kernel.violation().empty()) return {};
  return kernel.violation() + "\nthe last calls:\n" + kernel.trace();
}

}  // namespace echo::sim
