#pragma once

#include "echo/unique_fd.h"

namespace echo {

// The file behind the descriptor, opened once more to be written to without waiting; empty where it
// cannot be, because it is another user's or /proc is missing.
//
// A terminal or a pipe that select() calls writable may still take only a part of a line and make a
// blocking write() wait for the rest. Setting O_NONBLOCK sets it for whoever else has the
// descriptor, the user's shell first; opening the same file again does not.
UniqueFd reopen_nonblocking(int fd);

}  // namespace echo
