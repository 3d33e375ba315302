// Compares a Transcript, whose beginning is discarded, with the complete text.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "echo/client/transcript.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"

namespace echo {
namespace {

using fuzz::require;

// A wrong offset shows in the first bytes.
constexpr std::size_t kCompared = 64;

void check_transcript(fuzz::Input input) {
  enum Step { kAppend, kForget, kFinish, kSteps };
  Transcript transcript;
  std::uint64_t end = 0;
  std::uint64_t forgotten = 0;  // The transcript may have discarded bytes before this offset.
  bool finished = false;
  while (!input.empty()) {
    const int step = input.byte() % kSteps;
    const std::size_t number = input.number(1000);
    const std::uint64_t offset = std::min(forgotten + number, end);
    if (step == kAppend && !finished) {
      transcript.append(fuzz::piece(end, number));
      end += number;
    } else if (step == kForget) {
      transcript.forget_before(offset);
      forgotten = offset;
    } else if (step == kFinish) {
      transcript.finish();
      finished = true;
    }
    require(transcript.end() == end, "the end is the number of bytes appended");
    require(transcript.finished() == finished, "finished() is true after finish()");
    for (const std::uint64_t from : {forgotten, std::max(offset, forgotten), end}) {
      require(transcript.from(from).size() == end - from, "from() returns all bytes to the end");
      require(fuzz::is_piece(transcript.from(from).substr(0, kCompared), from),
              "from() returns the bytes at the offset");
    }
  }
}

}  // namespace
}  // namespace echo

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  echo::check_transcript(echo::fuzz::Input(data, size));
  return 0;
}
