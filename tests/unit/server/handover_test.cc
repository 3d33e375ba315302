#include "echo/server/handover.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "echo/os/endpoint.h"
#include "echo/os/socket.h"
#include "echo/os/unique_fd.h"
#include "echo/server/block_pool.h"
#include "echo/server/message_queue.h"
#include "support/socket_pair.h"
#include "support/test_peer.h"

namespace echo::test {
namespace {

std::string number(std::uint64_t value) {
  std::string text(sizeof value, '\0');
  std::memcpy(text.data(), &value, sizeof value);
  return text;
}

const std::string kFormat = "echo_server handover 1\n";  // NOLINT(cert-err58-cpp)

constexpr std::uint64_t kListener = 1;
constexpr std::uint64_t kClient = 2;

std::string refusal_of(const std::string& file) {
  try {
    parse_handover(file);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

TEST(ParseHandover, ParsesRecordsAndTheirBytes) {
  const std::string file = kFormat + number(3) + number(kListener) + number(0) + number(kClient) +
                           number(5) + number(3) + number(3) + "first" + "2nd";
  const auto records = parse_handover(file);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].kind, HandoverKind::kListener);
  EXPECT_EQ(records[0].pending, "");
  EXPECT_EQ(records[1].kind, HandoverKind::kConnection);
  EXPECT_EQ(records[1].pending, "first");
  EXPECT_EQ(records[2].kind, HandoverKind::kConnectionAtEof);
  EXPECT_EQ(records[2].pending, "2nd");
}

TEST(ParseHandover, AcceptsAnEmptyList) {
  EXPECT_TRUE(parse_handover(kFormat + number(0)).empty());
}

TEST(ParseHandover, RejectsAnotherVersion) {
  EXPECT_EQ(refusal_of("echo_server handover 2\n" + number(0)), "unknown format or version");
}

TEST(ParseHandover, RejectsATruncatedFile) {
  const std::string whole = kFormat + number(1) + number(kClient) + number(4) + "rest";
  EXPECT_EQ(refusal_of(whole), "none");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(refusal_of(whole.substr(0, length)), "none") << length;
  }
}

TEST(ParseHandover, RejectsNumbersThatAreTooLarge) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(refusal_of(kFormat + number(kMax)), "truncated");
  EXPECT_EQ(refusal_of(kFormat + number(kMax / 16 + 2) + number(kClient) + number(0)), "truncated");
  EXPECT_EQ(refusal_of(kFormat + number(1) + number(kClient) + number(kMax)), "truncated");
  EXPECT_EQ(refusal_of(kFormat + number(2) + number(kClient) + number(1) + number(kClient) +
                       number(kMax) + "1"),
            "truncated");
}

TEST(ParseHandover, RejectsTrailingData) {
  EXPECT_EQ(refusal_of(kFormat + number(0) + "x"), "more data than announced");
}

TEST(ParseHandover, RejectsUnknownKinds) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t kind : {std::uint64_t{0}, std::uint64_t{4}, kMax}) {
    EXPECT_EQ(refusal_of(kFormat + number(1) + number(kind) + number(0)), "unknown kind of record");
  }
}

TEST(ParseHandover, RejectsAListenerWithData) {
  EXPECT_EQ(refusal_of(kFormat + number(1) + number(kListener) + number(1) + "x"),
            "listener record with data");
}

HandoverReader open(UniqueFd package) {
  HandoverReader reader(std::move(package));
  reader.take_connections();
  return reader;
}

// A connection to hand over, and its pending bytes.
struct Given {
  SocketPair pair = make_tcp_pair();
  MessageQueue pending;
};

class HandoverTest : public testing::Test {
 protected:
  HandoverTest() { pool_.set_capacity(100); }

  void give(HandoverKind kind, const std::string& pending) {
    given_.emplace_back();
    given_.back().pending.push(pending, pool_);
    kinds_.push_back(kind);
  }

  // Packs all connections and closes them in this process.
  UniqueFd pack() {
    std::vector<HandoverItem> items;
    for (std::size_t i = 0; i < given_.size(); ++i) {
      items.push_back(
          {.fd = given_[i].pair.ours.get(), .kind = kinds_[i], .pending = &given_[i].pending});
    }
    Handover handover;
    EXPECT_EQ(handover.pack(items), 0);
    UniqueFd package(::fcntl(handover.fd(), F_DUPFD_CLOEXEC, 0));
    EXPECT_TRUE(handover.release());
    for (Given& each : given_) each.pair.ours.reset();
    return package;
  }

  BlockPool pool_;
  std::vector<Given> given_;
  std::vector<HandoverKind> kinds_;
};

TEST_F(HandoverTest, RestoresConnectionsWithTheirPendingBytes) {
  const std::string much = random_bytes(300'000);
  give(HandoverKind::kConnection, "");
  give(HandoverKind::kConnection, much);
  give(HandoverKind::kConnectionAtEof, "the rest");
  HandoverReader reader = open(pack());
  EXPECT_EQ(reader.error(), "");
  ASSERT_EQ(reader.connections().size(), 3U);
  EXPECT_TRUE(reader.listeners().empty());
  const std::vector<std::string> pending{"", much, "the rest"};
  for (std::size_t i = 0; i < 3; ++i) {
    RestoredConnection& connection = reader.connections()[i];
    EXPECT_TRUE(connection.pending == pending[i]);
    EXPECT_EQ(connection.at_eof, i == 2);
    // It is the same client's connection, and it was not closed meanwhile.
    const std::string text = std::to_string(i);
    EXPECT_EQ(send(connection.fd.get(), text).bytes, 1U);
    EXPECT_EQ(TestPeer(std::move(given_[i].pair.theirs)).receive(1), text);
  }
}

// One message carries at most 253 descriptors.
TEST_F(HandoverTest, RestoresMoreThanOneMessageCarries) {
  constexpr std::size_t kMany = 600;
  for (std::size_t i = 0; i < kMany; ++i) give(HandoverKind::kConnection, std::to_string(i));
  HandoverReader reader = open(pack());
  ASSERT_EQ(reader.connections().size(), kMany);
  for (std::size_t i = 0; i < kMany; ++i) {
    RestoredConnection& connection = reader.connections()[i];
    EXPECT_EQ(connection.pending, std::to_string(i));
    EXPECT_EQ(remote_endpoint(connection.fd.get()).port(),
              local_endpoint(given_[i].pair.theirs.get()).port());
  }
}

TEST_F(HandoverTest, RestoresListeners) {
  const UniqueFd listener = listen_on(resolve("127.0.0.1", 0).front(), 1, false);
  const std::array items{
      HandoverItem{.fd = listener.get(), .kind = HandoverKind::kListener, .pending = nullptr}};
  Handover handover;
  ASSERT_EQ(handover.pack(items), 0);
  HandoverReader reader = open(UniqueFd(::fcntl(handover.fd(), F_DUPFD_CLOEXEC, 0)));
  EXPECT_EQ(reader.error(), "");
  ASSERT_EQ(reader.listeners().size(), 1U);
  EXPECT_EQ(local_endpoint(reader.listeners().front().get()).port(),
            local_endpoint(listener.get()).port());
}

TEST_F(HandoverTest, LeavesAnInspectedPackageIntact) {
  give(HandoverKind::kConnection, "rest");
  const UniqueFd package = pack();
  for (int i = 0; i < 3; ++i) {
    const HandoverReader looked_at(UniqueFd(::dup(package.get())));
    EXPECT_EQ(looked_at.error(), "");
  }
  HandoverReader reader = open(UniqueFd(::dup(package.get())));
  ASSERT_EQ(reader.connections().size(), 1U);
  EXPECT_EQ(reader.connections().front().pending, "rest");
}

TEST_F(HandoverTest, RejectsMoreListenersThanOneMessageCarries) {
  for (int i = 0; i < 253; ++i) give(HandoverKind::kListener, "");
  std::vector<HandoverItem> items;
  for (const Given& given : given_) {
    items.push_back(
        {.fd = given.pair.ours.get(), .kind = HandoverKind::kListener, .pending = nullptr});
  }
  Handover handover;
  EXPECT_EQ(handover.pack(items), EMSGSIZE);
  items.pop_back();
  EXPECT_EQ(handover.pack(items), 0);
}

TEST_F(HandoverTest, ClosesDescriptorsOfAnotherType) {
  give(HandoverKind::kListener, "");
  give(HandoverKind::kConnection, "two");
  give(HandoverKind::kConnection, "three");
  given_[2].pair = make_socket_pair();
  HandoverReader reader = open(pack());
  EXPECT_EQ(reader.error(), "2 of 3 descriptors are missing or of another type");
  ASSERT_EQ(reader.connections().size(), 1U);
  EXPECT_EQ(reader.connections().front().pending, "two");
  for (const std::size_t i : {0UL, 2UL}) {
    EXPECT_EQ(TestPeer(std::move(given_[i].pair.theirs)).receive_to_eof(), "");
  }
}

// The receiving process has a lower descriptor limit. No connection may get the pending bytes of a
// different one.
TEST_F(HandoverTest, RestoresConnectionsUpToTheDescriptorLimit) {
  for (int i = 0; i < 300; ++i) give(HandoverKind::kConnection, std::to_string(i));
  const UniqueFd package = pack();
  for (Given& each : given_) {
    each.pair.theirs = UniqueFd(::fcntl(each.pair.theirs.get(), F_DUPFD_CLOEXEC, 500));
  }
  const pid_t child = ::fork();
  if (child == 0) {
    rlimit limit{.rlim_cur = 200, .rlim_max = 200};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    HandoverReader reader = open(UniqueFd(::dup(package.get())));
    bool right = !reader.connections().empty() && reader.connections().size() < 200 &&
                 reader.error().ends_with(" of 300 descriptors are missing or of another type");
    for (RestoredConnection& connection : reader.connections()) {
      const Given& given = given_.at(std::stoul(std::string(connection.pending)));
      right = right && remote_endpoint(connection.fd.get()).port() ==
                           local_endpoint(given.pair.theirs.get()).port();
    }
    ::_exit(right ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

void send_descriptor(int socket, int fd) {
  char byte = 0;
  iovec part{.iov_base = &byte, .iov_len = sizeof byte};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fd)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  *header = {.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  ASSERT_EQ(::sendmsg(socket, &message, 0), 1);
}

// Returns the error for a package from another program, which contains the file; -1: nothing.
std::string error_of(int file) {
  const SocketPair pair = [] {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    return SocketPair{.ours = UniqueFd(ends[0]), .theirs = UniqueFd(ends[1])};
  }();
  if (file >= 0) send_descriptor(pair.theirs.get(), file);
  HandoverReader reader = open(UniqueFd(::dup(pair.ours.get())));
  EXPECT_TRUE(reader.has_package());
  EXPECT_TRUE(reader.connections().empty());
  return reader.error();
}

UniqueFd make_file(const std::string& text, int seals) {
  UniqueFd file(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(::fcntl(file.get(), F_ADD_SEALS, seals), 0);
  return file;
}

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;

TEST(HandoverReaderTest, IsEmptyWithoutAPackage) {
  HandoverReader reader;
  EXPECT_FALSE(reader.has_package());
  EXPECT_TRUE(reader.connections().empty());
  EXPECT_TRUE(reader.listeners().empty());
}

TEST(HandoverReaderTest, RejectsAnEmptyPackage) { EXPECT_EQ(error_of(-1), "empty package"); }

TEST(HandoverReaderTest, RejectsOtherDescriptors) {
  EXPECT_EQ(HandoverReader(UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC))).error(),
            "empty package");
  EXPECT_EQ(HandoverReader(std::move(make_tcp_pair().ours)).error(), "empty package");
}

TEST(HandoverReaderTest, RejectsAFileWithoutSeals) {
  const std::string text = kFormat + number(0);
  EXPECT_EQ(error_of(make_file(text, kSeals).get()), "");
  for (const int seal : {F_SEAL_WRITE, F_SEAL_GROW, F_SEAL_SHRINK}) {
    EXPECT_EQ(error_of(make_file(text, kSeals & ~seal).get()), "no sealed file in the package");
  }
  EXPECT_EQ(error_of(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get()),
            "no sealed file in the package");
}

// Such a file can be larger than the memory.
TEST(HandoverReaderTest, RejectsAFileWithHoles) {
  UniqueFd file = make_file(kFormat + number(0), F_SEAL_SHRINK);
  ASSERT_EQ(::ftruncate(file.get(), off_t{1} << 40), 0);
  ASSERT_EQ(::fcntl(file.get(), F_ADD_SEALS, kSeals), 0);
  EXPECT_EQ(error_of(file.get()), "no sealed file in the package");
}

TEST(HandoverReaderTest, RejectsAnEmptyFile) {
  EXPECT_NE(error_of(make_file("", kSeals).get()), "");
}

TEST(HandoverReaderTest, RejectsAFileOfAnotherVersion) {
  EXPECT_EQ(error_of(make_file("echo_server handover 2\n" + number(0), kSeals).get()),
            "unknown format or version");
}

TEST(HandoverRelease, ReportsWhetherAnotherProcessKeepsIt) {
  Handover kept;
  ASSERT_EQ(kept.pack({}), 0);
  const UniqueFd keeper(::dup(kept.fd()));
  EXPECT_TRUE(kept.release());
  Handover not_kept;
  ASSERT_EQ(not_kept.pack({}), 0);
  EXPECT_FALSE(not_kept.release());
}

}  // namespace
}  // namespace echo::test
