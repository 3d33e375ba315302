#pragma once

#include <cstdint>
#include <string>

#include "echo/load/load_observer.h"
#include "echo/load/load_settings.h"

namespace echo {

// The lines of ping mode, each with a newline, in the style of ping(8).

// "PING localhost port 10000: 64 bytes per message\n"
std::string ping_header(const LoadSettings& settings);

// "64 bytes from 127.0.0.1:10000: seq=1 time=0.123 ms\n"
std::string ping_line(const LoadObserver::Answer& answer);

// "seq=2 lost: Connection reset by peer, at offset 64 of 128\n"
std::string ping_loss_line(std::uint64_t sequence, const std::string& reason);

}  // namespace echo
