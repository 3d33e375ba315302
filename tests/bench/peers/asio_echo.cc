// An echo server with Asio. Each session has its own buffer, and reads and writes in turn.
#include <array>
#include <asio.hpp>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

#include "bench/peers/peer.h"
#include "echo/cli/program.h"
#include "echo/os/unique_fd.h"

namespace echo::bench {
namespace {

using asio::ip::tcp;

class Session : public std::enable_shared_from_this<Session> {
 public:
  // The buffer stays uninitialised: filling it would make all of it resident.
  // NOLINTNEXTLINE(*-member-init)
  explicit Session(tcp::socket socket) : socket_(std::move(socket)) {}

  void read() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](std::error_code error, std::size_t length) {
                              if (!error) self->write(length);
                            });
  }

 private:
  void write(std::size_t length) {
    asio::async_write(socket_, asio::buffer(buffer_, length),
                      [self = shared_from_this()](std::error_code error, std::size_t /*length*/) {
                        if (!error) self->read();
                      });
  }

  tcp::socket socket_;
  std::array<char, kChunk> buffer_;
};

void accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](std::error_code error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true), error);
      std::make_shared<Session>(std::move(socket))->read();
    }
    accept(acceptor);
  });
}

int serve() {
  UniqueFd fd = open_listener();
  asio::io_context context(1);  // One thread.
  tcp::acceptor acceptor(context, tcp::v4(), fd.release());
  accept(acceptor);
  context.run();
  return 0;
}

}  // namespace
}  // namespace echo::bench

int main() { return echo::run_program("asio_echo", &echo::bench::serve); }
