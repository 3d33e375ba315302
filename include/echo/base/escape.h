#pragma once

#include <string>
#include <string_view>

namespace echo {

// Makes foreign text safe to print: no byte of it acts as a terminal command or as the syntax of a
// file. Each function leaves printable ASCII unchanged, except the characters that it names.

// A byte as two hexadecimal digits, such as "1b".
std::string hex(char byte);

// Writes a backslash before double quotes and backslashes, and unprintable bytes as "\n", "\r",
// "\t" or in the form "\x1b". Distinct inputs have distinct results.
std::string escape(std::string_view bytes);

// Writes ASCII control characters in the form "\x1b" and leaves all other bytes unchanged: for text
// in any language.
std::string escape_controls(std::string_view text);

// Writes unprintable and non-ASCII bytes in the form "\x1b": for files that must be pure ASCII.
std::string escape_unprintable(std::string_view text);

// Writes a word as a POSIX shell reads it, in printable ASCII: unchanged, 'with spaces', or
// $'with\x1bother bytes' (POSIX.1-2024).
std::string quote_for_shell(std::string_view word);

}  // namespace echo
