#pragma once

#include <csignal>

#include "echo/unique_fd.h"

namespace echo {

// Whoever reads what is written to a terminal or a pipe may be slow.

// The file behind the descriptor, opened once more to be written to without waiting; empty where it
// cannot be, because it is another user's or /proc is missing.
//
// A terminal or a pipe that select() calls writable may still take only a part of a line and make a
// blocking write() wait for the rest. Setting O_NONBLOCK sets it for whoever else has the
// descriptor, the user's shell first; opening the same file again does not.
UniqueFd reopen_nonblocking(int fd);

// Waits until the descriptor takes more, or fails to. While it waits, the signal mask is
// `wait_mask`, where given. Returns false where a signal came first.
bool wait_for_reader(int fd, const sigset_t* wait_mask = nullptr);

}  // namespace echo
