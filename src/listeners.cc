#include "echo/listeners.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "echo/endpoint.h"
#include "echo/socket.h"

namespace echo {
namespace {

// With port 0 the first address chooses the port, and another process may hold it on the second.
constexpr int kMostTries = 16;

bool is_missing_here(const std::error_code& error) {
  return error.value() == EADDRNOTAVAIL || error.value() == EAFNOSUPPORT;
}

// All the addresses of one try to open listeners.
class Opening {
 public:
  explicit Opening(const ListenSettings& settings) : settings_(settings), port_(settings.port) {}

  void open_host(const std::string& host) {
    std::optional<std::system_error> missing;
    std::size_t had = 0;
    for (const Endpoint& endpoint : resolve(host, 0)) {
      try {
        open_endpoint(endpoint);
        ++had;
      } catch (const std::system_error& error) {
        if (!is_missing_here(error.code())) throw;
        warnings_.emplace_back(error.what());
        missing = error;
      }
    }
    if (had == 0 && missing) throw std::system_error(*missing);
  }

  std::vector<UniqueFd> finish(Log& log) {
    for (const std::string& warning : warnings_) log.warning(warning);
    for (const UniqueFd& listener : listeners_) {
      const Endpoint local = local_endpoint(listener.get());
      log.info("starting up on ", local.host(), " port ", local.port());
    }
    return std::move(listeners_);
  }

 private:
  void open_endpoint(const Endpoint& endpoint) {
    // The same address by two names is listened on once.
    if (std::find(hosts_.begin(), hosts_.end(), endpoint.host()) != hosts_.end()) return;
    listeners_.push_back(
        listen_on(endpoint.with_port(port_), settings_.backlog, settings_.reuse_port));
    hosts_.push_back(endpoint.host());
    port_ = local_endpoint(listeners_.back().get()).port();
  }

  const ListenSettings& settings_;
  std::uint16_t port_;
  std::vector<std::string> hosts_;
  std::vector<UniqueFd> listeners_;
  std::vector<std::string> warnings_;
};

}  // namespace

std::vector<UniqueFd> open_listeners(const ListenSettings& settings, Log& log) {
  for (int tries = 1;; ++tries) {
    try {
      Opening opening(settings);
      for (const std::string& host : settings.hosts) opening.open_host(host);
      return opening.finish(log);
    } catch (const std::system_error& error) {
      const bool unlucky = settings.port == 0 && error.code() == std::errc::address_in_use;
      if (!unlucky || tries == kMostTries) throw;
    }
  }
}

}  // namespace echo
