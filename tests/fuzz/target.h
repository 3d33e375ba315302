#pragma once

#include <cstddef>
#include <cstdint>

// Each NAME_fuzz.cc gives this function bytes to make of what it likes, and checks what comes of
// them. The name is libFuzzer's; it always returns 0. Two programs call it:
//
//   NAME_fuzz    libFuzzer, for new inputs (Clang, -DECHO_FUZZ=ON, the build target `fuzz`):
//                  mkdir new
//                  build-fuzz/units_fuzz -max_total_time=60 new tests/fuzz/corpus/units
//                It keeps in `new` what reaches new code, and leaves an input that breaks a promise
//                as crash-HASH. -dict=tests/fuzz/NAME.dict helps it with options.
//   NAME_replay  replay.cc, for the inputs in corpus/NAME. CTest runs it as fuzz.NAME.
//
// To keep what was found: mend the fault, and move crash-HASH into corpus/NAME under a name that
// tells what it is. To keep what reaches new code, but no more of it than that takes:
//   build-fuzz/units_fuzz -set_cover_merge=1 -use_counters=0 tests/fuzz/corpus/units new
extern "C" int LLVMFuzzerTestOneInput(  // NOLINT(readability-identifier-naming)
    const std::uint8_t* data, std::size_t size);
