#include "echo/server/connection_table.h"

#include <cstddef>
#include <utility>

namespace echo {

// All steps that may run out of memory come first.
Connection& ConnectionTable::add(Connection connection) {
  Connections::iterator& entry = slot(connection.fd());
  Connections added;
  added.push_back(std::move(connection));
  hosts_.add(added.front().peer());
  entry = added.begin();
  by_activity_.splice(by_activity_.end(), added);
  return by_activity_.back();
}

void ConnectionTable::renumber(int fd, UniqueFd copy) {
  Connections::iterator& entry = slot(copy.get());
  entry = std::exchange(slot(fd), by_activity_.end());
  entry->renumber(std::move(copy));
}

ConnectionTable::Connections::iterator& ConnectionTable::slot(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= by_fd_.size()) by_fd_.resize(index + 1, by_activity_.end());
  return by_fd_[index];
}

void ConnectionTable::remove(int fd) noexcept {
  const auto connection = by_fd_[static_cast<std::size_t>(fd)];
  by_fd_[static_cast<std::size_t>(fd)] = by_activity_.end();
  hosts_.remove(connection->peer());
  by_activity_.erase(connection);
}

bool ConnectionTable::contains(int fd) const noexcept {
  const auto index = static_cast<std::size_t>(fd);
  return index < by_fd_.size() && by_fd_[index] != by_activity_.end();
}

void ConnectionTable::move_to_back(Connection& connection) noexcept {
  by_activity_.splice(by_activity_.end(), by_activity_,
                      by_fd_[static_cast<std::size_t>(connection.fd())]);
}

}  // namespace echo
