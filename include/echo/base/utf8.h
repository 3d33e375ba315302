#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace echo {

// Text in UTF-8, in a terminal or in a file that must be nothing else.

// The text with U+FFFD in place of each byte that belongs to no character, and of each byte of
// U+FFFE and U+FFFF, which are none.
std::string valid_utf8(std::string_view text);

// How many characters valid UTF-8 has. Each is taken for a column of a terminal.
std::size_t columns_of(std::string_view text);

// Valid UTF-8, where it has more columns than that, which are 3 at least, with "..." in place of
// its end.
std::string shorten(std::string_view text, std::size_t columns);

// With spaces behind it, or before it, so that it has so many columns at least.
std::string align_left(std::string_view text, std::size_t columns);
std::string align_right(std::string_view text, std::size_t columns);

}  // namespace echo
