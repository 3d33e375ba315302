#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/program.h"
#include "support/text.h"

// The documents agree with the programs and are well-formed.
namespace echo::test {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(ECHO_SOURCE_DIR "/src/dist/" + path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The options of a program as text, one per line, such as "-p --port VALUE" or "--quiet". A failed
// comparison then shows the option that differs.
class Options {
 public:
  // Parses each line that starts with `beginning`. The groups of `pattern` are the letter, the
  // name, and a part that is empty if the option has no value. Keeps a line that does not match
  // unchanged, so that the comparison fails.
  Options(const std::string& text, const std::string& beginning, const std::string& pattern) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (!matches(line, "(?:" + beginning + ").*")) continue;
      const std::vector<std::string> groups = groups_of(line, pattern);
      if (groups.empty()) {
        options_.push_back({.letter = "", .name = line, .value = ""});
        continue;
      }
      options_.push_back({.letter = groups[0].empty() ? "" : "-" + groups[0],
                          .name = "--" + groups[1],
                          .value = groups[2].empty() ? "" : " VALUE"});
    }
  }

  std::string joined() const {
    std::string text;
    for (const auto& [letter, name, value] : options_) {
      text.append(letter).append(letter.empty() ? "" : " ").append(name).append(value) += '\n';
    }
    return text;
  }

  // The letter and the name on separate lines, with "=" between the name and its value.
  std::string split() const {
    std::string text;
    for (const auto& [letter, name, value] : options_) {
      if (!letter.empty()) text.append(letter).append(value) += '\n';
      text.append(name).append(value.empty() ? "" : "=").append(value) += '\n';
    }
    return text;
  }

 private:
  struct Option {
    std::string letter, name, value;
  };
  std::vector<Option> options_;
};

// Prints each option that the completion offers. Adds VALUE if no option is offered after it. Also
// prints each other option that the file treats as one with a value.
constexpr const char* kAskBash = R"sh(
shopt -s extglob
_init_completion() { cur=- prev=$before split=false; }
_known_hosts_real() { :; }
_filedir() { :; }
_ip_addresses() { :; }
_available_interfaces() { :; }
compopt() { :; }
complete_after() {
  local before=$1
  COMPREPLY=()
  "_$name"
}
file=$1 name=${1##*/}
. "$file" || exit
complete -p "$name"
complete_after "$name"
offered=("${COMPREPLY[@]}")
others=$(printf '%s\n' -{a..z} -{A..Z} -{0..9} $(grep -oE -e '--[a-z0-9-]+' "$file" | sort -u) |
  grep -vxF -e "$(printf '%s\n' "${offered[@]%=}")")
for word in "${offered[@]}" $others; do
  complete_after "${word%=}"
  ((${#COMPREPLY[@]} > 0)) || word+=' VALUE'
  printf '%s\n' "$word"
done | grep -vxF -e "$others"
)sh";

// The file is one call of _arguments, which bash and zsh parse alike. An option with a value ends
// in "+" ("-p+" for "-p7" and "-p 7") or in "=" ("--port="), and has a message after a colon.
constexpr const char* kAskZsh = R"sh(
_arguments() { printf '%s\n' "$@"; }
head -n 1 "$1"
. "$1" | sed -E -e '/^-[sS]$/d' -e '/^\*:/d' -e 's/^\([^)]*\)//' -e 's/^\*-/-/' \
  -e 's/^(-[^-])\+\[[^]]*\]:.+$/\1 VALUE/' -e 's/^(--[^=[]+=)\[[^]]*\]:.+$/\1 VALUE/' \
  -e 's/^(-[^-+]|--[^=[]+)\[[^]]*\]$/\1/'
)sh";

class Documents : public testing::TestWithParam<std::string> {
 protected:
  static const std::string& name() { return GetParam(); }
  static std::string page() {
    return read("man/" + name() + (name() == "echo_server" ? ".8" : ".1"));
  }

  // The options in the --help of the program.
  static Options options() {
    const std::string program = name() == "echo_server" ? ECHO_SERVER : ECHO_CLIENT;
    return {run(program, {"--help"}).output, " {1,8}-",
            "(?:  -(.), |      )--([a-z0-9-]+)( [A-Z]+)?(?:  .*)?"};
  }

  static std::string ask_bash(const std::string& question, const std::string& completion) {
    const Outcome outcome = run(
        "bash", {"-c", question, "bash", ECHO_SOURCE_DIR "/src/dist/completions/" + completion});
    EXPECT_EQ(outcome.error, "");
    return outcome.output;
  }
};

TEST_P(Documents, ManualPageHasExamples) {
  EXPECT_NE(page().find("\n.Sh EXAMPLES\n"), std::string::npos);
}

TEST_P(Documents, ManualPageListsAllOptions) {
  const Options described(page(), "\\.It Fl ", "\\.It Fl (?:(.) , Fl )?-([a-z0-9-]+)( Ar [a-z]+)?");
  EXPECT_EQ(described.joined(), options().joined());
}

TEST_P(Documents, BashCompletionListsAllOptions) {
  if (run("sh", {"-c", "command -v bash"}).status != 0) GTEST_SKIP() << "bash is missing";
  EXPECT_EQ(ask_bash(kAskBash, name()),
            "complete -F _" + name() + " " + name() + "\n" + options().split());
}

TEST_P(Documents, ZshCompletionListsAllOptions) {
  if (run("sh", {"-c", "command -v bash"}).status != 0) GTEST_SKIP() << "bash is missing";
  EXPECT_EQ(ask_bash(kAskZsh, "_" + name()), "#compdef " + name() + "\n" + options().split());
}

TEST_P(Documents, ManualPagePassesMandocLint) {
  if (run("sh", {"-c", "command -v mandoc"}).status != 0) GTEST_SKIP() << "mandoc is missing";
  // A cross-reference may name a manual page that is not installed.
  const Outcome outcome =
      run("sh", {"-c", "mandoc -T lint | grep -v 'referenced manual not found'"}, page());
  EXPECT_EQ(outcome.output, "");
}

TEST_P(Documents, ManualPagePassesManWarnings) {
  if (run("sh", {"-c", "command -v man && command -v groff"}).status != 0) {
    GTEST_SKIP() << "man or groff is missing";
  }
  EXPECT_EQ(run("man", {"--warnings", "--local-file", "-"}, page()).error, "");
}

INSTANTIATE_TEST_SUITE_P(Each, Documents, testing::Values("echo_server", "echo_client"),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace echo::test
