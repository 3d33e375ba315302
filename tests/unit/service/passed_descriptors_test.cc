#include "echo/service/passed_descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "echo/os/log.h"
#include "support/environment.h"
#include "support/log_pipe.h"
#include "support/open_descriptors.h"

namespace echo::test {
namespace {

// The variables of sd_listen_fds(3); nullptr: not set.
struct Announcement {
  const char* count;
  const char* names = nullptr;
  // "self": the process ID of the child; empty: not set.
  std::string pid = "self";
};

constexpr int kFirst = 3;
constexpr int kNone = 100;

// Passes `passed` descriptors, from 3 on, to take_passed_descriptors() in a child process. Returns
// the descriptors and their names on one line, then the log.
std::string taken(
    int passed, const Announcement& announcement, const std::function<void()>& prepare = [] {}) {
  LogPipe report;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(report.fd(), kNone);
    for (const int fd : open_descriptors(kFirst)) {
      if (fd != kNone) ::close(fd);
    }
    ::fcntl(kNone, F_SETFD, FD_CLOEXEC);
    const UniqueFd null(::open("/dev/null", O_RDONLY));
    for (int fd = kFirst; fd < kFirst + passed; ++fd) ::dup2(null.get(), fd);
    prepare();
    const std::string pid =
        announcement.pid == "self" ? std::to_string(::getpid()) : announcement.pid;
    const Environment environment{{"LISTEN_FDS", announcement.count},
                                  {"LISTEN_PID", pid.empty() ? nullptr : pid.c_str()},
                                  {"LISTEN_FDNAMES", announcement.names}};
    LogPipe pipe;
    Log log(pipe.fd(), LogLevel::kInfo, Log::Mode::kDaemon);
    std::string names;
    for (const PassedDescriptor& descriptor : take_passed_descriptors(log)) {
      names += std::to_string(descriptor.fd.get()) + ' ' + descriptor.name + ", ";
      if ((::fcntl(descriptor.fd.get(), F_GETFD) & FD_CLOEXEC) == 0) names += "open on exec, ";
    }
    names += '\n' + pipe.text();
    ::_exit(::write(kNone, names.data(), names.size()) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return report.text();
}

TEST(TakePassedDescriptors, TakesDescriptorsWithTheirNames) {
  EXPECT_EQ(taken(3, {.count = "3", .names = "web:admin:handover"}),
            "3 web, 4 admin, 5 handover, \n");
}

TEST(TakePassedDescriptors, TakesDescriptorsWithoutNames) {
  EXPECT_EQ(taken(2, {.count = "2"}), "3 unknown, 4 unknown, \n");
}

TEST(TakePassedDescriptors, AcceptsEmptyNames) {
  EXPECT_EQ(taken(2, {.count = "2", .names = ":"}), "3 , 4 , \n");
}

TEST(TakePassedDescriptors, TakesNothingIfNothingIsAnnounced) {
  EXPECT_EQ(taken(2, {.count = nullptr, .names = "one:two", .pid = ""}), "\n");
  EXPECT_EQ(taken(2, {.count = "0"}), "\n");
}

TEST(TakePassedDescriptors, WarnsAboutAMissingVariable) {
  EXPECT_EQ(taken(2, {.count = "2", .names = nullptr, .pid = ""}),
            "\nwarning: LISTEN_FDS: LISTEN_PID is missing; the passed descriptors are ignored\n");
  EXPECT_EQ(taken(2, {.count = nullptr}),
            "\nwarning: LISTEN_PID: LISTEN_FDS is missing; the passed descriptors are ignored\n");
}

TEST(TakePassedDescriptors, SkipsAMissingDescriptor) {
  EXPECT_EQ(taken(4, {.count = "4", .names = "one:two:three:four"}, [] { ::close(kFirst + 1); }),
            "3 one, 5 three, 6 four, \n"
            "warning: LISTEN_FDS: descriptors announced: 4, passed: 3\n");
}

TEST(TakePassedDescriptors, TakesNoMoreThanAnnounced) {
  EXPECT_EQ(taken(2, {.count = "1"}), "3 unknown, \n");
}

TEST(TakePassedDescriptors, IgnoresDescriptorsForAnotherProcess) {
  for (const std::string pid : {"1", "x", "-1", "0"}) {
    EXPECT_EQ(taken(1, {.count = "1", .names = nullptr, .pid = pid}),
              "\nwarning: LISTEN_PID: \"" + pid +
                  "\" is not this process; the passed descriptors are ignored\n");
  }
}

TEST(TakePassedDescriptors, WarnsAboutAnInvalidCount) {
  for (const std::string count : {"", "-1", "x", "1x", "99999999999", "18446744073709551616"}) {
    EXPECT_EQ(taken(1, {.count = count.c_str()}),
              "\nwarning: LISTEN_FDS: \"" + count + "\" is not a number of descriptors\n");
  }
}

TEST(TakePassedDescriptors, WarnsIfTooManyAreAnnounced) {
  EXPECT_EQ(taken(1, {.count = "2147483644"}),
            "3 unknown, \n"
            "warning: LISTEN_FDS: descriptors announced: 2147483644, passed: 1\n");
}

// For example, the log's descriptor.
TEST(TakePassedDescriptors, IgnoresDescriptorsOpenedByTheProcess) {
  EXPECT_EQ(taken(1, {.count = "2"}, [] { ::open("/dev/null", O_RDONLY | O_CLOEXEC); }),
            "3 unknown, \n"
            "warning: LISTEN_FDS: descriptors announced: 2, passed: 1\n");
}

TEST(TakePassedDescriptors, WarnsAboutAWrongNumberOfNames) {
  EXPECT_EQ(taken(2, {.count = "2", .names = "one"}),
            "3 unknown, 4 unknown, \nwarning: LISTEN_FDNAMES: \"one\" does not have 2 names\n");
}

TEST(TakePassedDescriptors, EscapesControlCharactersInWarnings) {
  EXPECT_EQ(taken(0, {.count = "\x1b[2J\n1"}),
            "\nwarning: LISTEN_FDS: \"\\x1b[2J\\n1\" is not a number of descriptors\n");
}

}  // namespace
}  // namespace echo::test
