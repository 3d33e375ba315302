#pragma once

#include <cstddef>
#include <cstdint>

// Each NAME_fuzz.cc defines this function, which uses the bytes as it likes and checks the results.
// libFuzzer prescribes its name. It always returns 0. Two programs call it:
//
//   NAME_fuzz    searches for new inputs with libFuzzer (Clang, -DECHO_FUZZ=ON, target `fuzz`):
//                  mkdir new
//                  build-fuzz/parse_fuzz -max_total_time=60 new tests/fuzz/corpus/parse
//                It stores inputs that reach new code in `new`, and an input that breaks a promise
//                as crash-HASH. For command lines, add -dict=tests/fuzz/NAME.dict.
//   NAME_replay  runs the inputs in corpus/NAME again (replay.cc). CTest runs it as fuzz.NAME.
//
// After a crash, fix the defect and move crash-HASH into corpus/NAME under a descriptive name. To
// add a minimal set of the inputs that reach new code to the corpus:
//   build-fuzz/parse_fuzz -set_cover_merge=1 -use_counters=0 tests/fuzz/corpus/parse new
extern "C" int LLVMFuzzerTestOneInput(  // NOLINT(readability-identifier-naming)
    const std::uint8_t* data, std::size_t size);
