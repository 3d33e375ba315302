#pragma once

#include <sys/types.h>

#include <string_view>

namespace echo {

// For a pipe or a terminal whose writer would have to wait, and whose O_NONBLOCK is not ours to
// set, because others have the same description open.
//
// One write(2) of the first bytes, if select(2) finds room for some. Another writer may take that
// room first, or there may be too little: a timer interrupts the wait then, after kMaxWait. -1 and
// EAGAIN if nothing was written. The process has caught SIGALRM since the first call, and no other
// use for ITIMER_REAL (setitimer(2)): a timer that was set before is gone.
ssize_t write_briefly(int fd, std::string_view text) noexcept;

}  // namespace echo
