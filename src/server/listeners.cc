#include "echo/server/listeners.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "echo/os/endpoint.h"
#include "echo/os/socket.h"

namespace echo {
namespace {

// With port 0 the first address chooses the port, and another process may hold it on the second.
constexpr int kMaxTries = 16;

bool is_missing_here(const std::error_code& error) {
  return error.value() == EADDRNOTAVAIL || error.value() == EAFNOSUPPORT;
}

// Whether it is what listen_on() would make for the endpoint; port 0 stands for any. SO_REUSEPORT
// counts when a listener is bound (socket(7)).
bool is_one(int listener, const Endpoint& endpoint, bool reuse_port) {
  const Endpoint local = local_endpoint(listener);
  return local.host() == endpoint.host() &&
         (endpoint.port() == 0 || local.port() == endpoint.port()) &&
         shares_port(listener) == reuse_port;
}

bool takes_in(const Endpoint& wildcard, const Endpoint& other) {
  return wildcard.is_wildcard() && !other.is_wildcard() && wildcard.family() == other.family();
}

// Whether one of those that are to be opened is this one, and none takes it in.
bool is_wanted(int listener, const ListenSettings& settings) {
  const Endpoint local = local_endpoint(listener);
  bool found = false;
  for (const Addresses& host : settings.hosts) {
    for (const Endpoint& wanted : host) {
      if (takes_in(wanted, local)) return false;
      found = found || is_one(listener, wanted.with_port(settings.port), settings.reuse_port);
    }
  }
  return found;
}

// The system lets one listen on any of these.
void expect_to_be_connected_to(const Endpoint& endpoint) {
  const char* const kind = endpoint.is_multicast()  ? "multicast"
                           : is_broadcast(endpoint) ? "broadcast"
                                                    : nullptr;
  if (kind == nullptr) return;
  throw std::runtime_error("cannot listen on " + endpoint.host() + ": nobody can connect to a " +
                           kind + " address");
}

// Where the system has chosen the port, that is what the user wants to know.
void announce(const Endpoint& local, bool is_news, Log& log) {
  const std::string host = local.host();
  if (is_news) {
    log.answer("starting up on ", host, " port ", local.port());
  } else {
    log.info("starting up on ", host, " port ", local.port());
  }
}

// All the addresses of one try to open listeners.
class Opening {
 public:
  Opening(const ListenSettings& settings, const std::vector<UniqueFd>& old)
      : settings_(settings), port_(settings.port), old_(old) {
    for (const Addresses& host : settings.hosts) {
      std::copy_if(host.begin(), host.end(), std::back_inserter(wildcards_),
                   [](const Endpoint& endpoint) { return endpoint.is_wildcard(); });
    }
    for (const Addresses& host : settings.hosts) open_host(host);
  }

  std::vector<UniqueFd> finish(Log& log) {
    for (const std::string& warning : warnings_) log.warning(warning);
    for (const Endpoint& local : locals_) announce(local, settings_.port == 0, log);
    return std::move(listeners_);
  }

 private:
  void open_host(const Addresses& host) {
    std::optional<std::system_error> missing;
    std::size_t had = 0;
    for (const Endpoint& endpoint : host) {
      if (is_covered(endpoint)) {
        ++had;
        continue;
      }
      try {
        listeners_.push_back(take_old(endpoint));
        if (!listeners_.back()) {
          listeners_.back() = listen_on(endpoint.with_port(port_), settings_.backlog,
                                        settings_.reuse_port, settings_.keepalive);
        }
      } catch (const std::system_error& error) {
        if (!is_missing_here(error.code())) throw;
        listeners_.pop_back();
        warnings_.emplace_back(error.what());
        missing = error;
        continue;
      }
      note_opened(endpoint.host());
      ++had;
    }
    if (had == 0 && missing) throw std::system_error(*missing);
  }

  // Whether it has been opened already, by this name or another, or a wildcard takes it in.
  bool is_covered(const Endpoint& endpoint) const {
    const auto takes_it_in = [&](const Endpoint& wildcard) { return takes_in(wildcard, endpoint); };
    return std::any_of(wildcards_.begin(), wildcards_.end(), takes_it_in) ||
           std::find(opened_.begin(), opened_.end(), endpoint.host()) != opened_.end();
  }

  // A copy: another address may fail, and all of it start again.
  UniqueFd take_old(const Endpoint& endpoint) const {
    for (const UniqueFd& old : old_) {
      if (!is_one(old.get(), endpoint.with_port(port_), settings_.reuse_port)) continue;
      UniqueFd copy(::fcntl(old.get(), F_DUPFD_CLOEXEC, 0));
      if (!copy) continue;
      set_backlog(copy.get(), settings_.backlog);
      set_keepalive(copy.get(), settings_.keepalive);
      return copy;
    }
    return {};
  }

  // The port that the first one has is every other one's too.
  void note_opened(const std::string& host) {
    const Endpoint local = local_endpoint(listeners_.back().get());
    const int error = errno;
    port_ = local.port();
    if (port_ == 0) {
      throw std::system_error(error, std::generic_category(), "cannot tell the port of " + host);
    }
    opened_.push_back(host);
    locals_.push_back(local);
  }

  const ListenSettings& settings_;
  std::uint16_t port_;
  const std::vector<UniqueFd>& old_;
  std::vector<Endpoint> wildcards_;
  std::vector<std::string> opened_;
  std::vector<Endpoint> locals_;  // Where they listen, in the system's words.
  std::vector<UniqueFd> listeners_;
  std::vector<std::string> warnings_;
};

}  // namespace

std::vector<Addresses> resolve_hosts(const std::vector<std::string>& names) {
  std::vector<Addresses> hosts;
  hosts.reserve(names.size());
  for (const std::string& name : names) {
    hosts.push_back(resolve(name, 0));
    for (const Endpoint& endpoint : hosts.back()) expect_to_be_connected_to(endpoint);
  }
  return hosts;
}

std::vector<UniqueFd> open_listeners(const ListenSettings& settings,
                                     const std::vector<UniqueFd>& old, Log& log) {
  // A port that the system chose for the first address may be taken on another one: all of it
  // starts again then, with another port, and so without the old ones.
  const std::vector<UniqueFd> none;
  for (int tries = 1;; ++tries) {
    try {
      return Opening(settings, tries == 1 ? old : none).finish(log);
    } catch (const std::system_error& error) {
      const bool unlucky = settings.port == 0 && error.code() == std::errc::address_in_use;
      if (!unlucky || tries == kMaxTries) throw;
    }
  }
}

std::vector<UniqueFd> adopt_listeners(std::vector<UniqueFd> passed, Log& log) {
  for (const UniqueFd& listener : passed) {
    never_wait_to_accept(listener.get());
    announce(local_endpoint(listener.get()), false, log);
  }
  return passed;
}

std::vector<Accepted> close_unwanted(std::vector<UniqueFd>& old, const ListenSettings& settings) {
  std::vector<Accepted> waiting;
  for (UniqueFd& listener : old) {
    if (is_wanted(listener.get(), settings)) continue;
    // As many as may have waited, so that no flood keeps it from starting.
    for (int i = 0; i <= settings.backlog; ++i) {
      Accepted accepted = accept_from(listener.get());
      if (!accepted.fd) break;
      waiting.push_back(std::move(accepted));
    }
    // What keeps the package keeps it open until the start has gone well.
    shut_down_listener(listener.get());
    listener.reset();
  }
  std::erase_if(old, [](const UniqueFd& fd) { return !fd; });
  return waiting;
}

}  // namespace echo
