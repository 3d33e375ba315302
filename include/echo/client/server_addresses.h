#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"

namespace echo {

// The addresses of the server's host name. They may change while a client runs; a connection keeps
// the list with which it was created.
class ServerAddresses {
 public:
  using List = std::vector<Endpoint>;
  // Returns at least one address, or throws std::system_error.
  using LookUp = std::function<List()>;

  // Calls `look_up`, and passes its exceptions on.
  explicit ServerAddresses(LookUp look_up);

  const std::shared_ptr<const List>& list() const noexcept { return list_; }

  // The index of the address to try first: the one that worked last.
  std::size_t first() const noexcept { return first_; }
  void prefer(const Endpoint& address) noexcept;

  // Looks the name up again. Keeps the old addresses if that fails. A lookup blocks the whole
  // client, so calls are ignored for ten times the duration of the last lookup, at least 100 ms.
  // `clock` returns the current time.
  void look_up_again(const std::function<Time()>& clock);

 private:
  LookUp look_up_;
  std::shared_ptr<const List> list_;
  std::size_t first_ = 0;
  Time next_look_up_ = Time::min();
};

}  // namespace echo
