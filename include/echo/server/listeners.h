#pragma once

#include <string>
#include <vector>

#include "echo/os/log.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "echo/server/server_settings.h"

namespace echo {

// Looks up each of the names, as resolve() does. Throws what it throws, and std::runtime_error for
// a multicast or broadcast address, to which no client can connect.
std::vector<Addresses> resolve_hosts(const std::vector<std::string>& names);

// Listens on every address of every host, once, and logs each: `starting up on ADDR port PORT`, at
// any level if the kernel has chosen the port. An address that a wildcard takes in gets no listener
// of its own. An address that this machine does not have is a warning if another one of the same
// host is there. Throws std::system_error, with the address and port in its text, if none is, or
// an address fails for another reason.
//
// An `old` listener, of the server before this one, is used in place of a new one that would be the
// same, so that the clients that wait on it are served.
std::vector<UniqueFd> open_listeners(const ListenSettings& settings,
                                     const std::vector<UniqueFd>& old, Log& log);

// The same for listeners that the service manager has opened and passed: all of them, as they are.
std::vector<UniqueFd> adopt_listeners(std::vector<UniqueFd> passed, Log& log);

// Closes the old listeners that are not wanted any more, which would be in the way of new ones, and
// returns the clients that waited on them.
std::vector<Accepted> close_unwanted(std::vector<UniqueFd>& old, const ListenSettings& settings);

}  // namespace echo
