#pragma once

#include <netinet/in.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "echo/base/time.h"
#include "sim/dice.h"

namespace echo::sim {

// No run takes so many turns.
constexpr int kMaxTurns = 200'000;

// One end of a simulated TCP connection, as the program under test has it. What it sends waits in
// `out` until the other end takes it; what it may receive waits in `in`.
struct Stream {
  std::string in;
  std::string out;
  std::size_t in_room = 65536;
  std::size_t out_room = 65536;
  bool connecting = false;  // connect() has not been answered yet.
  bool in_eof = false;      // The other end sends no more.
  bool out_eof = false;     // We have sent EOF.
  bool reset = false;       // The other end is gone, and what it had not taken with it.
  bool urgent = false;      // Urgent data waits.
  bool closed = false;      // We have closed it.
  int error = 0;            // What the next call on it fails with.
  bool deaf = false;        // The other end has closed: what we send is answered by a reset.
  bool broken = false;      // A call on it has failed in a way that ends it.
  bool saw_eof = false;     // A recv() has returned the end of the file.
  bool accepted = false;
  bool asked = false;          // A select() or a recv() has been asked of it.
  bool looked_dry = false;     // Since the last select() a recv() has found nothing.
  bool counted_empty = false;  // Since then nothing was in flight when that was asked.
  bool too_late = false;       // We ended it while more was there, which came after a last look.
  std::uint64_t received = 0;  // How much we have received, and sent, so far.
  std::uint64_t sent = 0;
  Time moved_at{};                       // When a call moved bytes last; or it was accepted.
  Time sent_at{};                        // When a call sent bytes last; likewise.
  Time taken_at{};                       // When the other end took bytes last,
  Time came_at{};                        // and when it sent some last.
  Time moved_awake{};                    // Of the time that the program had for itself.
  Time taken_awake{};                    // Likewise.
  Time arrived_at{};                     // When the oldest of the bytes in `in` came.
  std::uint32_t host = INADDR_LOOPBACK;  // The other end's address.

  void be_reset() {
    reset = true;
    in.clear();
    out.clear();
  }
};

// What the simulation does about the calls of the program: the listeners' backlog, the other ends.
class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;

  // Time passes: others may act.
  virtual void step() = 0;
  // Whether step() may ever change something without the program's doing.
  virtual bool may_act() const = 0;
  // Whether time may pass all the same while somebody could act.
  virtual bool may_dawdle() const = 0;
  // Somebody connects: the connection's new streams wait in the backlog. Nullptr: nobody does.
  virtual std::shared_ptr<Stream> accept(int listener) = 0;
  virtual bool somebody_waits(int listener) const = 0;
  // A listener was opened, or has that backlog now; nullopt: it was closed.
  virtual void set_listening(int listener, std::optional<int> backlog) = 0;
  // It will never accept anybody again.
  virtual void kill_listener(int listener) = 0;
  // connect() was called.
  virtual void connect(const std::shared_ptr<Stream>& stream) = 0;
  // The program sleeps with nothing to wake it but itself: the last chance to send a signal.
  virtual bool wake() = 0;
  // Checks what a call does, beyond what any kernel would say to it.
  virtual void check_shutdown(const Stream& stream) = 0;
  virtual void check_close(const Stream& stream) = 0;
  // Whether select() is asked of a stream what it should be. `readable` is nullopt where it is
  // asked about outputs alone.
  virtual void check_asked(const Stream& stream, std::optional<bool> readable, bool writable) = 0;
};

// The system calls on sockets, as the program under test sees them, played by a seeded schedule:
// how much a call moves, when it says EAGAIN or EINTR or fails, what select() reports, and when.
// Calls on other descriptors go to the real kernel. The first thing that no program should do, and
// the first promise that is broken, is noted as the violation.
class Kernel {
 public:
  explicit Kernel(std::uint64_t seed) : dice_(seed) { the_current() = this; }
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  ~Kernel() { the_current() = nullptr; }

  // The one that is at work; nullptr for none.
  static Kernel* current() noexcept { return the_current(); }

  void set_world(World* world) noexcept { world_ = world; }
  Dice& dice() noexcept { return dice_; }
  Time now() const noexcept { return now_; }
  // The time without that for which the program was kept from running.
  Time awake() const noexcept { return now_ - stopped_; }
  // What the program's clock says. It is a call as others are.
  Time read_clock();
  Time last_read() const noexcept { return last_read_; }

  // How often, one in so many, a call fails for no fault of the program's. 0: never.
  void set_fault_rate(unsigned one_in) noexcept { fault_rate_ = one_in; }
  bool has_faults() const noexcept { return fault_rate_ != 0; }

  // How often, one call in so many, the program is kept from running before it: stopped, starved or
  // suspended, for any time, while others go on. 0: never.
  void set_stop_rate(unsigned one_in) noexcept { stop_rate_ = one_in; }

  void violate(const std::string& text);
  const std::string& violation() const noexcept { return violation_; }
  // The last calls, for whoever has to find out.
  std::string trace() const;

  // Where a log may write to; it takes what it likes.
  int open_log();
  // What a program may read to its end, and where it may write.
  int open_input(std::string text);
  int open_output();
  const std::string& output() const noexcept { return output_; }

  // Whether it is a number that simulated files get.
  static bool is_simulated(int fd) noexcept { return fd >= kFirstFd; }
  std::size_t open_sockets() const;
  const Stream* stream(int fd) const;

  // The calls.
  int socket(int family, int type);
  int bind(int fd);
  int listen(int fd, int backlog);
  int accept4(int fd, sockaddr* address, socklen_t* length, int flags);
  int connect(int fd, const sockaddr* address, socklen_t length);
  int getsockname(int fd, sockaddr* address, socklen_t* length);
  int getpeername(int fd, sockaddr* address, socklen_t* length);
  int getsockopt(int fd, int level, int name, void* value, socklen_t* length);
  int setsockopt(int fd, int level, int name);
  // One part, or as many as a msghdr has.
  using Parts = std::span<const iovec>;
  ssize_t recv(int fd, Parts parts, int flags);
  ssize_t send(int fd, Parts parts, int flags);
  ssize_t read(int fd, void* buffer, std::size_t length);
  ssize_t write(int fd, const void* buffer, std::size_t length);
  int shutdown(int fd, int how);
  int close(int fd);
  int ioctl(int fd, unsigned long request, int* value);
  int fcntl(int fd, int command, long argument);
  int signalfd();
  // Sleeps without asking for anything.
  int nanosleep(const timespec& duration);
  int pselect(int nfds, fd_set* readable, fd_set* writable, fd_set* exceptional,
              const timespec* timeout);
  // Whose bytes come from the handler of signals.
  int pipe(int* fds);
  bool has_signal() const noexcept { return signals_ > 0; }

 private:
  struct File {
    enum class Kind { kFresh, kListener, kStream, kLog, kInput, kOutput, kEvents, kSignals };
    Kind kind = Kind::kFresh;
    std::shared_ptr<Stream> stream{};
    sockaddr_storage local{};
    sockaddr_storage peer{};
    bool sends_at_once = false;
    bool may_pause = false;   // A listener whose last accept() failed,
    bool is_leaving = false;  // or that lets nobody wait any more.
    // Signal-driven I/O: to whom, by which signal, and whether at all.
    bool has_owner = false;
    bool has_signal = false;
    bool armed = false;
    unsigned told = 0;       // What it was ready for when it was looked at last.
    unsigned asked = 0;      // What select() was asked of it last.
    int left_out_ready = 0;  // How many calls in a row have left it out though it was ready.
  };
  using Sets = std::map<int, unsigned>;  // Descriptor to a sum of kReadable and so on.

  static Kernel*& the_current() noexcept;
  int open(File file);
  std::size_t count(File::Kind kind) const;
  File* find(int fd, const char* call);
  void note(const std::string& call);
  bool strikes() { return fault_rate_ != 0 && dice_.one_in(fault_rate_); }
  void let_time_pass();
  int fail(int error) noexcept;
  void break_stream(Stream& stream);
  Sets asked(int nfds, const fd_set* readable, const fd_set* writable, const fd_set* exceptional);
  void check_that_listeners_are_asked(const Sets& asked);
  Sets ready(const Sets& asked) const;
  unsigned readiness(int fd, const File& file) const;
  void step();
  void tell_events();
  void leave_out(int fd, File& file);
  void check_that_inputs_have_their_turn(bool outputs_alone, Duration limit);
  ssize_t read_events(void* buffer, std::size_t length);
  void report_falsely(const Sets& asked, Sets& found);

  // The numbers that the simulated files get: the lowest that is free from here on, as in a
  // process.
  static constexpr int kFirstFd = 500;

  Dice dice_;
  World* world_ = nullptr;
  Time now_{std::chrono::hours{1}};
  Duration stopped_{0};
  Time last_read_{};
  unsigned fault_rate_ = 0;
  unsigned stop_rate_ = 0;
  std::map<int, File> files_;
  bool inputs_waited_ = false;  // The last call was about the outputs alone, and found some.
  std::set<int> writable_;      // What the last select() reported so, and was not sent on since.
  std::deque<int> events_;      // On armed files, not read yet.
  bool events_lost_ = false;
  int signals_ = 0;  // Bytes in the pipe.
  std::string input_;
  std::string output_;
  std::string violation_;
  std::vector<std::string> trace_;
  std::uint16_t next_port_ = 20000;
};

}  // namespace echo::sim
