#include "echo/client/server_addresses.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "echo/os/socket.h"

namespace echo {
namespace {

constexpr Duration kShortestPause = std::chrono::milliseconds{100};
constexpr int kShare = 10;

bool is_same(const Endpoint& one, const Endpoint& other) {
  return one.to_string() == other.to_string();
}

}  // namespace

ServerAddresses::ServerAddresses(LookUp look_up, bool separate)
    : look_up_(std::move(look_up)), separate_(separate) {
  List found = look_up_();
  if (!separate) {
    lists_.push_back(std::make_shared<const List>(std::move(found)));
    return;
  }
  for (const Endpoint& address : found) lists_.push_back(std::make_shared<const List>(1, address));
}

void ServerAddresses::prefer(const Endpoint& address) noexcept {
  if (separate_) return;
  const List& list = *lists_.front();
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const Endpoint& each) { return is_same(each, address); });
  if (found != list.end()) first_ = static_cast<std::size_t>(found - list.begin());
}

void ServerAddresses::look_up_again(const std::function<Time()>& clock) {
  const Time before = clock();
  if (separate_ || before < next_look_up_) return;
  try {
    List found = look_up_();
    std::shared_ptr<const List>& list = lists_.front();
    if (!std::equal(found.begin(), found.end(), list->begin(), list->end(), &is_same)) {
      const Endpoint preferred = (*list)[first_];
      list = std::make_shared<const List>(std::move(found));
      first_ = 0;
      prefer(preferred);
    }
  } catch (const std::system_error&) {
    // A temporary DNS failure must not end a run that can continue with the old addresses.
  }
  const Time after = clock();
  next_look_up_ = after + std::max(kShortestPause, kShare * (after - before));
}

ServerAddresses look_up(const Target& target) {
  check_origin(target.origin);
  const auto resolve_host = [host = target.host, port = target.port, family = target.family] {
    return resolve(host, port, family);
  };
  return ServerAddresses(resolve_host, target.all_addresses);
}

}  // namespace echo
