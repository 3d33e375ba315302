#pragma once

#include <string>
#include <string_view>

namespace echo {

// Text from elsewhere, safe to print: no byte of it reaches a terminal as a command, or a file as
// something else. Each function leaves printable ASCII as it is, except what it names.

// "1b": a byte in two hexadecimal digits.
std::string hex(char byte);

// Quotes and backslashes behind a backslash, other bytes as "\n", "\r", "\t" or "\x1b". No two
// texts become the same.
std::string escape(std::string_view bytes);

// Control characters of ASCII as "\x1b", other bytes as they are: for text in any language.
std::string escape_controls(std::string_view text);

// Other bytes as "\x1b": for files, which are ASCII then.
std::string escape_unprintable(std::string_view text);

}  // namespace echo
