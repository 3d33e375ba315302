// An echo server with libuv. uv_write() sends the bytes that the socket does not take immediately;
// reading pauses until it has finished.
#include <sys/socket.h>
#include <sys/types.h>
#include <uv.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "bench/peers/peer.h"
#include "echo/cli/program.h"
#include "echo/os/unique_fd.h"

namespace echo::bench {
namespace {

struct Client {
  uv_tcp_t socket{};
  uv_write_t write{};
  std::string rest;  // The bytes that uv_write() is sending.
};

// All clients share it: its bytes are sent or copied before the next read.
char chunk[kChunk];  // NOLINT(*-avoid-non-const-global-variables)

Client& client_of(const uv_stream_t* stream) { return *static_cast<Client*>(stream->data); }

void free_client(uv_handle_t* handle) {
  const std::unique_ptr<Client> client(static_cast<Client*>(handle->data));
}

void close(uv_stream_t* stream) { uv_close(reinterpret_cast<uv_handle_t*>(stream), &free_client); }

void provide_chunk(uv_handle_t* /*handle*/, std::size_t /*suggested*/, uv_buf_t* buffer) {
  *buffer = uv_buf_init(chunk, sizeof chunk);
}

void handle_read(uv_stream_t* stream, ssize_t length, const uv_buf_t* buffer);

void handle_written(uv_write_t* write, int status) {
  if (status < 0) {
    if (status != UV_ECANCELED) close(write->handle);
    return;
  }
  uv_read_start(write->handle, &provide_chunk, &handle_read);
}

void write_rest(uv_stream_t* stream, std::string_view rest) {
  Client& client = client_of(stream);
  client.rest = rest;
  const uv_buf_t buffer =
      uv_buf_init(client.rest.data(), static_cast<unsigned>(client.rest.size()));
  uv_read_stop(stream);
  uv_write(&client.write, stream, &buffer, 1, &handle_written);
}

void handle_read(uv_stream_t* stream, ssize_t length, const uv_buf_t* buffer) {
  if (length == 0) return;
  if (length < 0) {
    close(stream);
    return;
  }
  const std::string_view text(buffer->base, static_cast<std::size_t>(length));
  const uv_buf_t echo = uv_buf_init(buffer->base, static_cast<unsigned>(length));
  const int written = uv_try_write(stream, &echo, 1);
  if (written < 0 && written != UV_EAGAIN) {
    close(stream);
    return;
  }
  const std::string_view rest = text.substr(written < 0 ? 0 : static_cast<std::size_t>(written));
  if (!rest.empty()) write_rest(stream, rest);
}

void handle_connection(uv_stream_t* listener, int status) {
  if (status < 0) return;
  auto client = std::make_unique<Client>();
  uv_tcp_init(listener->loop, &client->socket);
  client->socket.data = client.get();
  // free_client() frees it.
  auto* const stream = reinterpret_cast<uv_stream_t*>(&client.release()->socket);
  if (uv_accept(listener, stream) != 0) {
    close(stream);
    return;
  }
  uv_tcp_nodelay(reinterpret_cast<uv_tcp_t*>(stream), 1);
  uv_read_start(stream, &provide_chunk, &handle_read);
}

int serve() {
  UniqueFd fd = open_listener();
  uv_tcp_t listener{};
  uv_tcp_init(uv_default_loop(), &listener);
  uv_tcp_open(&listener, fd.release());
  uv_listen(reinterpret_cast<uv_stream_t*>(&listener), SOMAXCONN, &handle_connection);
  return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

}  // namespace
}  // namespace echo::bench

int main() { return echo::run_program("libuv_echo", &echo::bench::serve); }
