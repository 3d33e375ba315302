#pragma once

#include <string>
#include <string_view>

namespace echo {

// What others have sent, made fit to be shown: no byte of it reaches a terminal as a command.

// "1b": a byte in two hexadecimal digits.
std::string hex(char byte);

// Printable ASCII as it is, but quotes and backslashes behind a backslash; anything else as "\n",
// "\r", "\t" or "\x1b". No two texts become the same.
std::string escape(std::string_view bytes);

// Only the control characters of ASCII, as "\x1b": for text that people wrote, in any language.
std::string escape_controls(std::string_view text);

// What may stand in a string of JSON, between its quotes: valid UTF-8, control characters as
// "\u001b".
std::string escape_json(std::string_view text);

// What may stand in the text of XML, or in an attribute between quotes: valid UTF-8, the control
// characters of ASCII as escape_controls() has them, for XML has no way to write them.
std::string escape_xml(std::string_view text);

}  // namespace echo
