#include "echo/report/output_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <system_error>

#include "echo/base/time.h"
#include "echo/report/interrupts.h"
#include "support/temporary_file.h"

namespace echo {
namespace {

using test::TemporaryFile;

OutputFile open(const std::string& path, Interrupts& interrupts, Time deadline = Time::max()) {
  return {"--file", path, interrupts, deadline};
}

// A FIFO without a reader.
class Fifo {
 public:
  Fifo() { EXPECT_EQ(::mkfifo(path().c_str(), 0600), 0); }
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;
  ~Fifo() { ::unlink(path().c_str()); }

  std::string path() const { return place_.path() + ".fifo"; }

 private:
  TemporaryFile place_;
};

TEST(OutputFile, ReplacesTheContents) {
  const TemporaryFile file("old contents");
  Interrupts interrupts;
  open(file.path(), interrupts).write("new", {});
  EXPECT_EQ(file.contents(), "new");
}

TEST(OutputFile, KeepsTheContentsUntilItWrites) {
  const TemporaryFile file("old contents");
  Interrupts interrupts;
  open(file.path(), interrupts);
  EXPECT_EQ(file.contents(), "old contents");
}

TEST(OutputFile, ReportsAnErrorBeforeItWrites) {
  Interrupts interrupts;
  try {
    open("/nowhere/x\n", interrupts);
    FAIL() << "no error";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(std::string(error.what()).find("cannot write '/nowhere/x\\x0a': "), 0U);
  }
}

TEST(OutputFile, WritesNothingIfAFifoHasNoReaderInTime) {
  const Fifo fifo;
  Interrupts interrupts;
  const OutputFile file = open(fifo.path(), interrupts, Clock::now());
  EXPECT_NO_THROW(file.write("text", {}));
}

TEST(OutputFile, StopsWaitingForAReaderOnASignal) {
  const Fifo fifo;
  Interrupts interrupts;
  EXPECT_EQ(::raise(SIGTERM), 0);
  const OutputFile file = open(fifo.path(), interrupts);
  EXPECT_NO_THROW(file.write("text", {}));
  EXPECT_EQ(interrupts.ending(), SIGTERM);
}

TEST(OutputFile, DetectsAFileThatItOverwrites) {
  const TemporaryFile one;
  const TemporaryFile other;
  Interrupts interrupts;
  const OutputFile file = open(one.path(), interrupts);
  EXPECT_TRUE(file.overwrites(open(one.path(), interrupts)));
  EXPECT_FALSE(file.overwrites(open(other.path(), interrupts)));
}

TEST(OutputFile, MayShareADevice) {
  Interrupts interrupts;
  EXPECT_FALSE(open("/dev/null", interrupts).overwrites(open("/dev/null", interrupts)));
}

}  // namespace
}  // namespace echo
