#include "echo/client/server_addresses.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

namespace echo {
namespace {

constexpr Duration kShortestPause = std::chrono::milliseconds{100};
constexpr int kShare = 10;

bool is_same(const Endpoint& one, const Endpoint& other) {
  return one.to_string() == other.to_string();
}

}  // namespace

ServerAddresses::ServerAddresses(LookUp look_up)
    : look_up_(std::move(look_up)), list_(std::make_shared<const List>(look_up_())) {}

void ServerAddresses::prefer(const Endpoint& address) noexcept {
  const auto found = std::find_if(list_->begin(), list_->end(),
                                  [&](const Endpoint& each) { return is_same(each, address); });
  if (found != list_->end()) first_ = static_cast<std::size_t>(found - list_->begin());
}

void ServerAddresses::look_up_again(const std::function<Time()>& clock) {
  const Time before = clock();
  if (before < next_look_up_) return;
  try {
    List found = look_up_();
    if (!std::equal(found.begin(), found.end(), list_->begin(), list_->end(), &is_same)) {
      const Endpoint preferred = (*list_)[first_];
      list_ = std::make_shared<const List>(std::move(found));
      first_ = 0;
      prefer(preferred);
    }
  } catch (const std::system_error&) {
    // A temporary DNS failure must not end a run that can continue with the old addresses.
  }
  const Time after = clock();
  next_look_up_ = after + std::max(kShortestPause, kShare * (after - before));
}

}  // namespace echo
