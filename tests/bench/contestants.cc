#include "bench/contestants.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace echo::bench {
namespace {

Contestant echo_server(std::string name, const std::string& path) {
  return {.name = std::move(name),
          .command = {path, "--host", "127.0.0.1", "--port", "0", "--quiet"}};
}

Contestant built_peer(std::string name, const std::string& file) {
  return {.name = std::move(name), .command = {BENCH_PEERS "/" + file}};
}

bool is_there(const Contestant& contestant) {
  return std::all_of(contestant.command.begin(), contestant.command.end(),
                     [](const std::string& word) { return std::filesystem::exists(word); });
}

}  // namespace

std::vector<Contestant> echo_servers(const std::vector<std::string>& others) {
  std::vector<Contestant> servers{echo_server("echo_server", ECHO_SERVER)};
  for (const std::string& other : others) {
    const std::filesystem::path path = std::filesystem::absolute(other);
    const std::filesystem::path name = path.parent_path().filename() / path.filename();
    servers.push_back(echo_server(name.string(), path.string()));
  }
  return servers;
}

Contestant reference() { return built_peer("epoll", "epoll_echo"); }

std::vector<Contestant> peers() {
  std::vector<Contestant> all{
      built_peer("poll", "poll_echo"),
      built_peer("select", "select_echo"),
      built_peer("least", "least_echo"),
      built_peer("libuv", "libuv_echo"),
      built_peer("libevent", "libevent_echo"),
      built_peer("Asio", "asio_echo"),
      built_peer("Go", "go_echo"),
      {.name = "Node.js", .command = {BENCH_NODE, BENCH_SCRIPTS "/node_echo.mjs"}},
      {.name = "Python", .command = {BENCH_PYTHON, BENCH_SCRIPTS "/select_echo.py"}},
  };
  std::erase_if(all, [](const Contestant& peer) { return !is_there(peer); });
  return all;
}

}  // namespace echo::bench
