#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "echo/base/time.h"
#include "echo/os/endpoint.h"

namespace echo {

// The addresses of the server's name, which may change while a client runs. A list lives as long as
// a connection holds it.
class ServerAddresses {
 public:
  using List = std::vector<Endpoint>;
  // Returns at least one address, or throws std::system_error.
  using LookUp = std::function<List()>;

  // Looks the name up, and throws what that throws.
  explicit ServerAddresses(LookUp look_up);

  const std::shared_ptr<const List>& list() const noexcept { return list_; }

  // Which of the list to try first: the one that worked last.
  std::size_t first() const noexcept { return first_; }
  void prefer(const Endpoint& address) noexcept;

  // Looks the name up again, unless that was done a moment ago: everything else waits meanwhile, so
  // it takes at most a tenth of the time. If it fails, the old addresses stay. `clock` returns the
  // time.
  void look_up_again(const std::function<Time()>& clock);

 private:
  LookUp look_up_;
  std::shared_ptr<const List> list_;
  std::size_t first_ = 0;
  Time next_look_up_ = Time::min();
};

}  // namespace echo
