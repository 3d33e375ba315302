#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "echo/base/time.h"
#include "echo/client/target.h"
#include "echo/os/endpoint.h"

namespace echo {

// The addresses of the server's host name. They may change while a client runs; a connection keeps
// the list with which it was created.
//
// By default each connection tries the addresses until one works. With `separate` each connection
// has one address, in turn, and the addresses do not change.
class ServerAddresses {
 public:
  using List = std::vector<Endpoint>;
  // Returns at least one address, or throws std::system_error.
  using LookUp = std::function<List()>;

  // Calls `look_up`, and passes its exceptions on.
  explicit ServerAddresses(LookUp look_up, bool separate = false);

  // The number of different lists: 1 unless the addresses are separate.
  std::size_t lists() const noexcept { return lists_.size(); }
  // The list for the connection at the index.
  const std::shared_ptr<const List>& list(std::size_t index = 0) const noexcept {
    return lists_[index % lists_.size()];
  }

  // The index of the address to try first: the one that worked last.
  std::size_t first() const noexcept { return first_; }
  void prefer(const Endpoint& address) noexcept;

  // Looks the name up again. Keeps the old addresses if that fails. A lookup blocks the whole
  // client, so calls are ignored for ten times the duration of the last lookup, at least 100 ms.
  // `clock` returns the current time.
  void look_up_again(const std::function<Time()>& clock);

 private:
  LookUp look_up_;
  const bool separate_;
  std::vector<std::shared_ptr<const List>> lists_;
  std::size_t first_ = 0;
  Time next_look_up_ = Time::min();
};

// Looks up the host of the target. Throws std::system_error if it has no address, or if a
// connection cannot come from the target's origin.
ServerAddresses look_up(const Target& target);

}  // namespace echo
