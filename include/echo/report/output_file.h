#pragma once

#include <string>
#include <string_view>

#include "echo/base/time.h"
#include "echo/os/output.h"
#include "echo/os/unique_fd.h"
#include "echo/report/interrupts.h"

namespace echo {

// A file for results, named by an option. The constructor opens the file, so that an error is
// reported before the load starts.
class OutputFile {
 public:
  // `option` names the option in errors, such as "--svg". If the file is a FIFO, waits for a reader
  // until an interrupt or the deadline; without a reader write() does nothing. Throws UsageError if
  // the path refers to standard output, and std::system_error if the file cannot be opened.
  OutputFile(std::string_view option, const std::string& path, Interrupts& interrupts,
             Time deadline);

  // True if both are the same file. A device such as /dev/null has no content to overwrite, so it
  // may be shared.
  bool overwrites(const OutputFile& other) const;

  // Writes the whole text, or the part that a reader takes until the wait is over. Throws
  // std::system_error if the file cannot be written.
  void write(std::string_view text, const OutputWait& wait) const;

 private:
  [[noreturn]] void fail(int error) const;

  const std::string path_;
  UniqueFd fd_;
};

}  // namespace echo
