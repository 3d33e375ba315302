#include "systemd/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "echo/os/unique_fd.h"
#include "support/patience.h"

namespace echo::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kBootTime = 120s;

const std::string kTree = ECHO_SYSTEMD_TREE;  // NOLINT(cert-err58-cpp)

std::string quote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

// Polls until the condition is true. Returns false if it is not true within `patience`.
template <typename Condition>
bool becomes_true(std::chrono::seconds patience, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(20ms);
  }
  return true;
}

// Returns the code name of the Debian release of this machine, for whose libraries the programs are
// built. Returns an empty string on another system.
std::string release() {
  std::ifstream file("/etc/os-release");
  for (std::string line; std::getline(file, line);) {
    constexpr std::string_view kName = "VERSION_CODENAME=";
    if (line.starts_with(kName)) return line.substr(kName.size());
  }
  return {};
}

void make_tree() {
  if (std::filesystem::exists(kTree)) return;
  const std::string unfinished = kTree + ".unfinished";
  std::filesystem::remove_all(unfinished);
  const CommandResult made = shell("debootstrap --variant=minbase --include=systemd,systemd-sysv " +
                                   quote(release()) + ' ' + quote(unfinished));
  if (made.status != 0) throw NoMachine("debootstrap: " + made.output);
  std::filesystem::rename(unfinished, kTree);
}

pid_t child_of(pid_t parent) {
  const std::string number = std::to_string(parent);
  std::ifstream file("/proc/" + number + "/task/" + number + "/children");
  pid_t child = -1;
  return file >> child ? child : -1;
}

}  // namespace

CommandResult shell(const std::string& command) {
  FILE* const pipe = ::popen(("exec 2>&1 </dev/null; " + command).c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("cannot run: " + command);
  std::string output;
  std::array<char, 4096> buffer{};
  std::size_t length = 0;
  while ((length = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
    output.append(buffer.data(), length);
  }
  const int status = ::pclose(pipe);
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .output = output};
}

std::optional<std::string> Machine::obstacle() {
  if (::geteuid() != 0) return "not root";
  for (const std::string program : {"debootstrap", "systemd-nspawn", "nsenter", "dpkg-deb"}) {
    if (shell("command -v " + program).status != 0) return program + " is missing";
  }
  if (release().empty()) return "this is not Debian";
  return std::nullopt;
}

Machine::Machine(const std::string& package) {
  make_tree();
  boot();
  enter_network();
  must("dpkg -i " + quote("/package/" + std::filesystem::path(package).filename().string()));
}

Machine::~Machine() {
  // systemd-nspawn handles SIGTERM like a power failure, and removes the overlay and the network.
  ::kill(container_, SIGTERM);
  ::waitpid(container_, nullptr, 0);
}

void Machine::boot() {
  const std::string packages = std::string("--bind-ro=") + ECHO_SYSTEMD_PACKAGES + ":/package";
  const std::string tree = "--directory=" + kTree;
  const UniqueFd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd output(::open(console_.path().c_str(), O_WRONLY | O_CLOEXEC));
  container_ = ::fork();
  if (container_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::dup2(input.get(), STDIN_FILENO);
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(output.get(), fd);
    // The overlay keeps the tree unchanged. There may be no systemd-machined to register with.
    ::execlp("systemd-nspawn", "systemd-nspawn", tree.c_str(), packages.c_str(), "--quiet",
             "--boot", "--volatile=overlay", "--private-network", "--register=no", "--keep-unit",
             nullptr);
    ::_exit(127);
  }
  const bool booted = becomes_true(kBootTime, [&] {
    if (::waitpid(container_, nullptr, WNOHANG) != 0) return true;
    leader_ = child_of(container_);
    return leader_ > 0 && run("systemctl is-system-running").output == "running\n";
  });
  if (!booted || ::kill(container_, 0) != 0) {
    throw NoMachine("cannot boot a container: " + console_.contents());
  }
}

void Machine::enter_network() const {
  const std::string path = "/proc/" + std::to_string(leader_) + "/ns/net";
  const UniqueFd network(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (::setns(network.get(), CLONE_NEWNET) != 0) throw NoMachine("setns " + path);
}

CommandResult Machine::run(const std::string& command) const {
  return shell("nsenter --all --target " + std::to_string(leader_) + " sh -c " + quote(command));
}

std::string Machine::must(const std::string& command) const {
  const CommandResult result = run(command);
  if (result.status != 0) throw std::runtime_error(command + ": " + result.output);
  return result.output;
}

std::string Machine::wait_for(const std::string& command) const {
  CommandResult result{};
  const bool succeeded = becomes_true(kPatience, [&] {
    result = run(command);
    return result.status == 0;
  });
  if (!succeeded) throw std::runtime_error(command + " does not succeed: " + result.output);
  return result.output;
}

}  // namespace echo::test
