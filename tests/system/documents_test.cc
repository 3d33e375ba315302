#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>

#include "support/program.h"

// What tells of the programs agrees with them, and is well formed.
namespace echo::testing {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(ECHO_SOURCE_DIR "/src/" + path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// By its long name: its letter, if it has one, and "=" where it takes a value.
using Options = std::map<std::string, std::string>;

// Each match of the pattern is of one option; of its three groups those that took part are the
// letter, the name, and what is there only with a value.
Options options_in(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern, std::regex::ECMAScript | std::regex::multiline);
  Options options;
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match) {
    options[(*match)[2]] = (*match)[1].str() + ((*match)[3].length() > 0 ? "=" : "");
  }
  return options;
}

class Documents : public ::testing::TestWithParam<std::string> {
 protected:
  static const std::string& name() { return GetParam(); }
  static std::string page() {
    return read("man/" + name() + (name() == "echo_server" ? ".8" : ".1"));
  }

  // What the program itself says.
  static Options options() {
    const std::string program = name() == "echo_server" ? ECHO_SERVER : ECHO_CLIENT;
    const std::string help = run(program, {"--help"}).output;
    Options options = options_in(help, "^  (?:-(.), |    )--([a-z0-9-]+)( [A-Z]+)?");
    EXPECT_GE(options.size(), 10U);
    return options;
  }
};

TEST_P(Documents, OfTheManualPageHaveTheSameOptions) {
  EXPECT_EQ(options_in(page(), "^\\.It Fl (?:(.) , Fl )?-([a-z0-9-]+)( Ar .+)?$"), options());
}

TEST_P(Documents, OfBashHaveTheSameOptions) {
  const std::string text = read("completions/" + name());
  const std::size_t begin = text.rfind("compgen -W '");
  const std::string words = text.substr(begin, text.find("' ", begin) - begin);
  EXPECT_EQ(options_in(words, "(?:-(.) )?--([a-z0-9-]+)(=)?"), options());
}

// After an option that takes a value comes no other option.
TEST_P(Documents, OfBashKnowAllThatTakeAValue) {
  const std::string text = read("completions/" + name());
  std::string letters;
  for (const auto& [option, form] : options()) {
    if (form.find('=') == std::string::npos) {
      EXPECT_EQ(text.find("--" + option + " |"), std::string::npos) << option;
      continue;
    }
    EXPECT_NE(text.find("--" + option + " |"), std::string::npos) << option;
    const std::regex letter(R"(\| -)" + form.substr(0, 1) + R"(( \||\)))");
    EXPECT_TRUE(std::regex_search(text, letter)) << option;
  }
}

TEST_P(Documents, OfZshHaveTheSameOptions) {
  const std::string text = read("completions/_" + name());
  const Options pairs = options_in(text, R"(\{-(.)\+?,--([a-z0-9-]+)(=)?\})");
  Options all = options_in(text, R"('(?:\([^)]*\))?()--([a-z0-9-]+)(=)?\[)");
  all.insert(pairs.begin(), pairs.end());
  EXPECT_EQ(all, options());
}

TEST_P(Documents, OfTheManualPageAreWellFormedForMandoc) {
  if (run("sh", {"-c", "command -v mandoc"}).status != 0) GTEST_SKIP() << "mandoc is missing";
  // Which other manual pages are installed is not the page's business.
  const Outcome outcome =
      run("sh", {"-c", "mandoc -T lint | grep -v 'referenced manual not found'"}, page());
  EXPECT_EQ(outcome.output, "");
}

TEST_P(Documents, OfTheManualPageAreWellFormedForGroff) {
  if (run("sh", {"-c", "command -v man && command -v groff"}).status != 0) {
    GTEST_SKIP() << "man, or groff, is missing";
  }
  EXPECT_EQ(run("man", {"--warnings", "--local-file", "-"}, page()).error, "");
}

INSTANTIATE_TEST_SUITE_P(Each, Documents, ::testing::Values("echo_server", "echo_client"),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace echo::testing
