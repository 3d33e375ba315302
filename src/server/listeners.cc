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

// With port 0 the kernel chooses the port for the first address. Another process may use that port
// on another address.
constexpr int kMaxTries = 16;

bool is_missing_here(const std::error_code& error) {
  return error.value() == EADDRNOTAVAIL || error.value() == EAFNOSUPPORT;
}

// True if listen_on() would create the same listener for the endpoint; port 0 matches any port.
// SO_REUSEPORT matters, because it takes effect at bind(2) (socket(7)).
bool is_listener_for(int listener, const Endpoint& endpoint, bool reuse_port) {
  const Endpoint local = local_endpoint(listener);
  return local.host() == endpoint.host() &&
         (endpoint.port() == 0 || local.port() == endpoint.port()) &&
         shares_port(listener) == reuse_port;
}

bool includes(const Endpoint& wildcard, const Endpoint& other) {
  return wildcard.is_wildcard() && !other.is_wildcard() && wildcard.family() == other.family();
}

// True if the settings request this listener, and no wildcard that includes it.
bool is_wanted(int listener, const ListenSettings& settings) {
  const Endpoint local = local_endpoint(listener);
  bool found = false;
  for (const Addresses& host : settings.hosts) {
    for (const Endpoint& wanted : host) {
      if (includes(wanted, local)) return false;
      found =
          found || is_listener_for(listener, wanted.with_port(settings.port), settings.reuse_port);
    }
  }
  return found;
}

// Rejects multicast and broadcast addresses, because the kernel accepts a listener on them.
void expect_no_group_address(const Endpoint& endpoint) {
  const char* const kind = endpoint.is_multicast()  ? "multicast"
                           : is_broadcast(endpoint) ? "broadcast"
                                                    : nullptr;
  if (kind == nullptr) return;
  throw std::runtime_error("cannot listen on " + endpoint.host() +
                           ": clients cannot connect to a " + kind + " address");
}

// Logs the addresses, at every level if the kernel has chosen the port, because the user has no
// other way to learn it.
void announce(const std::vector<UniqueFd>& listeners, bool at_any_level, Log& log) {
  for (const UniqueFd& listener : listeners) {
    const Endpoint local = local_endpoint(listener.get());
    if (at_any_level) {
      log.answer("starting up on ", local.host(), " port ", local.port());
    } else {
      log.info("starting up on ", local.host(), " port ", local.port());
    }
  }
}

// One attempt to open the listeners of all addresses.
class ListenerOpener {
 public:
  ListenerOpener(const ListenSettings& settings, const std::vector<UniqueFd>& old)
      : settings_(settings), port_(settings.port), old_(old) {
    for (const Addresses& host : settings.hosts) {
      std::copy_if(host.begin(), host.end(), std::back_inserter(wildcards_),
                   [](const Endpoint& endpoint) { return endpoint.is_wildcard(); });
    }
    for (const Addresses& host : settings.hosts) open_host(host);
  }

  std::vector<UniqueFd> finish(Log& log) {
    for (const std::string& warning : warnings_) log.warning(warning);
    announce(listeners_, settings_.port == 0, log);
    return std::move(listeners_);
  }

 private:
  // Throws unless it listens on at least one address of the host.
  void open_host(const Addresses& host) {
    std::optional<std::system_error> missing;
    bool listens = false;
    for (const Endpoint& endpoint : host) {
      try {
        if (!is_covered(endpoint)) open(endpoint);
        listens = true;
      } catch (const std::system_error& error) {
        if (!is_missing_here(error.code())) throw;
        warnings_.emplace_back(error.what());
        missing = error;
      }
    }
    if (!listens && missing) throw std::system_error(*missing);
  }

  // True if the address is already open, under any name, or a wildcard includes it.
  bool is_covered(const Endpoint& endpoint) const {
    const auto includes_it = [&](const Endpoint& wildcard) { return includes(wildcard, endpoint); };
    return std::any_of(wildcards_.begin(), wildcards_.end(), includes_it) ||
           std::find(opened_.begin(), opened_.end(), endpoint.host()) != opened_.end();
  }

  // All listeners use the port of the first one.
  void open(const Endpoint& endpoint) {
    UniqueFd listener = copy_old(endpoint);
    if (!listener) {
      listener = listen_on(endpoint.with_port(port_), settings_.backlog, settings_.reuse_port,
                           settings_.keepalive);
    }
    port_ = local_endpoint(listener.get()).port();
    const int error = errno;
    if (port_ == 0) {
      throw std::system_error(error, std::generic_category(),
                              "cannot read the port of the listener on " + endpoint.host());
    }
    listeners_.push_back(std::move(listener));
    opened_.push_back(endpoint.host());
  }

  // Returns a copy, because another attempt after a failure needs the old listener again.
  UniqueFd copy_old(const Endpoint& endpoint) const {
    for (const UniqueFd& old : old_) {
      if (!is_listener_for(old.get(), endpoint.with_port(port_), settings_.reuse_port)) continue;
      UniqueFd copy(::fcntl(old.get(), F_DUPFD_CLOEXEC, 0));
      if (!copy) continue;
      set_backlog(copy.get(), settings_.backlog);
      set_keepalive(copy.get(), settings_.keepalive);
      return copy;
    }
    return {};
  }

  const ListenSettings& settings_;
  std::uint16_t port_;
  const std::vector<UniqueFd>& old_;
  std::vector<Endpoint> wildcards_;
  std::vector<UniqueFd> listeners_;
  std::vector<std::string> opened_;  // The hosts of `listeners_`, as requested.
  std::vector<std::string> warnings_;
};

}  // namespace

std::vector<Addresses> resolve_hosts(const std::vector<std::string>& names) {
  std::vector<Addresses> hosts;
  hosts.reserve(names.size());
  for (const std::string& name : names) {
    hosts.push_back(resolve(name, 0));
    for (const Endpoint& endpoint : hosts.back()) expect_no_group_address(endpoint);
  }
  return hosts;
}

std::vector<UniqueFd> open_listeners(const ListenSettings& settings,
                                     const std::vector<UniqueFd>& old, Log& log) {
  // A port that the kernel has chosen for the first address may be in use on another address. The
  // next attempt gets another port and therefore cannot use the old listeners.
  const std::vector<UniqueFd> none;
  for (int tries = 1;; ++tries) {
    try {
      return ListenerOpener(settings, tries == 1 ? old : none).finish(log);
    } catch (const std::system_error& error) {
      const bool unlucky = settings.port == 0 && error.code() == std::errc::address_in_use;
      if (!unlucky || tries == kMaxTries) throw;
    }
  }
}

std::vector<UniqueFd> adopt_listeners(std::vector<UniqueFd> passed, Log& log) {
  for (const UniqueFd& listener : passed) limit_accept_wait(listener.get());
  announce(passed, false, log);
  return passed;
}

std::vector<Accepted> close_unwanted(std::vector<UniqueFd>& old, const ListenSettings& settings) {
  std::vector<Accepted> waiting;
  for (UniqueFd& listener : old) {
    if (is_wanted(listener.get(), settings)) continue;
    // A bounded number, so that a flood of clients cannot prevent the start.
    for (int i = 0; i <= settings.backlog; ++i) {
      Accepted accepted = accept_from(listener.get());
      if (!accepted.fd) break;
      waiting.push_back(std::move(accepted));
    }
    // Closing is not enough: the service manager keeps a copy open until the start has succeeded.
    shut_down_listener(listener.get());
    listener.reset();
  }
  std::erase_if(old, [](const UniqueFd& fd) { return !fd; });
  return waiting;
}

}  // namespace echo
