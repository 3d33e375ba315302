#include "echo/server/acceptor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <new>
#include <utility>

#include "echo/base/errno_text.h"
#include "echo/os/platform.h"
#include "echo/server/listeners.h"

namespace echo {
namespace {

using namespace std::chrono_literals;

// The maximum number of clients in one batch.
constexpr int kMaxBatch = 64;

// The length of a pause, unless a connection ends earlier.
constexpr Duration kAcceptPause = 100ms;

// The acceptor gives up if a listener dies within this time after the last reopening.
constexpr Duration kReopenInterval = 1s;

// The listener is dead: another process has shut it down, or the descriptor belongs to another
// file.
constexpr std::array kListenerErrors{EINVAL, EBADF, ENOTSOCK};

bool is_listener_error(int error) {
  return std::find(kListenerErrors.begin(), kListenerErrors.end(), error) != kListenerErrors.end();
}

}  // namespace

Acceptor::Acceptor(const ServerSettings& settings, Log& log, Selector& selector,
                   const ConnectionTable& connections, AddConnection add_connection)
    : settings_(settings),
      log_(log),
      selector_(selector),
      connections_(connections),
      add_connection_(std::move(add_connection)) {}

std::vector<Accepted> Acceptor::listen(std::vector<UniqueFd> passed, std::vector<UniqueFd>& old) {
  are_passed_ = !passed.empty();
  ListenSettings settings = settings_.listen;
  if (are_passed_) settings.hosts.clear();
  std::vector<Accepted> waiting = close_unwanted(old, settings);
  listeners_ =
      are_passed_ ? adopt_listeners(std::move(passed), log_) : open_listeners(settings, old, log_);
  for (const UniqueFd& listener : listeners_) watch(listener.get());
  port_ = local_endpoint(listeners_.front().get()).port();
  return waiting;
}

std::span<const UniqueFd> Acceptor::listeners_to_hand_over() const noexcept {
  if (are_passed_) return {};
  return listeners_;
}

void Acceptor::watch(int listener) {
  listening_.insert(listener);
  selector_.watch_input(listener, true);
  selector_.keep_active(listener);
}

bool Acceptor::accept(int listener, Time now) {
  // If another process shares a blocking listener and takes the client first, accept(2) waits for
  // one tick. On such a listener, accept(2) is therefore called once per report of select().
  const int max = !are_passed_ || is_nonblocking(listener) ? kMaxBatch : 1;
  for (int i = 0; i < max; ++i) {
    Accepted client = accept_from(listener);
    const int error = client.fd ? admit(std::move(client), now) : client.error;
    if (error == 0 || is_client_error(error)) continue;
    if (is_listener_error(error)) {
      replace(listener, error, now);
    } else if (error != EAGAIN && error != EWOULDBLOCK) {
      // EMFILE, ENFILE, ENOBUFS, ENOMEM; and any unknown error, so that the loop cannot spin.
      pause(listener, error, now);
    }
    return false;
  }
  return true;
}

int Acceptor::admit(Accepted client, Time now) try {
  const std::size_t max = settings_.max_connections;
  const Endpoint peer = client.peer;
  if (max > 0 && connections_.size() >= max) {
    refuse(std::move(client), "--max-connections", now);
  } else if (client.fd.get() > max_select_fd()) {
    refuse(std::move(client), "select()", now);
  } else if (connections_.is_host_full(peer)) {
    refuse(std::move(client), "--max-per-host", now);
  } else {
    add_connection_(std::move(client));
    ++accepted_;
    log_.info("new connection from ", peer);
  }
  return 0;
} catch (const std::bad_alloc&) {
  return ENOMEM;
}

void Acceptor::refuse(Accepted client, std::string_view limit, Time now) {
  ++refused_;
  last_refused_ = client.peer;
  last_limit_ = limit;
  log_refusals(refusal_log_limit_.note(now));
  close_politely(std::move(client.fd));
}

void Acceptor::log_refusals(std::optional<std::uint64_t> refusals) {
  if (!refusals) return;
  log_.warning("connections refused: ", *refusals, ", the last from ", last_refused_, " (",
               last_limit_, "); ", connections_.size(), " open");
}

// A listener that stays readable while accept() fails would turn select() into a busy loop. The
// other listeners continue.
void Acceptor::pause(int listener, int error, Time now) {
  if (pause_log_limit_.note(now)) {
    log_.warning("cannot accept connections: ", ErrnoText{error}, "; new ones wait; ",
                 connections_.size(), " open");
  }
  selector_.watch_input(listener, false);
  resume_at_ = now + kAcceptPause;
}

void Acceptor::end_pause(Time now) noexcept {
  if (resume_at_) resume_at_ = now;
}

void Acceptor::resume(Time now) {
  resume_at_.reset();
  if (is_finishing_) {
    accept_backlog(now);
    return;
  }
  for (const UniqueFd& listener : listeners_) selector_.watch_input(listener.get(), true);
}

// Only the service manager can reopen a passed listener, and this server must end first.
void Acceptor::replace(int dead, int error, Time now) {
  if (is_finishing_) return;
  const Endpoint local = local_endpoint(dead);
  log_.error("cannot accept on ", local.host(), " port ", local.port(), ": ", ErrnoText{error});
  selector_.forget(dead);
  listening_.erase(dead);
  std::erase_if(listeners_, [dead](const UniqueFd& each) { return each.get() == dead; });
  // If listeners die repeatedly, a restart may help.
  if (are_passed_ || now < reopen_from_ || !reopen(local, now)) has_failed_ = true;
}

bool Acceptor::reopen(const Endpoint& local, Time now) {
  reopen_from_ = now + kReopenInterval;
  try {
    const ListenSettings& listen = settings_.listen;
    listeners_.push_back(listen_on(local, listen.backlog, listen.reuse_port, listen.keepalive));
    watch(listeners_.back().get());
  } catch (const std::exception& failure) {
    log_.error(failure.what());
    return false;
  }
  log_.info("starting up on ", local.host(), " port ", local.port());
  return true;
}

void Acceptor::handle_timeouts(Time now) {
  log_refusals(refusal_log_limit_.take(now));
  if (resume_at_ && now >= *resume_at_) resume(now);
}

std::optional<Time> Acceptor::next_deadline() const noexcept {
  return earliest({resume_at_, refusal_log_limit_.due()});
}

void Acceptor::finish(Time now) {
  is_finishing_ = true;
  if (are_passed_) {
    stop();
  } else {
    accept_backlog(now);
  }
}

// The kernel has completed these connections, so the clients may already have sent bytes.
void Acceptor::accept_backlog(Time now) {
  for (const UniqueFd& listener : listeners_) {
    selector_.watch_input(listener.get(), false);
    close_backlog(listener.get());
    for (int waiting = settings_.listen.backlog; waiting >= 0; waiting -= kMaxBatch) {
      if (!accept(listener.get(), now)) break;
    }
  }
  if (!resume_at_) stop();
}

void Acceptor::stop() noexcept {
  for (const UniqueFd& listener : listeners_) {
    selector_.forget(listener.get());
    if (are_passed_) unlimit_accept_wait(listener.get());
  }
  listening_.clear();
  listeners_.clear();
  resume_at_.reset();
}

}  // namespace echo
