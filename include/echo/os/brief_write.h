#pragma once

#include <sys/types.h>

#include <string_view>

namespace echo {

// One write(2) of the first bytes, if select(2) finds room for some: for a pipe or a terminal on
// which a write may wait, and O_NONBLOCK must not be set because others share the description.
//
// Another writer may take the room first, or there may be too little: then a timer interrupts the
// wait, after kMaxWait. Returns -1 and EAGAIN if nothing was written. From the first call on the
// process catches SIGALRM; a timer that was set before (setitimer(2), ITIMER_REAL) is lost.
ssize_t write_briefly(int fd, std::string_view text) noexcept;

}  // namespace echo
