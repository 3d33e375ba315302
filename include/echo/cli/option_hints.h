#pragma once

#include <string>
#include <string_view>

#include "echo/cli/options.h"

namespace echo {

// Suggestions for a mistyped option, such as "; did you mean '--port' or '-p'?", or "; see --help"
// if no option is similar.

// True if more than one name begins with the long option in `word`.
bool is_ambiguous(std::string_view word, const OptionTable& table);

// For `word`, an unknown or ambiguous long option such as "--prot" or "--prot=7".
std::string long_option_hint(std::string_view word, const OptionTable& table);

// For an unknown letter in `word`, such as "-x".
std::string letter_hint(char letter, std::string_view word, const OptionTable& table);

// For "-port", which is the option "-p" with the value "ort"; empty if `word` is not a name.
std::string single_dash_hint(std::string_view word, const OptionTable& table);

}  // namespace echo
