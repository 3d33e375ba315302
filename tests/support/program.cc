#include "support/program.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "support/open_descriptors.h"
#include "support/patience.h"

namespace echo::test {
namespace {

struct Pipe {
  UniqueFd to_read;
  UniqueFd to_write;
};

Pipe make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  return {.to_read = UniqueFd(fds[0]), .to_write = UniqueFd(fds[1])};
}

UniqueFd open_file(const std::string& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!fd) throw std::system_error(errno, std::generic_category(), path);
  return fd;
}

void ignore(int number) {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  ::sigaction(number, &action, nullptr);
}

// Enters a network namespace, and brings its loopback up (netdevice(7)).
bool enter_private_network(const std::map<std::string, std::string>& settings) {
  if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq loopback{};
  std::string("lo").copy(loopback.ifr_name, sizeof loopback.ifr_name);
  loopback.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &loopback) != 0) return false;
  return std::all_of(settings.begin(), settings.end(), [](const auto& setting) {
    std::ofstream file("/proc/sys/net/" + setting.first);
    file << setting.second << std::flush;
    return file.good();
  });
}

void set_variable(const std::string& name, const std::string& value) {
  ::setenv(name.c_str(), value == "$$" ? std::to_string(::getpid()).c_str() : value.c_str(), 1);
}

// Passes the descriptors as sd_listen_fds(3) expects them.
void pass(const std::vector<std::pair<std::string, int>>& passed) {
  if (passed.empty()) return;
  const int first = STDERR_FILENO + 1;
  const int beyond = first + static_cast<int>(passed.size());
  std::vector<int> copies;
  std::string names;
  for (const auto& [name, fd] : passed) {
    copies.push_back(::fcntl(fd, F_DUPFD_CLOEXEC, beyond));
    names += (names.empty() ? "" : ":") + name;
  }
  int number = first;
  for (const int copy : copies) ::dup2(copy, number++);
  set_variable("LISTEN_FDS", std::to_string(passed.size()));
  set_variable("LISTEN_PID", "$$");
  set_variable("LISTEN_FDNAMES", names);
}

// In C++, the GNU C library has a type of its own for the names of resources.
void limit_to(auto resource, std::optional<std::size_t> most) {
  if (!most) return;
  const rlimit limit{.rlim_cur = *most, .rlim_max = *most};
  ::setrlimit(resource, &limit);
}

// Prepares the child between fork() and exec(). Ignores errors.
void arrange(const LaunchSettings& settings, int input, int output, int error) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(error, STDERR_FILENO);
  // The program must not inherit the descriptors that the test has inherited.
  for (const int fd : open_descriptors(STDERR_FILENO + 1)) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  pass(settings.passed);
  for (const int fd : settings.closed) ::close(fd);
  for (const int number : settings.ignored_signals) ignore(number);
  limit_to(RLIMIT_SIGPENDING, settings.signals);
  limit_to(RLIMIT_STACK, settings.stack);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_max = settings.descriptors.value_or(limit.rlim_max);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, limit.rlim_max);
  limit.rlim_cur = settings.soft_descriptors.value_or(limit.rlim_cur);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// A size of the process in bytes, from its status file (proc(5)).
std::size_t memory_of(pid_t pid, const std::string& name) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  const std::size_t place = status.find(name);
  if (place == std::string::npos) throw std::runtime_error("no " + name + " in /proc");
  return std::stoul(status.substr(place + name.size())) * 1024;
}

// Appends the bytes of one read(). False at the end of the file, or on an error.
bool drain(const UniqueFd& fd, std::string& text) {
  std::array<char, 65536> buffer{};
  const ssize_t length = ::read(fd.get(), buffer.data(), buffer.size());
  if (length <= 0) return false;
  text.append(buffer.data(), static_cast<std::size_t>(length));
  return true;
}

std::vector<std::string> with_free_port(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--port", "0"});
  return arguments;
}

std::string statistics(Program& server) {
  server.signal(SIGUSR1);
  return server.wait_for_line("statistics: ");
}

std::uint64_t number_before(const std::string& words, const std::string& line) {
  const std::size_t end = line.find(words);
  return std::stoull(line.substr(line.rfind(' ', end - 1) + 1));
}

}  // namespace

LaunchSettings measurable() { return {.environment = {{"ASAN_OPTIONS", "quarantine_size_mb=1"}}}; }

Program::Program(const std::string& path, const std::vector<std::string>& arguments,
                 const LaunchSettings& settings) {
  Pipe input = make_pipe();
  Pipe output = make_pipe();
  Pipe error = make_pipe();
  if (!settings.standard_input.empty()) {
    input = {.to_read = open_file(settings.standard_input, O_RDONLY), .to_write = {}};
  }
  if (!settings.standard_output.empty()) {
    output.to_write = open_file(settings.standard_output, O_WRONLY | O_CREAT | O_TRUNC);
  }
  if (!settings.standard_error.empty()) {
    error.to_write = open_file(settings.standard_error, O_WRONLY | O_CREAT | O_TRUNC);
  }
  if (settings.error_unread) error.to_read.reset();

  std::vector<std::string> words{path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    for (const auto& [name, value] : settings.environment) {
      set_variable(name, value);
    }
    if (!settings.private_network.empty() && !enter_private_network(settings.private_network)) {
      ::_exit(kNoPrivateNetwork);
    }
    arrange(settings, input.to_read.get(), output.to_write.get(), error.to_write.get());
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  input_ = std::move(input.to_write);
  output_ = std::move(output.to_read);
  error_ = std::move(error.to_read);
}

Program::~Program() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Program::signal(int number) const { ::kill(pid_, number); }

void Program::freeze() const {
  signal(SIGSTOP);
  siginfo_t stopped{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &stopped, WSTOPPED) != 0) {
    throw std::system_error(errno, std::generic_category(), "waitid");
  }
}

std::string Program::wait_for_line(const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    std::size_t newline = 0;
    while ((newline = error_text_.find('\n', waited_for_)) != std::string::npos) {
      std::string line = error_text_.substr(waited_for_, newline - waited_for_);
      waited_for_ = newline + 1;
      if (line.find(text) != std::string::npos) return line;
    }
    if (!read_some() || std::chrono::steady_clock::now() > deadline) give_up("no line: " + text);
  }
}

void Program::wait_for_output(const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (output_text_ != text) {
    if (!read_some() || std::chrono::steady_clock::now() > deadline) give_up("no output: " + text);
  }
}

void Program::wait_for_part_of_output(const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (output_text_.find(text) == std::string::npos) {
    if (!read_some() || std::chrono::steady_clock::now() > deadline) give_up("no output: " + text);
  }
}

int Program::wait_for_exit() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (read_some()) {
    if (std::chrono::steady_clock::now() > deadline) give_up("the program does not end");
  }
  int status = 0;
  wait_until([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; });
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Program::write_input(const std::string& text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(input_.get(), rest.data(), rest.size());
    if (written < 0) throw std::system_error(errno, std::generic_category(), "standard input");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Waits for bytes of standard error or output, and reads them. False at the end of both.
bool Program::read_some() {
  std::array<pollfd, 2> entries{};
  entries[0] = {.fd = ignores_errors_ ? -1 : error_.get(), .events = POLLIN, .revents = 0};
  entries[1] = {.fd = ignores_output_ ? -1 : output_.get(), .events = POLLIN, .revents = 0};
  if (entries[0].fd < 0 && entries[1].fd < 0) return false;
  ::poll(entries.data(), entries.size(), kPatienceInMs);
  if (entries[0].revents != 0 && !drain(error_, error_text_)) error_.reset();
  if (entries[1].revents != 0 && !drain(output_, output_text_)) output_.reset();
  return true;
}

void Program::give_up(const std::string& reason) const {
  throw std::runtime_error(reason + "; its standard error:\n" + error_text_);
}

std::chrono::nanoseconds Program::cpu_time() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/schedstat");
  std::chrono::nanoseconds::rep running = 0;
  if (!(file >> running)) throw std::runtime_error("no schedstat in /proc");
  return std::chrono::nanoseconds(running);
}

std::size_t Program::resident_memory() const { return memory_of(pid_, "VmRSS:"); }

std::size_t Program::peak_memory() const { return memory_of(pid_, "VmHWM:"); }

std::size_t Program::own_memory() const { return memory_of(pid_, "RssAnon:"); }

std::size_t Program::open_descriptors() const {
  const std::filesystem::directory_iterator entries("/proc/" + std::to_string(pid_) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

void Program::wait_for_descriptors(std::size_t count) const {
  wait_until([&] { return open_descriptors() == count; });
}

UniqueFd Program::copy_descriptor(int fd) const {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), fd, 0)));
}

ServerProgram::ServerProgram(const std::vector<std::string>& arguments,
                             const LaunchSettings& settings)
    : Program(ECHO_SERVER, with_free_port(arguments), settings) {
  const std::string line = wait_for_line("starting up on ");
  port_ = static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(' '))));
}

int ServerProgram::stop() {
  signal(SIGTERM);
  return wait_for_exit();
}

std::uint64_t bytes_in(Program& server) { return number_before(" bytes in", statistics(server)); }

std::uint64_t bytes_pending(Program& server) {
  const std::string line = statistics(server);
  return number_before(" bytes in", line) - number_before(" bytes out", line);
}

void wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("wait timed out");
    ::poll(nullptr, 0, 1);
  }
}

Outcome run(const std::string& path, const std::vector<std::string>& arguments,
            const std::string& input, const LaunchSettings& settings) {
  Program program(path, arguments, settings);
  program.write_input(input);
  program.close_input();
  const int status = program.wait_for_exit();
  return {.status = status, .output = program.output_text(), .error = program.error_text()};
}

bool allow_descriptors(std::size_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < count) return false;
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, count);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace echo::test
