#include "echo/os/signal_driven_io.h"

// POSIX has no such queue: no descriptor can be armed, so select() checks all of them.
namespace echo {

SignalDrivenIo::SignalDrivenIo() noexcept : process_(0) {}

SignalDrivenIo::~SignalDrivenIo() = default;

bool SignalDrivenIo::arm(int /*fd*/) const noexcept { return false; }

void SignalDrivenIo::disarm(int /*fd*/) noexcept {}

bool SignalDrivenIo::take(const std::function<void(int fd)>& /*happened*/) const { return true; }

}  // namespace echo
