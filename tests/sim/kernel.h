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

// More turns than any run needs.
constexpr int kMaxTurns = 200'000;

// One end of a simulated TCP connection, the program's. The bytes that the program sends wait in
// `out` for the other end; `in` has the bytes that the program can receive.
struct Stream {
  std::string in;
  std::string out;
  std::size_t in_room = 65536;
  std::size_t out_room = 65536;
  bool connecting = false;  // connect() is not complete yet.
  bool in_eof = false;      // The other end has sent EOF.
  bool out_eof = false;     // The program has sent EOF.
  bool reset = false;       // The other end has reset the connection.
  bool urgent = false;      // Urgent data waits.
  bool closed = false;      // The program has closed it.
  int error = 0;            // The error of the next call.
  bool deaf = false;        // The other end has closed: it answers bytes by a reset.
  bool broken = false;      // A call has failed and ended it.
  bool saw_eof = false;     // A recv() has returned EOF.
  bool accepted = false;
  bool asked = false;          // A select() or recv() has looked at it.
  bool looked_dry = false;     // A recv() since the last select() found no input.
  bool counted_empty = false;  // Nothing was in flight in a query since then.
  bool too_late = false;       // Input was waiting when the program sent EOF.
  std::uint64_t received = 0;  // The bytes received, and sent, so far.
  std::uint64_t sent = 0;
  Time moved_at{};                       // When a call last moved bytes; or the accept.
  Time sent_at{};                        // When a call last sent bytes; or the accept.
  Time taken_at{};                       // When the other end last took bytes,
  Time came_at{};                        // and when it last sent some.
  Time moved_awake{};                    // moved_at and taken_at on the clock
  Time taken_awake{};                    // of Kernel::awake().
  Time arrived_at{};                     // When the oldest byte in `in` came.
  std::uint32_t host = INADDR_LOOPBACK;  // The address of the other end.

  void be_reset() {
    reset = true;
    in.clear();
    out.clear();
  }
};

// The environment of the program: the backlogs of its listeners, and its peers.
class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;

  // Time passes: peers may act.
  virtual void step() = 0;
  // True if step() may change something without an action of the program.
  virtual bool may_act() const = 0;
  // True if time may pass without an action even if may_act() is true.
  virtual bool may_dawdle() const = 0;
  // Removes the next connection from the backlog and returns its stream; nullptr if none waits.
  virtual std::shared_ptr<Stream> accept(int listener) = 0;
  virtual bool somebody_waits(int listener) const = 0;
  // A listener was opened, or its backlog changed; nullopt: it was closed.
  virtual void set_listening(int listener, std::optional<int> backlog) = 0;
  // The listener never accepts a client again.
  virtual void kill_listener(int listener) = 0;
  // The program called connect().
  virtual void connect(const std::shared_ptr<Stream>& stream) = 0;
  // The program would sleep forever: the last chance to send a signal. Returns false if it sends
  // none.
  virtual bool wake() = 0;
  // These check the rules of the program, beyond the rules of a kernel.
  virtual void check_shutdown(const Stream& stream) = 0;
  virtual void check_close(const Stream& stream) = 0;
  // Checks the request of a select() about a stream. `readable` is nullopt if the request is about
  // outputs alone.
  virtual void check_asked(const Stream& stream, std::optional<bool> readable, bool writable) = 0;
};

// Simulates the system calls on sockets by a seeded schedule: how many bytes a call moves, whether
// it fails with EAGAIN, EINTR or another error, what select() reports, and when. Calls on other
// descriptors go to the real kernel. The first error of the program is recorded as the violation.
class Kernel {
 public:
  explicit Kernel(std::uint64_t seed) : dice_(seed) { the_current() = this; }
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  ~Kernel() { the_current() = nullptr; }

  // The current kernel; nullptr if there is none.
  static Kernel* current() noexcept { return the_current(); }

  void set_world(World* world) noexcept { world_ = world; }
  Dice& dice() noexcept { return dice_; }
  Time now() const noexcept { return now_; }
  // The time without the stops of the program.
  Time awake() const noexcept { return now_ - stopped_; }
  // The program's clock. Like any call, reading it takes time.
  Time read_clock();
  Time last_read() const noexcept { return last_read_; }

  // One call in N fails through no fault of the program. 0: none.
  void set_fault_rate(unsigned one_in) noexcept { fault_rate_ = one_in; }
  bool has_faults() const noexcept { return fault_rate_ != 0; }

  // Before one call in N the program is stopped, starved or suspended for any time, while others go
  // on. 0: never.
  void set_stop_rate(unsigned one_in) noexcept { stop_rate_ = one_in; }

  void violate(const std::string& text);
  const std::string& violation() const noexcept { return violation_; }
  // The last calls, for the analysis of a violation.
  std::string trace() const;

  // A descriptor for a log. Writes may be short or fail.
  int open_log();
  // Descriptors for the program's input, which ends after the text, and for its output.
  int open_input(std::string text);
  int open_output();
  const std::string& output() const noexcept { return output_; }

  // True if the number is in the range of simulated files.
  static bool is_simulated(int fd) noexcept { return fd >= kFirstFd; }
  std::size_t open_sockets() const;
  const Stream* stream(int fd) const;

  // The system calls.
  int socket(int family, int type);
  int bind(int fd);
  int listen(int fd, int backlog);
  int accept(int fd, sockaddr* address, socklen_t* length, int flags);
  int connect(int fd, const sockaddr* address, socklen_t length);
  int getsockname(int fd, sockaddr* address, socklen_t* length);
  int getpeername(int fd, sockaddr* address, socklen_t* length);
  int getsockopt(int fd, int level, int name, void* value, socklen_t* length);
  int setsockopt(int fd, int level, int name);
  // One part, or the parts of a msghdr.
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
  // Sleeps only.
  int nanosleep(const timespec& duration);
  int pselect(int nfds, fd_set* readable, fd_set* writable, fd_set* exceptional,
              const timespec* timeout);
  // The pipe that the program's signal handler writes to.
  int pipe(int* fds);
  bool has_signal() const noexcept { return signals_ > 0; }

 private:
  struct File {
    enum class Kind { kFresh, kListener, kStream, kLog, kInput, kOutput, kEvents, kSignals };
    Kind kind = Kind::kFresh;
    std::shared_ptr<Stream> stream{};
    sockaddr_storage local{};
    sockaddr_storage peer{};
    bool is_nonblocking = false;
    bool is_closed_on_exec = false;
    bool sends_at_once = false;
    bool may_pause = false;   // The listener's last accept() failed,
    bool is_leaving = false;  // or its backlog is 0.
    // Signal-driven I/O: whether F_SETOWN, F_SETSIG and FIOASYNC are set.
    bool has_owner = false;
    bool has_signal = false;
    bool armed = false;
    bool reports_room = false;  // A call has found no room for output since the last report of it.
    unsigned reported = 0;      // Its readiness at the last look.
    unsigned asked = 0;         // The last request of a select() about it.
    int left_out_ready = 0;     // Calls in a row that left it out although it was ready.
  };
  using Sets = std::map<int, unsigned>;  // Descriptor to a sum of kReadable etc.

  static Kernel*& the_current() noexcept;
  int open(File file, int at_least = 0);
  // True if another descriptor has the same stream.
  bool is_copied(const File& file) const;
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
  void report_events();
  void leave_out(int fd, File& file);
  void check_that_inputs_have_their_turn(bool outputs_alone, Duration limit);
  ssize_t read_events(void* buffer, std::size_t length);
  void report_falsely(const Sets& asked, Sets& found);

  // Simulated files get the lowest free number from here on, as in a process.
  static constexpr int kFirstFd = 500;

  Dice dice_;
  World* world_ = nullptr;
  Time now_{std::chrono::hours{1}};
  Duration stopped_{0};
  Time last_read_{};
  unsigned fault_rate_ = 0;
  unsigned stop_rate_ = 0;
  std::map<int, File> files_;
  bool inputs_waited_ = false;  // The last call found outputs and left out the inputs.
  std::set<int> writable_;      // Reported writable by the last select(), not sent on yet.
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
