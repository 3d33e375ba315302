#include "support/abuse.h"

#include <poll.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <utility>

#include "echo/os/socket.h"

namespace echo::test {
namespace {

// Large, so that the server has made its first allocations when its memory is measured.
constexpr std::size_t kFirstWords = 64UL * 1024;
constexpr std::size_t kWords = 1000;

constexpr int kSilenceInMs = 200;

}  // namespace

LaunchSettings Abuse::thrifty(LaunchSettings settings) {
  settings.environment.merge(measurable().environment);
  settings.environment["GLIBC_TUNABLES"] = "glibc.malloc.mmap_threshold=64";
  return settings;
}

void Abuse::start(std::vector<std::string> arguments, LaunchSettings settings) {
  arguments.insert(arguments.begin(), {"--host", "127.0.0.1"});
  auto server = std::make_unique<ServerProgram>(arguments, thrifty(std::move(settings)));
  const Endpoint endpoint = server->endpoint();
  start(std::move(server), endpoint);
}

void Abuse::start(std::unique_ptr<Program> server, const Endpoint& endpoint) {
  server_ = std::move(server);
  endpoint_ = endpoint;
  witness_.emplace(endpoint_);
  const std::string words = random_bytes(kFirstWords);
  EXPECT_TRUE(witness_->echo(words) == words);
  descriptors_before_ = server_->open_descriptors();
  memory_before_ = server_->own_memory();
}

void Abuse::check_witness() {
  const std::string words = random_bytes(kWords, ++checks_);
  if (witness_->echo(words) != words) throw std::runtime_error("the witness's echo is not exact");
}

void Abuse::wait_for_descriptors(std::size_t count) {
  wait_until([&] {
    check_witness();
    return server_->open_descriptors() == count;
  });
}

void Abuse::send_until_pending(const std::vector<TestPeer>& peers, std::size_t each) {
  const std::string block(16UL * 1024, 'x');
  wait_until([&] {
    for (const TestPeer& peer : peers) send(peer.fd(), block);
    check_witness();
    return bytes_pending(server()) == peers.size() * each;
  });
}

void Abuse::end_abuse() {
  ended_ = true;
  wait_for_descriptors(descriptors_before_);
  EXPECT_LE(server_->own_memory(), memory_before_ + kMaxKept);
  wait_until([this] {
    check_witness();
    return is_idle();
  });
  check_witness();
  const std::string words = random_bytes(kFirstWords);
  EXPECT_TRUE(TestPeer(endpoint_).echo(words) == words) << "a new client";
  witness_.reset();
  server_->signal(SIGTERM);
  EXPECT_EQ(server_->wait_for_exit(), 0);
}

void Abuse::TearDown() {
  if (server_ && !ended_ && !HasFailure()) end_abuse();
}

// True if the server uses no processor time while the witness sends nothing.
bool Abuse::is_idle() const {
  const auto before = server_->cpu_time();
  pollfd silent{.fd = witness_->fd(), .events = POLLIN, .revents = 0};
  return ::poll(&silent, 1, kSilenceInMs) == 0 && server_->cpu_time() == before;
}

std::size_t count_lines(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.find(part) != std::string_view::npos) ++count;
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return count;
}

}  // namespace echo::test
