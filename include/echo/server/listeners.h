#pragma once

#include <string>
#include <vector>

#include "echo/os/log.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "echo/server/server_settings.h"

namespace echo {

// Resolves each name with resolve(). Throws the errors of resolve(), and std::runtime_error for a
// multicast or broadcast address, to which no client can connect.
std::vector<Addresses> resolve_hosts(const std::vector<std::string>& names);

// Listens once on every address of every host and logs each: `starting up on ADDR port PORT`, at
// every log level if the kernel has chosen the port. An address that a wildcard includes gets no
// listener of its own. If this machine does not have an address, logs a warning, provided that
// another address of the same host works. Throws std::system_error, with the address and port in
// its text, if a host has no usable address or an address fails for another reason.
//
// Uses an `old` listener of the previous server instead of a new one if its address, port and
// SO_REUSEPORT are the requested ones, so that the clients that wait on it are served.
std::vector<UniqueFd> open_listeners(const ListenSettings& settings,
                                     const std::vector<UniqueFd>& old, Log& log);

// Takes and logs all listeners that the service manager has opened and passed, without changing
// their addresses.
std::vector<UniqueFd> adopt_listeners(std::vector<UniqueFd> passed, Log& log);

// Closes the old listeners that the settings do not request, because they may block new ones.
// Returns the clients that waited on them.
std::vector<Accepted> close_unwanted(std::vector<UniqueFd>& old, const ListenSettings& settings);

}  // namespace echo
