#include <cerrno>
#include <utility>

#include "echo/server/handover.h"

namespace echo {

int Handover::pack(std::span<const HandoverItem> /*items*/) { return ENOTSUP; }

bool Handover::release() noexcept { return false; }

void Unmap::operator()(void* /*memory*/) const noexcept {}

HandoverReader::HandoverReader(UniqueFd package)
    : package_(std::move(package)), error_("this build restores no connections") {}

void HandoverReader::take_connections() {}

}  // namespace echo
