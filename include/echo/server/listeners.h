#pragma once

#include <string>
#include <vector>

#include "echo/os/log.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "echo/server/server_settings.h"

namespace echo {

// Looks up each of the names, as resolve() does. Throws what it throws, and std::runtime_error for
// a multicast or broadcast address, which nobody can connect to.
std::vector<Addresses> resolve_hosts(const std::vector<std::string>& names);

// Listens on every address of every host, once, and logs each: `starting up on ADDR port PORT`, at
// whatever level where the system chose the port. What a wildcard among them takes in is not
// listened on besides. An address that this machine does not have is a warning while another one of
// the same host has been had. Throws std::system_error, with the address and port in its text,
// where none has, or an address cannot be listened on for another reason.
//
// A listener among `old`, those of the server before this one, that is one of those that are wanted
// is used in place of a new one: who waits on it is not let down.
std::vector<UniqueFd> open_listeners(const ListenSettings& settings,
                                     const std::vector<UniqueFd>& old, Log& log);

// The same for listeners that are open already, passed by the service manager: all of them, as they
// are.
std::vector<UniqueFd> adopt_listeners(std::vector<UniqueFd> passed, Log& log);

// Closes those of the old listeners that are not wanted any more, which would be in the way of new
// ones, and returns who has waited on them.
std::vector<Accepted> close_unwanted(std::vector<UniqueFd>& old, const ListenSettings& settings);

}  // namespace echo
